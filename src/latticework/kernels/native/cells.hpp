// What every pass needs of the parameters: decay a, rise c = 1 - a, c times the weights.
#pragma once

#include "kernels.hpp"
#include "maths.hpp"
#include "scratch.hpp"

namespace latticework {
namespace LW_LEVEL {

// Lengths are rounded up to whole vectors.
template <class T>
struct Coefficients {
  T* decay;  // [cell] a = exp(-dt / tau)
  T* rise;   // [cell] 1 - a
  T* rate;   // [cell] a dt / tau: ds(t)/dlog_tau at fixed s(t-1) is rate (s(t-1) - drive(t))
  T* bias;   // [cell]
  T* gain;   // [input] rise times weight: ds/du
  T* weight; // [input]

  static int padded(int count) {
    constexpr int width = Simd<T>::width;
    return (count + width - 1) / width * width;
  }

  Coefficients(const Plan& plan, Scratch& scratch) {
    const int cells = padded(plan.num_cells);
    decay = scratch.take<T>(cells);
    rise = scratch.take<T>(cells);
    rate = scratch.take<T>(cells);
    bias = scratch.take<T>(cells);
    gain = scratch.take<T>(plan.num_inputs);
    weight = scratch.take<T>(plan.num_inputs);
  }

  // decay, rise and rate of `count` cells; the arrays have room for whole vectors.
  static LW_INLINE void from_log_tau(typename Simd<T>::V log_tau, T dt, typename Simd<T>::V& decay,
                                     typename Simd<T>::V& rise, typename Simd<T>::V& rate) {
    const auto steps = dt * exponential<T>(-log_tau);
    decay = exponential<T>(-steps);
    rise = -expm1<T>(-steps);
    rate = decay * steps;
  }

  void fill(const Plan& plan, const Options& options, const T* log_tau, const T* weights,
            const T* biases) {
    typedef Simd<T> S;
    const T dt = static_cast<T>(options.dt);
    for (int k = 0; k < padded(plan.num_cells); ++k) {
      bias[k] = k < plan.num_cells ? biases[k] : T(0);
      decay[k] = k < plan.num_cells ? log_tau[k] : T(0);
    }
    for (int k = 0; k < plan.num_cells; k += S::width) {
      typename S::V a, c, r;
      from_log_tau(S::load(decay + k), dt, a, c, r);
      S::store(decay + k, a);
      S::store(rise + k, c);
      S::store(rate + k, r);
    }
    for (int k = 0; k < plan.num_cells; ++k)
      for (int n = plan.in_ptr[k]; n < plan.in_ptr[k + 1]; ++n)
        weight[n] = weights[static_cast<size_t>(k) * plan.num_slots + plan.in_slot[n]];
    for (int k = 0; k < plan.num_cells; ++k)
      for (int n = plan.in_ptr[k]; n < plan.in_ptr[k + 1]; ++n) gain[n] = rise[k] * weight[n];
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
