// What single cells do, along a row: activation, gate, residual, and the derivatives of it all.
#pragma once

#include "cube.hpp"
#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

// c = phi(h), and its derivative where asked for; at 0 that of relu is 0, of leaky_relu 0.01.
template <class T, int ACTIVATION, int N>
LW_INLINE void activate(const typename Simd<T>::V (&h)[N], typename Simd<T>::V (&c)[N],
                        typename Simd<T>::V* slope) {
  typedef Simd<T> S;
  typedef typename S::V V;
  for (int n = 0; n < N; ++n) c[n] = h[n];
  if constexpr (ACTIVATION == kSilu) {
    sigmoids(c);
    for (int n = 0; n < N; ++n) {
      if (slope) slope[n] = c[n] * (T(1) + h[n] * (T(1) - c[n]));
      c[n] *= h[n];
    }
  } else if constexpr (ACTIVATION == kTanh) {
    hyperbolic_tangents(c);
    for (int n = 0; slope && n < N; ++n) slope[n] = T(1) - c[n] * c[n];
  } else {
    const V low = S::splat(ACTIVATION == kRelu ? T(0) : T(0.01));
    for (int n = 0; n < N; ++n) {
      const V factor = h[n] > V{} ? S::splat(T(1)) : low;
      if (slope) slope[n] = factor;
      // Not `factor * h`: 0 times an infinity is not a number.
      c[n] = ACTIVATION == kRelu ? (h[n] > V{} ? h[n] : V{}) : factor * h[n];
    }
  }
}

// What is left to do where the normalisation is part of the weights, for one row of one tile.
template <class T>
struct Fold {
  typedef Simd<T> S;
  typedef typename S::V V;
  const T* mean;      // [lane]
  const T* inverse;   // [lane]
  const T* weight;    // [cell], of the normalisation
  const T* bias;      // [cell]
  const T* tilt[2];   // [channel][cell]
  const T* level[2];  // [channel][cell]

  LW_INLINE V drive(V sum, int channel, int k, int v) const {
    const V centred = sum - S::load(mean + v) * S::splat(tilt[channel][k]);
    return centred * S::load(inverse + v) + S::splat(level[channel][k]);
  }
  LW_INLINE V own(V s, int k, int v) const {
    const V xhat = (s - S::load(mean + v)) * S::load(inverse + v);
    return xhat * S::splat(weight[k]) + S::splat(bias[k]);
  }
};

// A row of n cells; all arrays but `scale` are [cell, lanes].
template <class T>
struct RowOfCells {
  int n, lanes;
  const T* u;           // own values
  const T* drive;       // first channel
  const T* gate;        // second channel, gated only
  const T* scale;       // [cell], plain only
  const Fold<T>* fold;  // if so, own values and drives still lack it
};

// N vectors of a row, ready for use.
template <class T, class KIND>
struct Inputs {
  typedef Simd<T> S;
  static constexpr int N = KIND::together;
  typename S::V u[N], drive[N], gate[N], gate_drive[N];

  LW_INLINE Inputs(const RowOfCells<T>& row, const Fold<T>& fold, size_t at, int k, int v) {
    for (int n = 0; n < N; ++n, at += S::width, v += S::width) {
      u[n] = S::load(row.u + at);
      drive[n] = S::load(row.drive + at);
      if constexpr (KIND::is_gated) gate[n] = S::load(row.gate + at);
      if constexpr (KIND::is_folded) {
        u[n] = fold.own(u[n], k, v);
        drive[n] = fold.drive(drive[n], 0, k, v);
        if constexpr (KIND::is_gated) gate[n] = fold.drive(gate[n], 1, k, v);
      }
    }
    if constexpr (KIND::is_gated) {
      for (int n = 0; n < N; ++n) gate_drive[n] = gate[n];
      sigmoids(gate);
    }
  }
};

// What a loop over a row is made for; vectors go in pairs where a cell has that many.
template <int ACTIVATION, bool GATED, bool FOLDED, int N>
struct Kind {
  static constexpr int activation = ACTIVATION, together = N;
  static constexpr bool is_gated = GATED, is_folded = FOLDED;
};

template <class T, class KIND>
void step_row(const RowOfCells<T>& given, T* out) {
  typedef Simd<T> S;
  typedef typename S::V V;
  size_t at = 0;
  const RowOfCells<T> row = given;  // a store may alias what is not a local
  const Fold<T> fold = KIND::is_folded ? *row.fold : Fold<T>{};
  constexpr int N = KIND::together;
  for (int k = 0; k < row.n; ++k) {
    const V scale = KIND::is_gated ? V{} : S::splat(row.scale[k]);
    for (int v = 0; v < row.lanes; v += N * S::width) {
      const Inputs<T, KIND> in(row, fold, at, k, v);
      V c[N];
      activate<T, KIND::activation>(in.drive, c, nullptr);
      for (int n = 0; n < N; ++n, at += S::width) {
        if constexpr (KIND::is_gated)
          S::store(out + at, in.gate[n] * in.u[n] + (T(1) - in.gate[n]) * c[n]);
        else
          S::store(out + at, in.u[n] + scale * c[n]);
      }
    }
  }
}

// Where gradients of a row go.
template <class T>
struct RowGradients {
  T* drive;  // dL/d(drive)
  T* gate;   // dL/d(gate's drive), gated only
  T* own;    // what u keeps of dL/du'; may be where that is given
  T* extra;  // [3 k] gets the products that sum to dL/d(scale)
  T* sums;   // [2, lane], folded only: see cube_fold_back.hpp
};

// From dL/du' to these.
template <class T, class KIND>
void step_row_back(const RowOfCells<T>& given, const T* d_new, const RowGradients<T>& to) {
  typedef Simd<T> S;
  typedef typename S::V V;
  size_t at = 0;
  const RowOfCells<T> row = given;
  const Fold<T> fold = KIND::is_folded ? *row.fold : Fold<T>{};
  constexpr int N = KIND::together;
  T *d_drive = to.drive, *d_gate = to.gate, *d_own = to.own, *sums = to.sums;
  for (int k = 0; k < row.n; ++k) {
    const V scale = KIND::is_gated ? V{} : S::splat(row.scale[k]);
    V of_scale{};
    for (int v = 0; v < row.lanes; v += N * S::width) {
      const Inputs<T, KIND> in(row, fold, at, k, v);
      V c[N], slope[N];
      activate<T, KIND::activation>(in.drive, c, slope);
      for (int n = 0; n < N; ++n, at += S::width) {
        const V d = S::load(d_new + at);
        V of_drive, of_gate{}, own = d;
        if constexpr (KIND::is_gated) {
          const V g = in.gate[n], rest = T(1) - g;
          of_drive = d * rest * slope[n];
          of_gate = d * (in.u[n] - c[n]) * g * rest;
          own = d * g;
          S::store(d_gate + at, of_gate);
        } else {
          of_drive = d * scale * slope[n];
          of_scale += d * c[n];
        }
        S::store(d_drive + at, of_drive);
        S::store(d_own + at, own);
        if constexpr (KIND::is_folded) {
          T* sum = sums + v + n * S::width;
          V plain = of_drive * fold.tilt[0][k] + own * fold.weight[k];
          V along = of_drive * (in.drive[n] - fold.level[0][k]) + own * (in.u[n] - fold.bias[k]);
          if constexpr (KIND::is_gated) {
            plain += of_gate * fold.tilt[1][k];
            along += of_gate * (in.gate_drive[n] - fold.level[1][k]);
          }
          S::store(sum, S::load(sum) + plain);
          S::store(sum + row.lanes, S::load(sum + row.lanes) + along);
        }
      }
    }
    S::store(to.extra + static_cast<size_t>(k) * 3 * S::width, of_scale);
  }
}

template <bool GATED, bool FOLDED, int N, class F>
void by_activation(int activation, F f) {
  switch (activation) {
    case kRelu: return f(Kind<kRelu, GATED, FOLDED, N>{});
    case kLeakyRelu: return f(Kind<kLeakyRelu, GATED, FOLDED, N>{});
    case kTanh: return f(Kind<kTanh, GATED, FOLDED, N>{});
    default: return f(Kind<kSilu, GATED, FOLDED, N>{});
  }
}
template <bool FOLDED, int N, class F>
void by_gate(int activation, bool is_gated, F f) {
  is_gated ? by_activation<true, FOLDED, N>(activation, f)
           : by_activation<false, FOLDED, N>(activation, f);
}
template <class T, class F>
void by_kind(int activation, const RowOfCells<T>& row, F f) {
  if (row.lanes > Simd<T>::width)
    row.fold ? by_gate<true, 2>(activation, row.gate, f) : by_gate<false, 2>(activation, row.gate, f);
  else
    row.fold ? by_gate<true, 1>(activation, row.gate, f) : by_gate<false, 1>(activation, row.gate, f);
}

template <class T>
void step_cells(int activation, const RowOfCells<T>& row, T* out) {
  by_kind(activation, row, [&](auto kind) { step_row<T, decltype(kind)>(row, out); });
}

template <class T>
void step_cells_back(int activation, const RowOfCells<T>& row, const T* d_new,
                     const RowGradients<T>& to) {
  by_kind(activation, row, [&](auto kind) { step_row_back<T, decltype(kind)>(row, d_new, to); });
}

}  // namespace LW_LEVEL
}  // namespace latticework
