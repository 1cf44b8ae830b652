// Products, masks and sums over a strip of sites: lanes are sites.
#pragma once

#include "glom.hpp"
#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

typedef Simd<float> S;
typedef S::V V;
typedef uint32_t Words __attribute__((vector_size(LW_VECTOR_BYTES), may_alias));
typedef uint32_t LooseWords
    __attribute__((vector_size(LW_VECTOR_BYTES), may_alias, aligned(sizeof(uint32_t))));

constexpr int kVectors = 8;  // of a strip
constexpr int kStrip = kVectors * S::width;
constexpr int kBlock = 5;  // results that a product keeps in registers

constexpr uint32_t kGoldenRatio = 0x9E3779B9u;

template <class T>
LW_INLINE T mix(T x) {
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = (x ^ (x >> 15)) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

LW_INLINE uint32_t stream(uint32_t seed, uint32_t number) {
  return mix(seed + number * kGoldenRatio);
}

// The last strip of a task may be shorter than kStrip: its `lanes` are a multiple of this.
constexpr int kPair = 2 * S::width;

template <int BLOCK>
LW_INLINE void product_block(const float* weight, int entries, const float* bias,
                             const float* const* rows, int lanes, float* out) {
  for (int v = 0; v < lanes; v += kPair) {
    V sum[BLOCK][2];
    for (int n = 0; n < BLOCK; ++n) sum[n][0] = sum[n][1] = S::splat(bias ? bias[n] : 0.0f);
    for (int k = 0; k < entries; ++k) {
      const V a = S::load_loose(rows[k] + v), b = S::load_loose(rows[k] + v + S::width);
#pragma GCC unroll 5
      for (int n = 0; n < BLOCK; ++n) {
        const V w = S::splat(weight[n * entries + k]);
        sum[n][0] += w * a;
        sum[n][1] += w * b;
      }
    }
    for (int n = 0; n < BLOCK; ++n) {
      S::store(out + n * kStrip + v, sum[n][0]);
      S::store(out + n * kStrip + v + S::width, sum[n][1]);
    }
  }
}

// rows[n] = row n of a strip's array
inline void rows_of(const float* array, int count, const float** rows) {
  for (int n = 0; n < count; ++n) rows[n] = array + n * kStrip;
}

// out[n] = bias[n] + sum over k of weight[n, k] rows[k]
inline void product(const float* weight, int count, int entries, const float* bias,
                    const float* const* rows, int lanes, float* out) {
  int n = 0;
  for (; n + kBlock <= count; n += kBlock)
    product_block<kBlock>(weight + n * entries, entries, bias ? bias + n : nullptr, rows, lanes,
                          out + n * kStrip);
  for (; n < count; ++n)
    product_block<1>(weight + n * entries, entries, bias ? bias + n : nullptr, rows, lanes,
                     out + n * kStrip);
}

template <int BLOCK, int WIDE>
LW_INLINE void outer_block(const float* left, const float* const* rows, int entries, int lanes,
                           V* sums) {
  V sum[BLOCK][WIDE];
  for (int n = 0; n < BLOCK; ++n)
    for (int k = 0; k < WIDE; ++k) sum[n][k] = sums[n * entries + k];
  for (int v = 0; v < lanes; v += S::width) {
    V right[WIDE];
    for (int k = 0; k < WIDE; ++k) right[k] = S::load_loose(rows[k] + v);
#pragma GCC unroll 5
    for (int n = 0; n < BLOCK; ++n) {
      const V a = S::load(left + n * kStrip + v);
      for (int k = 0; k < WIDE; ++k) sum[n][k] += a * right[k];
    }
  }
  for (int n = 0; n < BLOCK; ++n)
    for (int k = 0; k < WIDE; ++k) sums[n * entries + k] = sum[n][k];
}

template <int BLOCK>
LW_INLINE void outer_rows(const float* left, const float* const* rows, int entries, int lanes,
                          V* sums) {
  int k = 0;
  for (; k + 2 <= entries; k += 2) outer_block<BLOCK, 2>(left, rows + k, entries, lanes, sums + k);
  for (; k < entries; ++k) outer_block<BLOCK, 1>(left, rows + k, entries, lanes, sums + k);
}

// sums[n, k] += left[n] rows[k], lane by lane
inline void outer(const float* left, int count, const float* const* rows, int entries, int lanes,
                  V* sums) {
  int n = 0;
  for (; n + kBlock <= count; n += kBlock)
    outer_rows<kBlock>(left + n * kStrip, rows, entries, lanes, sums + n * entries);
  for (; n < count; ++n)
    outer_rows<1>(left + n * kStrip, rows, entries, lanes, sums + n * entries);
}

// out = row times 0 or `kept`, by a half of every word. Halves are compared as signed numbers, one
// instruction, since they have no sign.
template <bool KEEPS>
LW_INLINE void drop_half(const Glom& glom, Words half, const float* row, float* factor_at,
                         float* out) {
  const S::M below = static_cast<int32_t>(glom.threshold) - 1 - S::M{};
  const V factor = S::bits(S::M(S::M(half) > below) & S::bits(S::splat(glom.kept)));
  if constexpr (KEEPS) S::store(factor_at, factor);
  S::store(out, factor * S::load_loose(row));
}

// out[k] = factors[k] rows[k], factors 0 or `kept`, for rows first .. first + count - 1 of a net;
// see core/counter_bits.py.
template <bool KEEPS>
inline void drop_rows(const Glom& glom, uint32_t net_seed, int first, int count,
                      const uint32_t* sites, const float* const* rows, int lanes, float* factors,
                      float* out) {
  for (int n = 0; n < count;) {
    const Words start = stream(net_seed, static_cast<uint32_t>((first + n) / 2)) - Words{};
    const bool odd = (first + n) % 2, both = !odd && n + 1 < count;
    for (int v = 0; v < lanes; v += S::width) {
      const Words word = mix(start + *reinterpret_cast<const LooseWords*>(sites + v));
      const int at = n * kStrip + v, next = at + kStrip;
      const Words high = word >> 16;
      drop_half<KEEPS>(glom, odd ? high : word & 0xFFFFu, rows[n] + v, factors + at, out + at);
      if (both) drop_half<KEEPS>(glom, high, rows[n + 1] + v, factors + next, out + next);
    }
    n += 1 + both;
  }
}

// out = tanh(out), `count` rows of a strip
inline void tanh_rows(int count, int lanes, float* out) {
  for (int n = 0; n < count; ++n)
    for (int v = 0; v < lanes; v += kPair) {
      float* at = out + n * kStrip + v;
      V pair[2] = {S::load(at), S::load(at + S::width)};
      hyperbolic_tangents(pair);
      S::store(at, pair[0]);
      S::store(at + S::width, pair[1]);
    }
}

}  // namespace LW_LEVEL
}  // namespace latticework
