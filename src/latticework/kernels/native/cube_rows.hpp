// The two loops that all time goes to: weighted sums over the 27 neighbours along a row of cells,
// and the products that make the gradients of the weights. Lanes are examples, so that one weight,
// loaded once, serves a whole tile, and every load is aligned.
#pragma once

#include "cube.hpp"
#include "simd.hpp"

namespace latticework {
namespace LW_LEVEL {

// Where the nine rows around a row lie, relative to it, in elements.
struct Around {
  ptrdiff_t row[9];
  Around(ptrdiff_t step_i, ptrdiff_t step_j) {
    for (int n = 0; n < 9; ++n) row[n] = (n / 3 - 1) * step_i + (n % 3 - 1) * step_j;
  }
};

// One vector with the sums of `width` vectors, lane n that of values[n]. Sums inside 128 bits
// first, since moving lanes across them takes another instruction.
template <class T>
struct Sums {
  typedef Simd<T> S;
  typedef typename S::V V;
  typedef std::make_integer_sequence<int, S::width> Lanes;
  static constexpr int near = 16 / sizeof(T), far = S::width / near;

  // Lane n of sums over neighbouring lanes: those of the first vector, then those of the second,
  // in every 128 bits; and the same for neighbouring 128 bits.
  static constexpr int near_lane(int n, int odd) {
    const int start = n / near * near, q = n % near;
    return q < near / 2 ? start + 2 * q + odd : S::width + start + 2 * (q - near / 2) + odd;
  }
  static constexpr int far_lane(int n, int odd) {
    return 2 * (n / near) * near + odd * near + n % near;  // counts on into the second vector
  }
  template <int... LANE>
  static LW_INLINE V near_pair(V a, V b, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(a, b, near_lane(LANE, 0)...) +
           __builtin_shufflevector(a, b, near_lane(LANE, 1)...);
  }
  template <int... LANE>
  static LW_INLINE V far_pair(V a, V b, std::integer_sequence<int, LANE...>) {
    return __builtin_shufflevector(a, b, far_lane(LANE, 0)...) +
           __builtin_shufflevector(a, b, far_lane(LANE, 1)...);
  }
  template <int COUNT>
  static LW_INLINE V of(const V* values) {
    if constexpr (COUNT == 1) {
      return values[0];
    } else {
      const V a = of<COUNT / 2>(values), b = of<COUNT / 2>(values + COUNT / 2);
      return COUNT <= near ? near_pair(a, b, Lanes{}) : far_pair(a, b, Lanes{});
    }
  }
};

template <class T, int VECTORS>
struct Rows {
  typedef Simd<T> S;
  typedef typename S::V V;
  static constexpr int lanes = VECTORS * S::width;
  // Outputs that fit into the registers side by side: 16 of them, or 32 with AVX-512.
  static constexpr int together = (LW_VECTOR_BYTES == 64 ? 16 : 8) / VECTORS < 4
                                      ? (LW_VECTOR_BYTES == 64 ? 16 : 8) / VECTORS
                                      : 4;

  // Outputs k .. k + OUT - 1 of a row. What is loaded at one k serves three of them.
  template <int OUT>
  static LW_INLINE void mix_some(const T* at, const Around& around, const T* weight, const T* bias,
                                 const T* add, int k, T* out) {
    V sum[OUT][VECTORS];
#pragma GCC unroll 4
    for (int o = 0; o < OUT; ++o) {
      const V start = bias ? S::splat(bias[k + o]) : V{};
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; ++v) {
        const size_t place = static_cast<size_t>(k + o) * lanes + v * S::width;
        sum[o][v] = add ? start + S::load(add + place) : start;
      }
    }
    const T* w = weight + k * kTaps;
    const T* from = at + static_cast<ptrdiff_t>(k - 1) * lanes;
    for (int n = 0; n < 9; ++n, w += 3) {
      const T* x = from + around.row[n];
#pragma GCC unroll 6
      for (int seen = 0; seen < OUT + 2; ++seen) {
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; ++v) {
          const V value = S::load(x + seen * lanes + v * S::width);
#pragma GCC unroll 4
          for (int o = 0; o < OUT; ++o)
            if (seen - o >= 0 && seen - o < 3)
              sum[o][v] += S::splat(w[o * kTaps + seen - o]) * value;
        }
      }
    }
#pragma GCC unroll 4
    for (int o = 0; o < OUT; ++o)
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; ++v)
        S::store(out + static_cast<size_t>(k + o) * lanes + v * S::width, sum[o][v]);
  }

  // out[k] = bias[k] + add[k] + sum over taps of weight[k][tap] * neighbour, for k = 0 .. n - 1.
  // `at` is cell 0 of the row; `bias` and `add` may be null; `out` may be `add`.
  static void mix(const T* at, const Around& around, const T* weight, const T* bias, const T* add,
                  int n, T* out) {
    int k = 0;
    for (; k + together <= n; k += together)
      mix_some<together>(at, around, weight, bias, add, k, out);
    for (; k < n; ++k) mix_some<1>(at, around, weight, bias, add, k, out);
  }

  static LW_INLINE V dot(const V* g, const T* x) {
    V sum = g[0] * S::load(x);
#pragma GCC unroll 4
    for (int v = 1; v < VECTORS; ++v) sum += g[v] * S::load(x + v * S::width);
    return sum;
  }

  // gradient[k][tap] += sum over examples of g[k] * inverse * neighbour, and beside the taps: the
  // sum of g, three vectors per cell that only wait to be summed (`extra`, may be null), and the sum
  // of g * inverse * mean. `mean` and `inverse`, [lane], may be null for 0 and 1.
  static void outer(const T* at, const Around& around, const T* g, const T* mean, const T* inverse,
                    const T* extra, int n, T* gradient) {
    ptrdiff_t place[kTaps];
    for (int tap = 0; tap < kTaps; ++tap) place[tap] = around.row[tap / 3] + (tap % 3 - 1) * lanes;
    for (int k = 0; k < n; ++k) {
      const T* x = at + static_cast<ptrdiff_t>(k) * lanes;
      V mine[VECTORS], total{}, pull{};
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; ++v) {
        mine[v] = S::load(g + static_cast<size_t>(k) * lanes + v * S::width);
        total += mine[v];
        if (inverse) {
          mine[v] *= S::load(inverse + v * S::width);
          pull += mine[v] * S::load(mean + v * S::width);
        }
      }
      T* to = gradient + static_cast<size_t>(k) * kGradients;
      V part[S::width];
      int first = 0;
      for (; first + S::width <= kTaps; first += S::width) {
#pragma GCC unroll 16
        for (int s = 0; s < S::width; ++s) part[s] = dot(mine, x + place[first + s]);
        S::store(to + first, S::load(to + first) + Sums<T>::template of<S::width>(part));
      }
      for (; first < kGradients; first += S::width) {
        for (int s = 0; s < S::width; ++s) {
          const int slot = first + s;
          if (slot < kTaps)
            part[s] = dot(mine, x + place[slot]);
          else if (slot == kTaps)
            part[s] = total;
          else if (extra && slot < kTaps + 4)
            part[s] = S::load(extra + (static_cast<size_t>(k) * 3 + slot - kTaps - 1) * S::width);
          else if (slot == kPull)
            part[s] = pull;
          else
            part[s] = V{};
        }
        S::store(to + first, S::load(to + first) + Sums<T>::template of<S::width>(part));
      }
    }
  }
};

// The two loops for a width of tile that is known at run time only.
template <class T>
struct RowLoops {
  void (*mix)(const T*, const Around&, const T*, const T*, const T*, int, T*);
  void (*outer)(const T*, const Around&, const T*, const T*, const T*, const T*, int, T*);

  explicit RowLoops(int lanes) {
    switch (lanes / Simd<T>::width) {
      case 4: set<4>(); break;
      case 2: set<2>(); break;
      default: set<1>();
    }
  }
  template <int VECTORS>
  void set() {
    mix = &Rows<T, VECTORS>::mix;
    outer = &Rows<T, VECTORS>::outer;
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
