// Calls a handler on argument sets, right ones and ones with one thing wrong, and counts.
//
//   driver ENTRY PROBLEMS CASES SEED [DUMP]      any number of cases; a tenth of the right to DUMP
//   driver ENTRY PROBLEMS CASES SEED --rows      the same without one row of the table, row by row
//   driver pool                                  threads and errors
//
// The last line is one JSON object of counts.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "damage.hpp"
#include "draw.hpp"
#include "ffi.hpp"
#include "pool_test.hpp"

namespace fuzz {
namespace {

using latticework::LeftOut;
using latticework::Place;
using latticework::Table;

constexpr int kDumped = 10;    // of so many right sets, one is compared with the reference
constexpr int kTogether = 64;  // of so many, one is computed beside another one
constexpr int kSeconds = 60;   // for one row at most

XLA_FFI_Handler* handler_of(const std::string& entry) {
  const std::pair<const char*, void*> all[] = {
      {"latticework_update", latticework::update_handler()},
      {"latticework_score", latticework::score_handler()},
      {"latticework_train", latticework::train_handler()},
      {"latticework_glom", latticework::glom_handler()},
      {"latticework_glom_back", latticework::glom_back_handler()},
      {"latticework_waves", latticework::waves_handler()},
      {"latticework_cube_forward", latticework::cube_forward_handler()},
      {"latticework_cube_backward", latticework::cube_backward_handler()},
  };
  for (const auto& [name, handler] : all)
    if (entry == name) return reinterpret_cast<XLA_FFI_Handler*>(handler);
  throw std::runtime_error("there is no handler " + entry);
}

const Table& table_of(const std::string& entry) {
  for (const Table* table : latticework::all_tables())
    if (entry == table->entry) return *table;
  throw std::runtime_error("there is no table of " + entry);
}

struct Red : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Counts {
  int64_t right = 0, wrong = 0, refused = 0, compared = 0;
  std::vector<int64_t> by_row;
};

class Dump {
 public:
  explicit Dump(const char* path) {
    if (path) out_.open(path, std::ios::binary);
  }
  bool is_open() const { return out_.is_open(); }
  void write(const Arguments& arguments) {
    number(static_cast<uint64_t>(arguments.problem));
    for (const auto* all : {&arguments.arguments, &arguments.results}) {
      number(all->size());
      for (const Array& array : *all) {
        text(array.name);
        text(latticework::type_name(array.type));
        number(array.dims.size());
        for (int64_t size : array.dims) number(static_cast<uint64_t>(size));
        bytes(array.data, array.count() * latticework::type_bytes(array.type));
      }
    }
  }

 private:
  void number(uint64_t value) { out_.write(reinterpret_cast<const char*>(&value), sizeof value); }
  void bytes(const char* data, size_t size) {
    number(size);
    out_.write(data, static_cast<std::streamsize>(size));
  }
  void text(const std::string& text) { bytes(text.data(), text.size()); }
  std::ofstream out_;
};

class Fuzz {
 public:
  Fuzz(const std::string& entry, const std::vector<Problem>& problems)
      : table_(table_of(entry)), source_(table_, problems), handler_(handler_of(entry)) {
    counts_.by_row.resize(table_.rows.size());
  }

  Counts run(int64_t cases, uint64_t seed, Dump& dump) {
    for (int64_t n = 0; n < cases; ++n) {
      Chance chance(seed * 1000003 + static_cast<uint64_t>(n));
      where_ = "case " + std::to_string(n) + " of seed " + std::to_string(seed) + ": ";
      if (n % 2)
        wrong(chance);
      else
        right(chance, n / 2, dump);
    }
    return counts_;
  }

 private:
  Drawn drawn(Chance& chance, bool few) {
    Drawn drawn = source_.draw(chance, few);
    if (std::string(table_.entry) == "latticework_cube_backward") run_forward(drawn.arguments);
    return drawn;
  }

  // What the backward pass takes is what the forward pass kept.
  void run_forward(Arguments& backward) {
    Arguments forward;
    forward.attributes = backward.attributes;
    const auto borrowed = [](const Array& from) {
      Array array;
      array.name = from.name, array.type = from.type, array.dims = from.dims, array.data = from.data;
      return array;
    };
    for (int n = 0; n < 6; ++n) forward.arguments.push_back(borrowed(backward.arguments[n]));
    Array out = borrowed(backward.arguments[0]);
    const Block memory(out.count() * latticework::type_bytes(out.type), 0);
    out.data = memory.data();
    forward.results.push_back(std::move(out));
    for (int n = 6; n < 8; ++n) forward.results.push_back(borrowed(backward.arguments[n]));
    const Answer answer = call(handler_of("latticework_cube_forward"), forward);
    // With a row left out, anything may happen.
    if (!answer.is_accepted && !latticework::left_out.table)
      throw Red(where_ + "no states to go back from: " + answer.message);
  }

  void right(Chance& chance, int64_t number, Dump& dump) {
    const bool is_dumped = dump.is_open() && number % kDumped == 0;
    Drawn one = drawn(chance, is_dumped);
    ++counts_.right;
    if (number % kTogether == 1) {
      Drawn other = drawn(chance, false);
      std::string why;
      std::thread beside([&] { why = check_right(other.arguments); });
      const std::string here = check_right(one.arguments);
      beside.join();
      if (!why.empty()) throw Red(where_ + why);
      if (!here.empty()) throw Red(where_ + here);
    } else if (const std::string why = check_right(one.arguments); !why.empty()) {
      throw Red(where_ + why);
    }
    if (!is_dumped) return;
    dump.write(one.arguments);
    ++counts_.compared;
  }

  // Empty, or what went wrong with a right set.
  std::string check_right(Arguments& arguments) const {
    std::vector<std::string> before;
    for (const Array& array : arguments.arguments) before.emplace_back(array.data, array.block.bytes());
    const Answer answer = call(handler_, arguments);
    if (!answer.is_accepted) return "a right set was refused: " + answer.message;
    for (size_t n = 0; n < before.size(); ++n)
      if (std::string_view(arguments.arguments[n].data, before[n].size()) != before[n])
        return "the argument " + arguments.arguments[n].name + " was written";
    for (const Array& array : arguments.results)
      if (const std::string why = unset(array); !why.empty()) return why;
    return "";
  }

  // The rims of states are nobody's.
  static std::string unset(const Array& array) {
    const size_t item = latticework::type_bytes(array.type);
    const std::string never(item, '\xFB');
    for (size_t n = 0; array.name != "states" && n < array.count(); ++n)
      if (std::memcmp(array.data + n * item, never.data(), item) == 0)
        return "the result " + array.name + " was not written at " + std::to_string(n);
    return "";
  }

  void wrong(Chance& chance) {
    for (int tries = 0; tries < 1000; ++tries) {
      const size_t row = chance.below(static_cast<int64_t>(table_.rows.size()));
      Drawn set = drawn(chance, false);
      // A quarter is like a call that the checker remembers.
      if (chance.below(4) == 0)
        if (const std::string why = check_right(set.arguments); !why.empty())
          throw Red(where_ + why);
      const std::string what = damage(chance, set, row);
      if (what.empty()) continue;
      const std::string name = std::string(table_.rows[row].name) + " " + what;
      ++counts_.wrong;
      ++counts_.by_row[row];
      const Answer answer = call(handler_, set.arguments);
      if (!answer.is_refused)
        throw Red(where_ + "a wrong set was accepted: " + name +
                  (answer.message.empty() ? "" : ", then: " + answer.message));
      if (answer.message.find(table_.entry) != 0)
        throw Red(where_ + "refused without a sentence of its own: " + answer.message);
      ++counts_.refused;
      return;
    }
    throw Red(where_ + "nothing could be made wrong");
  }

  const Table& table_;
  Source source_;
  XLA_FFI_Handler* handler_;
  Counts counts_;
  std::string where_;
};

int run(const std::string& entry, const std::vector<Problem>& problems, int64_t cases, uint64_t seed,
        const char* path) {
  Dump dump(path);
  Counts counts;
  try {
    counts = Fuzz(entry, problems).run(cases, seed, dump);
  } catch (const std::exception& red) {
    std::fprintf(stderr, "%s: %s\n", entry.c_str(), red.what());
    return 1;
  }
  int broken = 0;
  for (int64_t count : counts.by_row) broken += count > 0;
  std::printf("{\"cases\": %ld, \"right\": %ld, \"right refused\": 0, \"wrong\": %ld, \"wrong accepted\": %ld, "
              "\"dumped\": %ld, \"rows broken\": %d}\n",
              static_cast<long>(cases), static_cast<long>(counts.right),
              static_cast<long>(counts.wrong), static_cast<long>(counts.wrong - counts.refused),
              static_cast<long>(counts.compared), broken);
  return 0;
}

// Whether the fuzz turns red without a row: in a process of its own, which may as well crash.
bool is_noticed(const std::string& entry, const std::vector<Problem>& problems, int64_t cases,
                uint64_t seed, size_t row) {
  const pid_t child = fork();
  if (child == 0) {
    if (!std::freopen("/dev/null", "w", stderr)) _exit(3);
    alarm(kSeconds);
    latticework::left_out = LeftOut{&table_of(entry), row};
    _exit(run(entry, problems, cases, seed, nullptr) ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int run_rows(const std::string& entry, const std::vector<Problem>& problems, int64_t cases,
             uint64_t seed) {
  static const char* const places[] = {"attribute", "part", "size", "argument", "result"};
  const Table& table = table_of(entry);
  std::fflush(stdout);
  int noticed = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (is_noticed(entry, problems, cases, seed, row))
      ++noticed;
    else
      std::fprintf(stderr, "%s: nothing notices that the %s %s is left out\n", entry.c_str(),
                   places[static_cast<int>(table.rows[row].place)], table.rows[row].name);
  }
  std::printf("{\"cases\": %zu, \"unnoticed\": %zu}\n", table.rows.size(), table.rows.size() - noticed);
  return noticed == static_cast<int>(table.rows.size()) ? 0 : 1;
}

}  // namespace
}  // namespace fuzz

int main(int count, char** words) {
  if (count == 2 && std::string(words[1]) == "pool") return fuzz::test_pool();
  if (count < 5) {
    std::fprintf(stderr, "usage: driver ENTRY PROBLEMS CASES SEED [DUMP | --rows]\n");
    return 2;
  }
  const std::string entry = words[1];
  const auto problems = fuzz::read_problems(words[2]);
  const int64_t cases = std::atoll(words[3]);
  const uint64_t seed = std::strtoull(words[4], nullptr, 10);
  const char* last = count > 5 ? words[5] : nullptr;
  if (last && std::string(last) == "--rows") return fuzz::run_rows(entry, problems, cases, seed);
  return fuzz::run(entry, problems, cases, seed, last);
}
