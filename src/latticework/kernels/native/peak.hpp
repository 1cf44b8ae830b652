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

// Twelve variables and no array: the steps hide an array's elements from the compiler too early for it
// to give them registers, and the loop would time the first-level cache.
#define LW_CHAINS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define LW_START(n) typename S::V x##n = S::splat(static_cast<T>(n) / 12);
#define LW_STEP(n) \
  x##n = x##n * a + b; \
  LW_KEEP(x##n);
#define LW_ADD(n) total += x##n;

// Each of twelve chains takes `repeats` steps; returns the floating-point operations done.
template <class T>
double multiply_add(int64_t repeats, T* sink) {
  typedef Simd<T> S;
  const typename S::V a = S::splat(static_cast<T>(0.999)), b = S::splat(static_cast<T>(0.001));
  LW_CHAINS(LW_START)
  for (int64_t m = 0; m < repeats; ++m) {
    LW_CHAINS(LW_STEP)
  }
  typename S::V total{};
  LW_CHAINS(LW_ADD)
  *sink = S::sum(total);
  return 2.0 * 12 * S::width * static_cast<double>(repeats);
}

#undef LW_CHAINS
#undef LW_START
#undef LW_STEP
#undef LW_ADD

}  // namespace LW_LEVEL
}  // namespace latticework
