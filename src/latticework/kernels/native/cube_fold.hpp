// The weights as the loops want them, and the normalisation as a part of them.
//
// With xhat = (s - mean) / sd, mean and 1 / sd one number per example, a cell's drive is linear in
// the states around it as they are:
//
//   x_q = norm_weight_q xhat_q + norm_bias_q
//   h_p = bias_p + sum_q w_pq x_q
//       = (sum_q w'_pq s_q - mean tilt_p) / sd + level_p
//   w'_pq = w_pq norm_weight_q,  tilt_p = sum_q w'_pq,  level_p = bias_p + sum_q w_pq norm_bias_q
//
// so that no normalised state is ever written. On the way back, with g_p = dL/dh_p, the loops gather
// over examples and steps G_pq = sum g_p s_q / sd, total_p = sum g_p, pull_p = sum g_p mean / sd, and
//
//   dL/dw_pq = norm_weight_q (G_pq - pull_p) + norm_bias_q total_p.
//
// x_0 is given, not normalised: step 0 has plain weights, mean 0 and sd 1. Neighbours beyond the
// edge get weight 0, so that it does not matter what lies there as long as it is finite.
#pragma once

#include "cube_frame.hpp"

namespace latticework {
namespace LW_LEVEL {

// The cells of a row, [first, last), that see something at `tap`, and the row that they see.
struct Sight {
  int i, j, shift, first, last;

  template <class T>
  Sight(const Frame<T>& f, int tap, int i, int j)
      : i(i + tap / 9 - 1), j(j + tap / 3 % 3 - 1), shift(tap % 3 - 1) {
    const bool is_there = this->i >= 0 && this->i < f.M && this->j >= 0 && this->j < f.N;
    first = shift < 0 ? 1 : 0;
    last = !is_there ? first : shift > 0 ? f.K - 1 : f.K;
    last = last < first ? first : last;
  }
};

// weights[k][tap] of a row.
template <class T>
void pack_row(const Frame<T>& f, int step, int channel, int i, int j) {
  T* to = f.weight_of(channel, i, j, 0);
  for (int tap = 0; tap < kTaps; ++tap) {
    const T* row = f.raw_weight(step, tap, channel) + f.cell(i, j, 0);
    for (int k = 0; k < f.K; ++k) to[k * kTaps + tap] = row[k];
  }
}

// The same with the normalisation before `step` folded in, and with tilts and levels.
template <class T>
void fold_row(const Frame<T>& f, int step, int channel, int i, int j) {
  const ptrdiff_t cell = f.cell(i, j, 0);
  T *tilt = f.tilt_of(channel) + cell, *level = f.level_of(channel) + cell;
  T* to = f.weight_of(channel, i, j, 0);
  Frame<T>::clear(to, static_cast<size_t>(f.K) * kTaps);
  Frame<T>::clear(tilt, f.K);
  for (int k = 0; k < f.K; ++k) level[k] = f.bias_of(step, channel)[cell + k];
  for (int tap = 0; tap < kTaps; ++tap) {
    const Sight sight(f, tap, i, j);
    const T* row = f.raw_weight(step, tap, channel) + cell;
    const NormWeights<T> norm = f.norm_before(step, sight.i, sight.j);
    for (int k = sight.first; k < sight.last; ++k) {
      const T folded = row[k] * norm.weight[k + sight.shift];
      to[k * kTaps + tap] = folded;
      tilt[k] += folded;
      level[k] += row[k] * norm.bias[k + sight.shift];
    }
  }
}

// The weights by the cell that is seen: turned[q][26 - tap] is that of the cell that sees q at tap.
template <class T>
void turn_row(const Frame<T>& f, int step, int channel, int i, int j) {
  T* to = f.turned_of(channel, i, j, -1);
  Frame<T>::clear(to, static_cast<size_t>(f.K + 2) * kTaps);
  for (int tap = 0; tap < kTaps; ++tap) {
    // The cell that sees (i, j, k) at `tap` lies the other way.
    const int si = i - (tap / 9 - 1), sj = j - (tap / 3 % 3 - 1), shift = tap % 3 - 1;
    if (si < 0 || si >= f.M || sj < 0 || sj >= f.N) continue;
    const T* row = f.raw_weight(step, tap, channel) + f.cell(si, sj, 0);
    for (int k = 0; k < f.K; ++k) to[(k + shift + 1) * kTaps + kTaps - 1 - tap] = row[k];
  }
}

// The weights of one step, tap-minor.
template <class T>
void pack_weights(const Frame<T>& f, int step) {
  f.each(f.M, [&](int i) {
    for (int c = 0; c < f.channels; ++c)
      for (int j = 0; j < f.N; ++j)
        f.cube.folds() ? fold_row(f, step, c, i, j) : pack_row(f, step, c, i, j);
    return true;
  });
}

// The same by the cell that is seen, without the normalisation.
template <class T>
void turn_weights(const Frame<T>& f, int step) {
  f.each(f.M + 2, [&](int plane) {
    for (int c = 0; c < f.channels; ++c)
      for (int j = -1; j <= f.N; ++j) turn_row(f, step, c, plane - 1, j);
    return true;
  });
}

// From what the loops gathered of the steps after the first to the gradients of the weights.
template <class T>
void settle_gradients(const Frame<T>& f) {
  f.each(f.M, [&](int i) {
    for (int c = 0; c < f.channels; ++c)
      for (int j = 0; j < f.N; ++j)
        for (int tap = 0; tap < kTaps; ++tap) {
          const Sight sight(f, tap, i, j);
          const NormWeights<T> norm = f.norm_before(1, sight.i, sight.j);
          for (int k = sight.first; k < sight.last; ++k) {
            T* of = f.gradient_of(c, i, j, k);
            of[tap] = norm.weight[k + sight.shift] * (of[tap] - of[kPull]) +
                      norm.bias[k + sight.shift] * of[kTaps];
          }
        }
    return true;
  });
}

}  // namespace LW_LEVEL
}  // namespace latticework
