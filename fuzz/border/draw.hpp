// Right argument sets, drawn from a handler's table and from what the library hands to it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "frames.hpp"

namespace fuzz {

// The attributes of one network under one rule, as the library makes them (problems.py), and the
// sizes that no attribute says.
struct Problem {
  std::string entry;
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::vector<Attribute> attributes;
};

std::vector<Problem> read_problems(const std::string& path);

// A right set, with all sizes that its shapes are made of.
struct Drawn {
  Arguments arguments;
  latticework::Call call;  // sizes and parts; its attributes point into `arguments`
};

class Source {
 public:
  Source(const latticework::Table& table, const std::vector<Problem>& problems);
  // From `few` shapes, where what comes out is to be compared.
  Drawn draw(Chance& chance, bool few) const;
  const latticework::Table& table;

 private:
  const std::vector<Problem>& problems_;
  std::vector<int> mine_, compared_;  // of these, the ones that the reference computes alike
};

// A size from the sizes of a call; -1 where one is not known.
int64_t value_of(const latticework::Call& call, const latticework::Term& term);

// New memory for an array of this type and shape, filled with what the row allows.
void fill(Chance& chance, const latticework::Call& call, size_t row, Array& array);

}  // namespace fuzz
