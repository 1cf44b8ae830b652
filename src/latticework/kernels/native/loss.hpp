// Cross entropy of summed or of per-step readouts, lane by lane.
#pragma once

#include "cells.hpp"

namespace latticework {
namespace LW_LEVEL {

LW_INLINE float logarithm(float x) { return __builtin_logf(x); }
LW_INLINE double logarithm(double x) { return __builtin_log(x); }

// scores [class] to factor (softmax - onehot), in place or not; returns the losses of the lanes.
template <class T>
typename Simd<T>::V softmax_error(const typename Simd<T>::V* scores, int num_classes,
                                  const int32_t* target, T factor, typename Simd<T>::V* error) {
  typedef Simd<T> S;
  typedef typename S::V V;
  V of_target{};
  for (int n = 0; n < S::width; ++n) of_target[n] = scores[target[n]][n];
  V top = scores[0];
  for (int c = 1; c < num_classes; ++c) top = S::max(top, scores[c]);
  V total{};
  for (int c = 0; c < num_classes; ++c) {
    error[c] = exponential<T>(scores[c] - top);
    total += error[c];
  }
  const V share = factor / total;
  for (int c = 0; c < num_classes; ++c) error[c] *= share;
  V log_total{};
  for (int n = 0; n < S::width; ++n) {
    error[target[n]][n] -= factor;
    log_total[n] = logarithm(static_cast<T>(total[n]));
  }
  return log_total + (top - of_target);
}

// 1 where the first of the largest scores is the target's, else 0.
template <class T>
typename Simd<T>::V hits(const typename Simd<T>::V* scores, int num_classes,
                         const int32_t* target) {
  typedef Simd<T> S;
  typename S::V best = scores[0];
  typename S::M where{};
  for (int c = 1; c < num_classes; ++c) {
    const typename S::M better = scores[c] > best;
    best = better ? scores[c] : best;
    where = better ? typename S::M{} + c : where;
  }
  typename S::V right{};
  for (int n = 0; n < S::width; ++n) right[n] = where[n] == target[n] ? T(1) : T(0);
  return right;
}

}  // namespace LW_LEVEL
}  // namespace latticework
