// Standard normal noise, reproducible from a key: a counter goes in, numbers come out.
//
// Threefry-4x32 (Salmon et al. 2011, doi:10.1145/2063384.2063405) with 12 rounds on the counter
// (place, step, example, stream), then Box-Muller. Every example has its own counters, so a draw does
// not depend on the width of a vector, on how the batch is cut or on the number of threads.
#pragma once

#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

struct NoiseKey {
  const uint32_t* keys;  // [seed, 2]
  int seed;
  uint32_t first_example;  // of the block
};

// Vectors of `WIDTH` 32-bit lanes, also where the arithmetic is in double precision.
template <int WIDTH>
struct Words {
  typedef uint32_t U __attribute__((vector_size(4 * WIDTH), may_alias));
  typedef int32_t I __attribute__((vector_size(4 * WIDTH), may_alias));
  typedef float V __attribute__((vector_size(4 * WIDTH), may_alias));
};

template <class U, int ROUNDS>
LW_INLINE void threefry(const uint32_t (&key)[4], U (&x)[4]) {
  constexpr int rotation[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                  {6, 20},  {17, 11}, {25, 10}, {18, 20}};
  const uint32_t k[5] = {key[0], key[1], key[2], key[3],
                         0x1BD11BDAu ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (int n = 0; n < 4; ++n) x[n] += k[n];
#pragma GCC unroll 20
  for (int round = 0; round < ROUNDS; ++round) {
    const int r0 = rotation[round % 8][0], r1 = rotation[round % 8][1];
    const int a = round % 2 ? 3 : 1, b = round % 2 ? 1 : 3;
    x[0] += x[a];
    x[a] = (x[a] << r0 | x[a] >> (32 - r0)) ^ x[0];
    x[2] += x[b];
    x[b] = (x[b] << r1 | x[b] >> (32 - r1)) ^ x[2];
    if (round % 4 == 3) {
      const uint32_t n = round / 4 + 1;
      for (uint32_t m = 0; m < 4; ++m) x[m] += k[(n + m) % 5];
      x[3] += n;
    }
  }
}

// Two independent normals from one word: 16 bits of radius (up to 4.9 standard deviations), 13 of an
// angle, one that swaps sine and cosine, two signs.
template <int WIDTH>
LW_INLINE void box_muller(typename Words<WIDTH>::U word, typename Words<WIDTH>::V& one,
                          typename Words<WIDTH>::V& other) {
  typedef typename Words<WIDTH>::V V;
  typedef typename Words<WIDTH>::I I;
  typedef typename Words<WIDTH>::U U;
  // -2 log(u), u = (n + 1/2) / 2^16: exponent and a series in the mantissa around 1.
  const V u = __builtin_convertvector(reinterpret_cast<I>(word >> 16), V) + 0.5f;
  I bits = reinterpret_cast<I>(u);
  const I exponent = (bits - 0x3f3504f3) >> 23;
  const V f = reinterpret_cast<V>(bits - (exponent << 23)) - 1.0f;
  const V s = f / (f + 2.0f), z = s * s;
  V series = z * 0.24279078841f + 0.28498786688f;  // log(1 + f) = 2 (s + s^3/3 + ...), minimax
  series = series * z + 0.40000972152f;
  series = series * z + 0.66666662693f;
  const V log_u = (series * z * s + (s + s)) +
                  (__builtin_convertvector(exponent, V) - 16.0f) * 0.69314718f;
  const V minus_two_log = -2.0f * log_u;
  V radius;
  for (int n = 0; n < WIDTH; ++n) radius[n] = square_root(minus_two_log[n]);
  // An angle in +-pi/4, then one of four quarters by the bits above it.
  const V angle = (__builtin_convertvector(reinterpret_cast<I>(word & 0x1fffu), V) - 4095.5f) *
                  (1.57079633f / 8192.0f);
  const V q = angle * angle;
  V sine = q * -1.9515296e-4f + 8.3321609e-3f;
  sine = sine * q - 1.6666654e-1f;
  sine = sine * q * angle + angle;
  V cosine = q * 2.4433157e-5f - 1.3887316e-3f;
  cosine = cosine * q + 4.1666646e-2f;
  cosine = cosine * q - 0.5f;
  cosine = cosine * q + 1.0f;
  const I swaps = reinterpret_cast<I>(word << 16) >> 31;
  const V a = swaps ? sine : cosine, b = swaps ? cosine : sine;
  one = reinterpret_cast<V>(reinterpret_cast<U>(a * radius) ^ ((word << 17) & 0x80000000u));
  other = reinterpret_cast<V>(reinterpret_cast<U>(b * radius) ^ ((word << 18) & 0x80000000u));
}

// The random words of one stream and step, four vectors at a time.
template <int WIDTH>
class Draws {
 public:
  typedef typename Words<WIDTH>::U U;

  Draws(const NoiseKey& key, uint32_t step, uint32_t stream) : step_(step), stream_(stream) {
    key_[0] = key.keys[2 * key.seed];
    key_[1] = key.keys[2 * key.seed + 1];
    for (int n = 0; n < WIDTH; ++n) example_[n] = key.first_example + n;
  }

  LW_INLINE void next(U (&x)[4]) {
    x[0] = U{} + place_++, x[1] = U{} + step_, x[2] = example_, x[3] = U{} + stream_;
    threefry<U, 12>(key_, x);
  }

 private:
  uint32_t key_[4] = {0, 0, 0x6c617474, 0x69636521};
  uint32_t place_ = 0, step_, stream_;
  U example_;
};

// The normals of one stream and step, one vector after the other.
template <class T>
class Normals {
 public:
  typedef typename Simd<T>::V V;
  static constexpr int width = Simd<T>::width;

  Normals(const NoiseKey& key, uint32_t step, uint32_t stream) : draws_(key, step, stream) {}

  LW_INLINE V next() {
    if (left_ == 0) refill();
    return ready_[--left_];
  }

 private:
  __attribute__((noinline)) void refill() {
    typename Words<width>::U x[4];
    draws_.next(x);
    typename Words<width>::V one, other;
    for (int n = 0; n < 4; ++n) {
      box_muller<width>(x[n], one, other);
      ready_[7 - 2 * n] = __builtin_convertvector(one, V);
      ready_[6 - 2 * n] = __builtin_convertvector(other, V);
    }
    left_ = 8;
  }

  Draws<width> draws_;
  V ready_[8];
  int left_ = 0;
};

// Uniform numbers in [0, 1) of one stream and step, with 24 bits.
template <class T>
class Uniforms {
 public:
  typedef typename Simd<T>::V V;
  static constexpr int width = Simd<T>::width;

  Uniforms(const NoiseKey& key, uint32_t step, uint32_t stream) : draws_(key, step, stream) {}

  LW_INLINE V next() {
    if (left_ == 0) refill();
    return ready_[--left_];
  }

 private:
  __attribute__((noinline)) void refill() {
    typedef typename Words<width>::I I;
    typedef typename Words<width>::V F;
    typename Words<width>::U x[4];
    draws_.next(x);
    for (int n = 0; n < 4; ++n)
      ready_[3 - n] = __builtin_convertvector(
          __builtin_convertvector(reinterpret_cast<I>(x[n] >> 8), F) * (1.0f / 16777216.0f), V);
    left_ = 4;
  }

  Draws<width> draws_;
  V ready_[4];
  int left_ = 0;
};

}  // namespace LW_LEVEL
}  // namespace latticework
