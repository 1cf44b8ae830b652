// A dense loop of fused multiply-adds on independent registers: what the machine can do at most.
#pragma once

#include "simd.hpp"

// Makes the compiler do every step, in a register.
#if LW_VECTOR_BYTES == 64 && !defined(__AVX512F__)  // emulated: such a vector has no register
#define LW_KEEP(value) asm volatile("" : "+m"(value))
#elif defined(__AVX512F__)
#define LW_KEEP(value) asm volatile("" : "+v"(value))
#elif defined(__x86_64__)
#define LW_KEEP(value) asm volatile("" : "+x"(value))
#else
#define LW_KEEP(value) asm volatile("" : "+w"(value))
#endif

namespace latticework {
namespace LW_LEVEL {

// Each of twelve chains takes `repeats` steps; returns the floating-point operations done.
template <class T>
double multiply_add(int64_t repeats, T* sink) {
  typedef Simd<T> S;
  constexpr int chains = 12;
  typename S::V x[chains];
  for (int n = 0; n < chains; ++n) x[n] = S::splat(static_cast<T>(n) / chains);
  const typename S::V a = S::splat(static_cast<T>(0.999)), b = S::splat(static_cast<T>(0.001));
  for (int64_t m = 0; m < repeats; ++m) {
#pragma GCC unroll 12
    for (int n = 0; n < chains; ++n) {
      x[n] = x[n] * a + b;
      LW_KEEP(x[n]);
    }
  }
  typename S::V total{};
  for (int n = 0; n < chains; ++n) total += x[n];
  *sink = S::sum(total);
  return 2.0 * chains * S::width * static_cast<double>(repeats);
}

}  // namespace LW_LEVEL
}  // namespace latticework
