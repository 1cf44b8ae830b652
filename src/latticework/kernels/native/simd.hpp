// Vectors of the width this translation unit is compiled for, and what is done lane by lane.
//
// Included by level.cpp only, which is compiled once per SIMD level with other flags. Everything
// sits in a namespace of that level, and nothing from the standard library is instantiated here:
// the linker must never take a function compiled for a wider machine for one that all call.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

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

// a < b ? a : b and a > b ? a : b, of which the compiler makes two instructions each.
template <class V>
LW_INLINE V least(V a, V b) {
#ifdef __AVX2__
  if constexpr (sizeof(V) == 32 && sizeof(a[0]) == 4) return (V)_mm256_min_ps((__m256)a, (__m256)b);
  if constexpr (sizeof(V) == 32 && sizeof(a[0]) == 8) return (V)_mm256_min_pd((__m256d)a, (__m256d)b);
#endif
  return a < b ? a : b;
}
template <class V>
LW_INLINE V most(V a, V b) {
#ifdef __AVX2__
  if constexpr (sizeof(V) == 32 && sizeof(a[0]) == 4) return (V)_mm256_max_ps((__m256)a, (__m256)b);
  if constexpr (sizeof(V) == 32 && sizeof(a[0]) == 8) return (V)_mm256_max_pd((__m256d)a, (__m256d)b);
#endif
  return a > b ? a : b;
}

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
  // Where one is not a number: b.
  static LW_INLINE V min(V a, V b) { return least(a, b); }
  static LW_INLINE V max(V a, V b) { return most(a, b); }
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

// Lanes moved up by N (lane n gets n - N) or down by N, zeros from outside.
template <class T, int N>
struct Shift {
  typedef typename Simd<T>::V V;
  static constexpr int width = Simd<T>::width;
  typedef std::make_integer_sequence<int, width> Lanes;

  template <int... LANE>
  static LW_INLINE V up_by(V value, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(value, V{}, (LANE < N ? width : LANE - N)...);
  }
  template <int... LANE>
  static LW_INLINE V down_by(V value, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(value, V{}, (LANE + N < width ? LANE + N : width)...);
  }
  static LW_INLINE V up(V value) { return up_by(value, Lanes{}); }
  static LW_INLINE V down(V value) { return down_by(value, Lanes{}); }
};

// Sums of neighbouring lanes, those of `a` first.
template <class T, int... LANE>
LW_INLINE typename Simd<T>::V sum_pairs(typename Simd<T>::V a, typename Simd<T>::V b,
                                        std::integer_sequence<int, LANE...>) {
  return __builtin_shufflevector(a, b, (2 * LANE)...) +
         __builtin_shufflevector(a, b, (2 * LANE + 1)...);
}

// One vector with the sums of `COUNT` = width vectors, lane n that of values[n].
template <class T, int COUNT = Simd<T>::width>
LW_INLINE typename Simd<T>::V sum_each(const typename Simd<T>::V* values) {
  typedef std::make_integer_sequence<int, Simd<T>::width> Lanes;
  if constexpr (COUNT == 1)
    return values[0];
  else
    return sum_pairs<T>(sum_each<T, COUNT / 2>(values), sum_each<T, COUNT / 2>(values + COUNT / 2),
                        Lanes{});
}

// out[n] = the sum of the lanes of values[n]; both have room for a whole number of vectors.
template <class T>
void sum_lanes(const typename Simd<T>::V* values, size_t count, T* out) {
  for (size_t n = 0; n < count; n += Simd<T>::width)
    Simd<T>::store_loose(out + n, sum_each<T>(values + n));
}

}  // namespace LW_LEVEL
}  // namespace latticework
