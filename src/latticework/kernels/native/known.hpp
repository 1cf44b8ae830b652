// Calls that were checked before: of the next one like them, memory and values are left to check.
#pragma once

#include <memory>
#include <mutex>

#include "arguments.hpp"

namespace latticework {

struct Checked;

// The last few calls of a handler whose rows held. A plan may be long, and is the same in every call
// of a loop. Contents decide, not where they lie, since memory is used again.
class Known {
 public:
  // Whether a call had the same attributes, types, shapes and SIMD level; what was found out about
  // it then stands in this one.
  bool recall(Call& call);
  void remember(const Call& call);

 private:
  static constexpr int kCount = 8;
  std::shared_ptr<const Checked> kept(int age);
  std::mutex mutex_;
  std::shared_ptr<const Checked> kept_[kCount];
  int next_ = 0;
};

}  // namespace latticework
