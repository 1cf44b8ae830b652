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

template <int BLOCK>
LW_INLINE void product_block(const float* weight, int entries, const float* bias,
                             const float* const* rows, float* out) {
  for (int v = 0; v < kStrip; v += 2 * S::width) {
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

// out[n] = bias[n] + sum over k of weight[n, k] rows[k]
inline void product(const float* weight, int count, int entries, const float* bias,
                    const float* const* rows, float* out) {
  int n = 0;
  for (; n + kBlock <= count; n += kBlock)
    product_block<kBlock>(weight + n * entries, entries, bias ? bias + n : nullptr, rows,
                          out + n * kStrip);
  for (; n < count; ++n)
    product_block<1>(weight + n * entries, entries, bias ? bias + n : nullptr, rows,
                     out + n * kStrip);
}

template <int BLOCK, int WIDE>
LW_INLINE void outer_block(const float* left, const float* const* rows, int entries, V* sums) {
  V sum[BLOCK][WIDE];
  for (int n = 0; n < BLOCK; ++n)
    for (int k = 0; k < WIDE; ++k) sum[n][k] = sums[n * entries + k];
  for (int v = 0; v < kStrip; v += S::width) {
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
LW_INLINE void outer_rows(const float* left, const float* const* rows, int entries, V* sums) {
  int k = 0;
  for (; k + 2 <= entries; k += 2) outer_block<BLOCK, 2>(left, rows + k, entries, sums + k);
  for (; k < entries; ++k) outer_block<BLOCK, 1>(left, rows + k, entries, sums + k);
}

// sums[n, k] += left[n] rows[k], lane by lane
inline void outer(const float* left, int count, const float* const* rows, int entries, V* sums) {
  int n = 0;
  for (; n + kBlock <= count; n += kBlock)
    outer_rows<kBlock>(left + n * kStrip, rows, entries, sums + n * entries);
  for (; n < count; ++n) outer_rows<1>(left + n * kStrip, rows, entries, sums + n * entries);
}

// factors[k] = 0 or `kept`, for rows first .. first + count - 1 of a net; see core/counter_bits.py
inline void draw_factors(const Glom& glom, uint32_t net_seed, int first, int count,
                         const uint32_t* sites, float* factors) {
  const V kept = S::splat(glom.kept);
  const Words threshold = glom.threshold - Words{};
  for (int row = first; row < first + count;) {
    const Words start = stream(net_seed, static_cast<uint32_t>(row / 2)) - Words{};
    const bool low = row % 2 == 0, high = !low || row + 1 < first + count;
    float* at = factors + (row - first) * kStrip;
    for (int v = 0; v < kStrip; v += S::width) {
      const Words word = mix(start + *reinterpret_cast<const LooseWords*>(sites + v));
      if (low) S::store(at + v, S::bits(S::M((word & 0xFFFFu) >= threshold) & S::bits(kept)));
      if (high)
        S::store(at + v + (low ? kStrip : 0),
                 S::bits(S::M((word >> 16) >= threshold) & S::bits(kept)));
    }
    row += low ? 2 : 1;
  }
}

// out = tanh(in), all rows of a strip; may be in place
inline void tanh_rows(const float* in, int count, float* out) {
  for (int n = 0; n < count * kStrip; n += S::width)
    S::store(out + n, hyperbolic_tangent(S::load(in + n)));
}

}  // namespace LW_LEVEL
}  // namespace latticework
