// Vectors of the width this translation unit is compiled for, and what is done lane by lane.
//
// Included by level.cpp only, which is compiled once per SIMD level with other flags. Everything
// sits in a namespace of that level, and nothing from the standard library is instantiated here:
// the linker must never take a function compiled for a wider machine for one that all call.
#pragma once

#include <cstddef>
#include <cstdint>

#ifndef LW_VECTOR_BYTES
#define LW_VECTOR_BYTES 16
#endif
#define LW_INLINE inline __attribute__((always_inline))

namespace latticework {
namespace LW_LEVEL {

constexpr int kVectorBytes = LW_VECTOR_BYTES;

template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  typedef int32_t type;
};
template <>
struct IntegerOf<double> {
  typedef int64_t type;
};

template <class T>
struct Simd {
  typedef typename IntegerOf<T>::type I;
  typedef T V __attribute__((vector_size(LW_VECTOR_BYTES), may_alias));
  typedef I M __attribute__((vector_size(LW_VECTOR_BYTES), may_alias));
  // The same, at an address that is only aligned for one lane.
  typedef T Loose __attribute__((vector_size(LW_VECTOR_BYTES), may_alias, aligned(sizeof(T))));
  static constexpr int width = LW_VECTOR_BYTES / sizeof(T);

  static LW_INLINE V splat(T value) { return value - V{}; }
  static LW_INLINE V load(const T* at) { return *reinterpret_cast<const V*>(at); }
  static LW_INLINE V load_loose(const T* at) { return *reinterpret_cast<const Loose*>(at); }
  static LW_INLINE void store(T* at, V value) { *reinterpret_cast<V*>(at) = value; }
  static LW_INLINE void store_loose(T* at, V value) { *reinterpret_cast<Loose*>(at) = value; }
  static LW_INLINE V min(V a, V b) { return a < b ? a : b; }
  static LW_INLINE V max(V a, V b) { return a > b ? a : b; }
  static LW_INLINE V bits(M value) { return reinterpret_cast<V>(value); }
  static LW_INLINE M bits(V value) { return reinterpret_cast<M>(value); }

  // The sum of all lanes, halves onto halves, so that the order is the same everywhere.
  static LW_INLINE T sum(V value) {
    T lanes[width];
    store_loose(lanes, value);
    for (int half = width / 2; half; half /= 2)
      for (int n = 0; n < half; ++n) lanes[n] += lanes[n + half];
    return lanes[0];
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
