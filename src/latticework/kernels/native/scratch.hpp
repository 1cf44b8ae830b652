// Scratch memory of one task, handed out piece by piece.
#pragma once

#include "simd.hpp"

namespace latticework {
namespace LW_LEVEL {

// With a null base it only counts, so that sizes and layouts come from the same code.
struct Scratch {
  char* base;
  size_t used = 0;

  explicit Scratch(char* base) : base(base) {}

  template <class T>
  T* take(size_t count) {
    T* here = base ? reinterpret_cast<T*>(base + used) : nullptr;
    used += (count * sizeof(T) + 63) / 64 * 64;
    return here;
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
