// What single cells do, along a row: activation, gate, residual, and the derivatives of it all.
#pragma once

#include "cube.hpp"
#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

// phi(h), and its derivative where asked for; at 0 that of relu is 0, of leaky_relu 0.01.
template <class T, int ACTIVATION>
LW_INLINE typename Simd<T>::V activate(typename Simd<T>::V h, typename Simd<T>::V* slope) {
  typedef Simd<T> S;
  typedef typename S::V V;
  if constexpr (ACTIVATION == kSilu) {
    const V s = sigmoid(h);
    if (slope) *slope = s * (T(1) + h * (T(1) - s));
    return h * s;
  } else if constexpr (ACTIVATION == kTanh) {
    const V y = hyperbolic_tangent(h);
    if (slope) *slope = T(1) - y * y;
    return y;
  } else {
    const V low = S::splat(ACTIVATION == kRelu ? T(0) : T(0.01));
    const V factor = h > V{} ? S::splat(T(1)) : low;
    if (slope) *slope = factor;
    // Not `factor * h`: 0 times an infinity is not a number.
    return ACTIVATION == kRelu ? (h > V{} ? h : V{}) : factor * h;
  }
}

// A row of n cells; all arrays but `scale` are [cell, lanes].
template <class T>
struct RowOfCells {
  int n, lanes;
  const T* u;      // own values
  const T* drive;  // first channel
  const T* gate;   // second channel, gated only
  const T* scale;  // [cell], plain only
};

template <class T, int ACTIVATION>
void step_row(const RowOfCells<T>& given, T* out) {
  typedef Simd<T> S;
  typedef typename S::V V;
  size_t at = 0;
  const RowOfCells<T> row = given;  // a store may alias what is not a local
  for (int k = 0; k < row.n; ++k) {
    const V scale = row.gate ? V{} : S::splat(row.scale[k]);
    for (int v = 0; v < row.lanes; v += S::width, at += S::width) {
      const V u = S::load(row.u + at), c = activate<T, ACTIVATION>(S::load(row.drive + at), nullptr);
      if (row.gate) {
        const V g = sigmoid(S::load(row.gate + at));
        S::store(out + at, g * u + (T(1) - g) * c);
      } else {
        S::store(out + at, u + scale * c);
      }
    }
  }
}

// From dL/du' to dL/d(drives), in d_drive and d_gate, and to what u keeps of it, in d_own (which
// may be the same memory as d_new). extra[3 k] gets the products that sum to dL/d(scale).
template <class T, int ACTIVATION>
void step_row_back(const RowOfCells<T>& given, const T* d_new, T* d_drive, T* d_gate, T* d_own,
                   T* extra) {
  typedef Simd<T> S;
  typedef typename S::V V;
  size_t at = 0;
  const RowOfCells<T> row = given;
  for (int k = 0; k < row.n; ++k) {
    const V scale = row.gate ? V{} : S::splat(row.scale[k]);
    V of_scale{};
    for (int v = 0; v < row.lanes; v += S::width, at += S::width) {
      V slope;
      const V d = S::load(d_new + at), c = activate<T, ACTIVATION>(S::load(row.drive + at), &slope);
      if (row.gate) {
        const V g = sigmoid(S::load(row.gate + at)), rest = T(1) - g;
        S::store(d_drive + at, d * rest * slope);
        S::store(d_gate + at, d * (S::load(row.u + at) - c) * g * rest);
        S::store(d_own + at, d * g);
      } else {
        S::store(d_drive + at, d * scale * slope);
        S::store(d_own + at, d);
        of_scale += d * c;
      }
    }
    S::store(extra + static_cast<size_t>(k) * 3 * S::width, of_scale);
  }
}

template <class T>
void step_cells(int activation, const RowOfCells<T>& row, T* out) {
  switch (activation) {
    case kRelu: return step_row<T, kRelu>(row, out);
    case kLeakyRelu: return step_row<T, kLeakyRelu>(row, out);
    case kTanh: return step_row<T, kTanh>(row, out);
    default: return step_row<T, kSilu>(row, out);
  }
}

template <class T>
void step_cells_back(int activation, const RowOfCells<T>& row, const T* d_new, T* d_drive,
                     T* d_gate, T* d_own, T* extra) {
  switch (activation) {
    case kRelu: return step_row_back<T, kRelu>(row, d_new, d_drive, d_gate, d_own, extra);
    case kLeakyRelu: return step_row_back<T, kLeakyRelu>(row, d_new, d_drive, d_gate, d_own, extra);
    case kTanh: return step_row_back<T, kTanh>(row, d_new, d_drive, d_gate, d_own, extra);
    default: return step_row_back<T, kSilu>(row, d_new, d_drive, d_gate, d_own, extra);
  }
}

}  // namespace LW_LEVEL
}  // namespace latticework
