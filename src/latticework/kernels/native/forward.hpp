// The forward pass: lanes are examples; one cell after the other, each through the whole sequence.
//
// A cell never feeds back into its own inputs, so a cell can run all its steps before the next cell
// begins. Its coefficients then stay in registers, and its tanhs do not wait for each other.
#pragma once

#include "cells.hpp"

namespace latticework {
namespace LW_LEVEL {

// s(t) = a s(t-1) + base(t) + sum_n w_n u_n(t); y(t) = tanh(s(t) + b). NUM is 0, 1 or 2.
template <class T, int NUM, bool BASE>
void run_cell(typename Simd<T>::V* y, const typename Simd<T>::V* const* u, const T* gain,
              const typename Simd<T>::V* base, T decay, T bias, int num_steps) {
  typedef Simd<T> S;
  typedef typename S::V V;
  const V a = S::splat(decay), b = S::splat(bias);
  const V w0 = NUM > 0 ? S::splat(gain[0]) : V{}, w1 = NUM > 1 ? S::splat(gain[1]) : V{};
  const V *u0 = NUM > 0 ? u[0] : nullptr, *u1 = NUM > 1 ? u[1] : nullptr;
  V s{};
  for (int t = 0; t < num_steps; ++t) {
    V drive = BASE ? base[t] : V{};
    if (NUM > 0) drive = w0 * u0[t] + drive;
    if (NUM > 1) drive = w1 * u1[t] + drive;
    s = a * s + drive;
    y[t] = hyperbolic_tangent(s + b);
  }
}

// Where the values that enter a cell's inputs are.
template <class T>
struct Sources {
  typedef typename Simd<T>::V V;
  V* outputs;      // [row, time]
  V* channels;     // [channel, time]
  const int32_t* row;  // [cell] row of a cell's outputs; null: the cell's number

  const V* of(const Plan& plan, int input, int num_steps) const {
    const int source = plan.in_source[input];
    if (source >= plan.num_cells)
      return channels + static_cast<size_t>(source - plan.num_cells) * num_steps;
    return outputs_of(source, num_steps);
  }
  V* outputs_of(int cell, int num_steps) const {
    return outputs + static_cast<size_t>(row ? row[cell] : cell) * num_steps;
  }
};

// One block through one cell. `extra` is [time], for cells with more than two inputs.
template <class T>
void forward_cell(const Plan& plan, const Coefficients<T>& coefficients, const Sources<T>& sources,
                  int cell, int num_steps, typename Simd<T>::V* extra) {
  typedef typename Simd<T>::V V;
  const int first = plan.in_ptr[cell], count = plan.in_ptr[cell + 1] - first;
  const T* gain = coefficients.gain + first;
  const T decay = coefficients.decay[cell], bias = coefficients.bias[cell];
  V* y = sources.outputs_of(cell, num_steps);
  const V* u[2] = {nullptr, nullptr};
  for (int n = 0; n < count && n < 2; ++n) u[n] = sources.of(plan, first + n, num_steps);
  if (count == 0) return run_cell<T, 0, false>(y, u, gain, nullptr, decay, bias, num_steps);
  if (count == 1) return run_cell<T, 1, false>(y, u, gain, nullptr, decay, bias, num_steps);
  if (count == 2) return run_cell<T, 2, false>(y, u, gain, nullptr, decay, bias, num_steps);
  for (int n = 2; n < count; ++n) {
    const V* more = sources.of(plan, first + n, num_steps);
    const V w = Simd<T>::splat(gain[n]);
    for (int t = 0; t < num_steps; ++t) extra[t] = w * more[t] + (n > 2 ? extra[t] : V{});
  }
  run_cell<T, 2, true>(y, u, gain, extra, decay, bias, num_steps);
}

// Inputs [example, time, channel] to [channel, time] vectors; lanes beyond `valid` are zero.
template <class T>
void load_channels(typename Simd<T>::V* out, const T* inputs, int valid, int num_steps,
                   int num_channels) {
  constexpr int width = Simd<T>::width;
  T* lanes = reinterpret_cast<T*>(out);
  const size_t example = static_cast<size_t>(num_steps) * num_channels;
  for (int t = 0; t < num_steps; ++t)
    for (int c = 0; c < num_channels; ++c) {
      T* to = lanes + (static_cast<size_t>(c) * num_steps + t) * width;
      const T* from = inputs + static_cast<size_t>(t) * num_channels + c;
      for (int n = 0; n < width; ++n) to[n] = n < valid ? from[n * example] : T(0);
    }
}

// Adds gain times a cell's outputs, summed over time, to the scores of its classes.
template <class T>
void add_scores(const Plan& plan, const typename Simd<T>::V* y, int cell, int num_steps, T gain,
                typename Simd<T>::V* scores) {
  typedef typename Simd<T>::V V;
  const int first = plan.port_ptr[cell], last = plan.port_ptr[cell + 1];
  if (first == last) return;
  V total{};
  for (int t = 0; t < num_steps; ++t) total += y[t];
  for (int n = first; n < last; ++n) scores[plan.port_class[n]] += plan.signed_gain(n, gain) * total;
}

}  // namespace LW_LEVEL
}  // namespace latticework
