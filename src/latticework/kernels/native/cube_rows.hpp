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

template <class T, int VECTORS>
struct Rows {
  typedef Simd<T> S;
  typedef typename S::V V;
  static constexpr int lanes = VECTORS * S::width;

  // What the cells at one k give to the outputs at k - 1, k and k + 1. The weights are those of
  // the output at k, tap-minor; its neighbours' follow and precede them.
  template <bool BEFORE, bool SELF, bool AFTER>
  static LW_INLINE void give(const T* at, const Around& around, const T* weight, V* before, V* self,
                             V* after) {
    for (int n = 0; n < 9; ++n) {
      const T* x = at + around.row[n];
      const T* w = weight + 3 * n;
      const V to_before = BEFORE ? S::splat(w[2 - kTaps]) : V{};
      const V to_self = SELF ? S::splat(w[1]) : V{};
      const V to_after = AFTER ? S::splat(w[kTaps]) : V{};
      for (int v = 0; v < VECTORS; ++v) {
        const V value = S::load(x + v * S::width);
        if (BEFORE) before[v] += to_before * value;
        if (SELF) self[v] += to_self * value;
        if (AFTER) after[v] += to_after * value;
      }
    }
  }

  static LW_INLINE void put(const V* sum, const T* bias, const T* add, int k, T* out) {
    const V start = bias ? S::splat(bias[k]) : V{};
    for (int v = 0; v < VECTORS; ++v) {
      V value = sum[v] + start;
      const size_t at = static_cast<size_t>(k) * lanes + v * S::width;
      if (add) value += S::load(add + at);
      S::store(out + at, value);
    }
  }

  // out[k] = bias[k] + add[k] + sum over taps of weight[k][tap] * neighbour, for k = 0 .. n - 1.
  // `at` is cell 0 of the row; `bias` and `add` may be null; `out` may be `add`.
  static void mix(const T* at, const Around& around, const T* weight, const T* bias, const T* add,
                  int n, T* out) {
    V before[VECTORS]{}, self[VECTORS]{}, after[VECTORS]{};
    const auto turn = [&] {
      for (int v = 0; v < VECTORS; ++v) {
        before[v] = self[v];
        self[v] = after[v];
        after[v] = V{};
      }
    };
    give<false, false, true>(at - lanes, around, weight - kTaps, before, self, after);
    turn();
    if (n == 1) {
      give<false, true, false>(at, around, weight, before, self, after);
    } else {
      give<false, true, true>(at, around, weight, before, self, after);
      turn();
      for (int k = 1; k < n - 1; ++k) {
        give<true, true, true>(at + k * lanes, around, weight + k * kTaps, before, self, after);
        put(before, bias, add, k - 1, out);
        turn();
      }
      give<true, true, false>(at + (n - 1) * lanes, around, weight + (n - 1) * kTaps, before, self,
                              after);
      put(before, bias, add, n - 2, out);
    }
    turn();
    give<true, false, false>(at + n * lanes, around, weight + n * kTaps, before, self, after);
    put(before, bias, add, n - 1, out);
  }

  static LW_INLINE V dot(const V* g, const T* x) {
    V sum = g[0] * S::load(x);
    for (int v = 1; v < VECTORS; ++v) sum += g[v] * S::load(x + v * S::width);
    return sum;
  }

  // gradient[k][tap] += sum over examples of g[k] * neighbour, and beside the taps: the sum of g,
  // and three vectors per cell that only wait to be summed (`extra`, may be null).
  static void outer(const T* at, const Around& around, const T* g, const T* extra, int n,
                    T* gradient) {
    ptrdiff_t place[kTaps];
    for (int tap = 0; tap < kTaps; ++tap) place[tap] = around.row[tap / 3] + (tap % 3 - 1) * lanes;
    for (int k = 0; k < n; ++k) {
      const T* x = at + static_cast<ptrdiff_t>(k) * lanes;
      V mine[VECTORS], total{};
      for (int v = 0; v < VECTORS; ++v) {
        mine[v] = S::load(g + static_cast<size_t>(k) * lanes + v * S::width);
        total += mine[v];
      }
      T* to = gradient + static_cast<size_t>(k) * kGradients;
      V part[S::width];
      int first = 0;
      for (; first + S::width <= kTaps; first += S::width) {
        for (int s = 0; s < S::width; ++s) part[s] = dot(mine, x + place[first + s]);
        S::store(to + first, S::load(to + first) + sum_each<T>(part));
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
          else
            part[s] = V{};
        }
        S::store(to + first, S::load(to + first) + sum_each<T>(part));
      }
    }
  }
};

// The two loops for a width of tile that is known at run time only.
template <class T>
struct RowLoops {
  void (*mix)(const T*, const Around&, const T*, const T*, const T*, int, T*);
  void (*outer)(const T*, const Around&, const T*, const T*, int, T*);

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
