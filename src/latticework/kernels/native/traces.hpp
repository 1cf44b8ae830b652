// Forward eligibility traces, step by step: for noise, and for wirings where hops are not levels.
//
// The same recursion as rules/traces.py and rules/online.py: for every kept pair (j, d)
//
//   J_dj(t) = a_d J_dj(t-1) + sum_p (ds_d/dy_p) O_pj(t) + [d = j] I_j(t)
//   O_pj(t) = F_p J_pj(t) + [p = j] dy_j/dtheta_j
//   direction_j = sum_t m_j O_jj(t) + sum_{d != j} m_d F_d a_d J_dj(t-1)
//
// with the non-idealities of rules/non_idealities.py. Parameters of a pair are those of its source:
// bias, log_tau, slots, in this order.
#pragma once

#include "adjoint.hpp"
#include "noise.hpp"

namespace latticework {
namespace LW_LEVEL {

template <class T>
class Traces {
 public:
  typedef Simd<T> S;
  typedef typename S::V V;

  Traces(const Plan& plan, const Options& options, const Coefficients<T>& coefficients,
         const Sources<T>& sources, int num_steps, Scratch& scratch)
      : plan_(plan), options_(options), coefficients_(coefficients), sources_(sources),
        num_steps_(num_steps), num_groups_(plan.num_slots + 2),
        num_cross_(plan.num_pairs > plan.num_cells ? plan.num_pairs - plan.num_cells : 0),
        num_idle_(options.trace_noise != 0 && num_cross_ ? plan.num_idle : 0) {
    const size_t cells = plan.num_cells, groups = num_groups_;
    influence_ = scratch.take<V>(groups * (plan.num_pairs + num_idle_));
    state_ = scratch.take<V>(cells);
    slope_ = scratch.take<V>(cells);
    raw_ = scratch.take<V>(cells);
    read_ = scratch.take<V>(cells);
    pair_weight_ = scratch.take<V>(num_cross_);
    direct_ = scratch.take<V>(static_cast<size_t>(num_steps) * cells);
    reached_ = scratch.take<int32_t>(cells);
    squares_ = scratch.take<V>(groups);
  }

  void run(const Direct<T>& direct, const NoiseKey& key, V* sums) {
    const size_t size = static_cast<size_t>(num_groups_) * (plan_.num_pairs + num_idle_);
    for (size_t n = 0; n < size; ++n) influence_[n] = V{};
    for (int k = 0; k < plan_.num_cells; ++k) {
      state_[k] = V{};
      reached_[k] = direct.fill(k, direct_ + static_cast<size_t>(k) * num_steps_);
    }
    for (int t = 0; t < num_steps_; ++t) {
      advance_cells(t);
      pass_messages(t, direct, key);
      learn_own(sums);
      advance_pairs(t, direct, key, sums);
      if (options_.trace_noise != 0 && num_cross_) add_trace_noise(t, key, sums);
      if (options_.trace_bits) store_traces(t, key);
    }
  }

 private:
  V* influence(int pair) const { return influence_ + static_cast<size_t>(pair) * num_groups_; }

  // States, slopes and self traces.
  void advance_cells(int t) {
    for (int k = 0; k < plan_.num_cells; ++k) {
      const V a = S::splat(coefficients_.decay[k]), c = S::splat(coefficients_.rise[k]);
      const V y = sources_.outputs_of(k, num_steps_)[t];
      slope_[k] = T(1) - y * y;
      V* own = influence(k);
      for (int n = 2; n < num_groups_; ++n) own[n] *= a;
      V drive{};
      for (int n = plan_.in_ptr[k]; n < plan_.in_ptr[k + 1]; ++n) {
        const V u = sources_.of(plan_, n, num_steps_)[t];
        drive += coefficients_.weight[n] * u;
        own[2 + plan_.in_slot[n]] += c * u;
      }
      own[1] = a * own[1] + coefficients_.rate[k] * (state_[k] - drive);
      state_[k] = a * state_[k] + c * drive;
    }
  }

  V read_message(V raw, V scale, Normals<T>& normals) const {
    if (options_.message_noise != 0) raw += scale * normals.next();
    const T positive = static_cast<T>(options_.gain_positive);
    const T negative = static_cast<T>(options_.gain_negative);
    return raw * (raw > T(0) ? S::splat(positive) : S::splat(negative));
  }

  // Standard deviation of a reading's noise: in units of the step's readout gradient.
  V noise_scale(int t, const Direct<T>& direct) const {
    if (options_.message_noise == 0) return V{};
    const V* error = direct.error + (direct.stride() ? static_cast<size_t>(t) : 0) * plan_.num_classes;
    V total{};
    for (int c = 0; c < plan_.num_classes; ++c) total += error[c] * error[c];
    return static_cast<T>(options_.message_noise) *
           root(total / static_cast<T>(plan_.num_classes) + T(kFloor));
  }

  void pass_messages(int t, const Direct<T>& direct, const NoiseKey& key) {
    const V scale = noise_scale(t, direct);
    Normals<T> normals(key, t, 0);
    for (int k = plan_.num_cells - 1; k >= 0; --k) {
      V raw{};
      if (reached_[k]) raw = direct_[static_cast<size_t>(k) * num_steps_ + direct.stride() * t];
      if (!options_.broadcast)
        for (int n = plan_.out_ptr[k]; n < plan_.out_ptr[k + 1]; ++n) {
          const int user = plan_.out_cell[n];
          raw += coefficients_.gain[plan_.out_input[n]] * (slope_[user] * read_[user]);
        }
      raw_[k] = raw;
      read_[k] = read_message(raw, scale, normals);
    }
  }

  void learn_own(V* sums) const {
    for (int k = 0; k < plan_.num_cells; ++k) {
      const V delta = read_[k] * slope_[k];
      const V* own = influence(k);
      V* out = sums + static_cast<size_t>(k) * num_groups_;
      out[0] += delta;
      for (int n = 1; n < num_groups_; ++n) out[n] += delta * own[n];
    }
  }

  void advance_pairs(int t, const Direct<T>& direct, const NoiseKey& key, V* sums) {
    const V scale = noise_scale(t, direct);
    Normals<T> normals(key, t, 1);
    const T bias = static_cast<T>(options_.subtraction_bias);
    for (int n = 0; n < num_groups_; ++n) squares_[n] = V{};
    for (int pair = plan_.num_cells; pair < plan_.num_pairs; ++pair) {
      const int target = plan_.pair_target[pair];
      const T leaking = coefficients_.decay[target] * static_cast<T>(1 - options_.trace_leak);
      const V weight = slope_[target] * read_message(raw_[target], scale, normals);
      pair_weight_[pair - plan_.num_cells] = weight;
      V* out = sums + static_cast<size_t>(plan_.pair_source[pair]) * num_groups_;
      V* mine = influence(pair);
      const int first = plan_.pair_in_ptr[pair], last = plan_.pair_in_ptr[pair + 1];
      for (int n = 0; n < num_groups_; ++n) {
        const V kept = leaking * mine[n];
        V now = kept;
        for (int m = first; m < last; ++m) now += inflow(m, n);
        mine[n] = now;
        out[n] += weight * (kept + bias * now);
        squares_[n] += now * now;
      }
    }
  }

  // (ds_d/dy_p) O_pj of one parameter.
  LW_INLINE V inflow(int pair_input, int group) const {
    const int from = plan_.pair_in_pair[pair_input];
    const V factor =
        coefficients_.gain[plan_.pair_in_input[pair_input]] * slope_[plan_.pair_target[from]];
    const V own = influence(from)[group];
    // A cell's bias acts on its output, not through its state.
    return factor * (group == 0 && from < plan_.num_cells ? own + T(1) : own);
  }

  // Every cross trace, and every slot without a descendant, in units of their root mean square.
  void add_trace_noise(int t, const NoiseKey& key, V* sums) {
    const T size = static_cast<T>(num_cross_ + num_idle_);
    const T bias = static_cast<T>(1 + options_.subtraction_bias);
    for (int n = 0; n < num_groups_; ++n) {
      Normals<T> normals(key, t, 2 + n);
      V square = squares_[n];
      for (int m = 0; m < num_idle_; ++m) square += idle(m, n) * idle(m, n);
      const V scale = static_cast<T>(options_.trace_noise) * root(square / size + T(kFloor));
      for (int m = 0; m < num_cross_; ++m) {
        const V noise = scale * normals.next();
        const int pair = plan_.num_cells + m;
        influence(pair)[n] += noise;
        sums[static_cast<size_t>(plan_.pair_source[pair]) * num_groups_ + n] +=
            bias * (pair_weight_[m] * noise);
      }
      for (int m = 0; m < num_idle_; ++m) idle(m, n) += scale * normals.next();
    }
  }

  // Every trace as the next step finds it: fixed point with saturation.
  void store_traces(int t, const NoiseKey& key) {
    const T half = static_cast<T>(int64_t{1} << (options_.trace_bits - 1));
    const T step = static_cast<T>(options_.trace_limit) / half, per_step = T(1) / step;
    Uniforms<T> uniforms(key, t, kRoundingStream);
    const size_t size = static_cast<size_t>(num_groups_) * plan_.num_pairs;
    for (size_t n = 0; n < size; ++n) {
      V code = influence_[n] * per_step;
      // Within the limits first, so that the conversion to integers is defined.
      code = code < -half ? S::splat(-half) : code;
      code = code > half - 1 ? S::splat(half - 1) : code;
      code = options_.trace_rounds_at_random ? round_down<T>(code + uniforms.next())
                                             : round_to_whole(code);
      influence_[n] = step * (code > half - 1 ? S::splat(half - 1) : code);
    }
  }

  V& idle(int which, int group) const { return influence(plan_.num_pairs + which)[group]; }

  static LW_INLINE V root(V x) {
    for (int n = 0; n < S::width; ++n) x[n] = square_root(x[n]);
    return x;
  }

  static constexpr uint32_t kRoundingStream = 0x10000;
  static constexpr double kFloor = 1e-12;  // under every root mean square, as published

  const Plan& plan_;
  const Options& options_;
  const Coefficients<T>& coefficients_;
  const Sources<T>& sources_;
  const int num_steps_, num_groups_, num_cross_, num_idle_;
  V *influence_, *state_, *slope_, *raw_, *read_, *pair_weight_, *direct_, *squares_;
  int32_t* reached_;
};

}  // namespace LW_LEVEL
}  // namespace latticework
