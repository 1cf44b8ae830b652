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
    pair_now_ = scratch.take<V>(groups);
  }

  void run(const Direct<T>& direct, const NoiseKey& key, V* sums) {
    const size_t size = static_cast<size_t>(num_groups_) * (plan_.num_pairs + num_idle_);
    for (size_t n = 0; n < size; ++n) influence_[n] = V{};
    for (int k = 0; k < plan_.num_cells; ++k) {
      state_[k] = V{};
      reached_[k] = direct.fill(k, direct_ + static_cast<size_t>(k) * num_steps_);
    }
    // Cells of two inputs have loops of their own, in registers.
    if (num_groups_ == kMostGroups)
      run_steps<kMostGroups>(direct, key, sums);
    else
      run_steps<0>(direct, key, sums);
  }

 private:
  template <int GROUPS>
  void run_steps(const Direct<T>& direct, const NoiseKey& key, V* sums) {
    for (int t = 0; t < num_steps_; ++t) {
      advance_cells<GROUPS>(t);
      pass_messages(t, direct, key);
      learn_own<GROUPS>(sums);
      advance_pairs<GROUPS>(t, direct, key, sums);
      if (options_.trace_noise != 0 && num_cross_) add_trace_noise<GROUPS>(t, key, sums);
      if (options_.trace_bits == 0) continue;
      if (options_.trace_rounds_at_random)
        store_traces<true>(t, key);
      else
        store_traces<false>(t, key);
    }
  }

  // Members are copied before every loop: a store of a vector may alias any of them.
  template <int GROUPS>
  int num_groups() const {
    return GROUPS ? GROUPS : num_groups_;
  }
  V* influence(int pair) const { return influence_ + static_cast<size_t>(pair) * num_groups_; }

  // States, slopes and self traces.
  template <int GROUPS>
  void advance_cells(int t) {
    const int groups = num_groups<GROUPS>(), cells = plan_.num_cells, steps = num_steps_;
    const int32_t *in_ptr = plan_.in_ptr, *in_slot = plan_.in_slot;
    const Coefficients<T> of = coefficients_;
    const Sources<T> sources = sources_;
    V *slope = slope_, *state = state_, *own = influence_;
    for (int k = 0; k < cells; ++k, own += groups) {
      const V a = S::splat(of.decay[k]), c = S::splat(of.rise[k]);
      const V y = sources.outputs_of(k, steps)[t];
      slope[k] = T(1) - y * y;
      for (int n = 2; n < groups; ++n) own[n] *= a;
      V drive{};
      for (int n = in_ptr[k]; n < in_ptr[k + 1]; ++n) {
        const V u = sources.of(plan_, n, steps)[t];
        drive += of.weight[n] * u;
        own[2 + in_slot[n]] += c * u;
      }
      const V before = state[k];
      own[1] = a * own[1] + of.rate[k] * (before - drive);
      state[k] = a * before + c * drive;
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
    const bool has_messages = !options_.broadcast;
    const int32_t *out_ptr = plan_.out_ptr, *out_cell = plan_.out_cell, *out_input = plan_.out_input;
    const T* gain = coefficients_.gain;
    V *raws = raw_, *reads = read_;
    const V* slope = slope_;
    for (int k = plan_.num_cells - 1; k >= 0; --k) {
      V raw{};
      if (reached_[k]) raw = direct_[static_cast<size_t>(k) * num_steps_ + direct.stride() * t];
      if (has_messages)
        for (int n = out_ptr[k]; n < out_ptr[k + 1]; ++n) {
          const int user = out_cell[n];
          raw += gain[out_input[n]] * (slope[user] * reads[user]);
        }
      raws[k] = raw;
      reads[k] = read_message(raw, scale, normals);
    }
  }

  template <int GROUPS>
  void learn_own(V* sums) const {
    const int groups = num_groups<GROUPS>(), cells = plan_.num_cells;
    const V *own = influence_, *read = read_, *slope = slope_;
    for (int k = 0; k < cells; ++k, own += groups, sums += groups) {
      const V delta = read[k] * slope[k];
      sums[0] += delta;
      for (int n = 1; n < groups; ++n) sums[n] += delta * own[n];
    }
  }

  template <int GROUPS>
  void advance_pairs(int t, const Direct<T>& direct, const NoiseKey& key, V* sums) {
    const int groups = num_groups<GROUPS>(), cells = plan_.num_cells, pairs = plan_.num_pairs;
    const V scale = noise_scale(t, direct);
    Normals<T> normals(key, t, 1);
    const T bias = static_cast<T>(options_.subtraction_bias);
    const T keeps = static_cast<T>(1 - options_.trace_leak);
    const int32_t *targets = plan_.pair_target, *from_ptr = plan_.pair_in_ptr;
    const int32_t *from_pair = plan_.pair_in_pair, *from_input = plan_.pair_in_input;
    const int32_t* source = plan_.pair_source;
    const T *decay = coefficients_.decay, *gain = coefficients_.gain;
    const V *slope = slope_, *raw = raw_;
    V *all = influence_, *pair_weight = pair_weight_;
    V kept_squares[kMostGroups]{};
    V* squares = GROUPS ? kept_squares : squares_;
    for (int n = 0; n < groups; ++n) squares[n] = V{};
    for (int pair = cells; pair < pairs; ++pair) {
      const int target = targets[pair];
      const T leaking = decay[target] * keeps;
      const V weight = slope[target] * read_message(raw[target], scale, normals);
      pair_weight[pair - cells] = weight;
      V* out = sums + static_cast<size_t>(source[pair]) * groups;
      V* mine = all + static_cast<size_t>(pair) * groups;
      const int first = from_ptr[pair], last = from_ptr[pair + 1];
      V kept_here[kMostGroups], now_here[kMostGroups];
      V *kept = GROUPS ? kept_here : mine, *now = GROUPS ? now_here : pair_now_;
      for (int n = 0; n < groups; ++n) {
        kept[n] = leaking * mine[n];
        now[n] = kept[n];
      }
      for (int m = first; m < last; ++m) {
        // (ds_d/dy_p) O_pj
        const int from = from_pair[m];
        const V factor = gain[from_input[m]] * slope[targets[from]];
        const V* theirs = all + static_cast<size_t>(from) * groups;
        // A cell's bias acts on its output, not through its state.
        now[0] += factor * (from < cells ? theirs[0] + T(1) : theirs[0]);
        for (int n = 1; n < groups; ++n) now[n] += factor * theirs[n];
      }
      for (int n = 0; n < groups; ++n) {
        out[n] += weight * (kept[n] + bias * now[n]);
        mine[n] = now[n];
        squares[n] += now[n] * now[n];
      }
    }
    if (GROUPS)
      for (int n = 0; n < groups; ++n) squares_[n] = squares[n];
  }

  // Every cross trace, and every slot without a descendant, in units of their root mean square.
  // The slots lie behind the pairs.
  template <int GROUPS>
  void add_trace_noise(int t, const NoiseKey& key, V* sums) {
    const int groups = num_groups<GROUPS>(), num_cross = num_cross_, count = num_cross_ + num_idle_;
    const T bias = static_cast<T>(1 + options_.subtraction_bias);
    const int32_t* source = plan_.pair_source + plan_.num_cells;
    const V* pair_weight = pair_weight_;
    V* all = influence(plan_.num_cells);
    for (int n = 0; n < groups; ++n) {
      V square = squares_[n];
      for (int m = num_cross; m < count; ++m) {
        const V idle = all[static_cast<size_t>(m) * groups + n];
        square += idle * idle;
      }
      squares_[n] = static_cast<T>(options_.trace_noise) *
                    root(square / static_cast<T>(count) + T(kFloor));
    }
    for (int n = 0; n < groups; ++n) {
      Normals<T> normals(key, t, 2 + n);
      const V scale = squares_[n];
      V* to = sums + n;
      V* mine = all + n;
      for (int m = 0; m < count; ++m, mine += groups) {
        const V noise = scale * normals.next();
        *mine += noise;
        if (m < num_cross)
          to[static_cast<size_t>(source[m]) * groups] += bias * (pair_weight[m] * noise);
      }
    }
  }

  // Every trace as the next step finds it: fixed point with saturation.
  template <bool AT_RANDOM>
  void store_traces(int t, const NoiseKey& key) {
    const T half = static_cast<T>(int64_t{1} << (options_.trace_bits - 1));
    const V step = S::splat(static_cast<T>(options_.trace_limit) / half), per_step = T(1) / step;
    const T lowest = -half, highest = half - 1;
    Uniforms<T> uniforms(key, t, kRoundingStream);
    const size_t size = static_cast<size_t>(num_groups_) * plan_.num_pairs;
    V* all = influence_;
    for (size_t n = 0; n < size; ++n) {
      // Within the limits before rounding, which holds for small numbers only.
      V code = clamp<T>(all[n] * per_step, lowest, highest);
      code = AT_RANDOM ? clamp<T>(round_down<T>(code + uniforms.next()), lowest, highest)
                       : round_to_whole(code);
      all[n] = step * code;
    }
  }

  static LW_INLINE V root(V x) {
    for (int n = 0; n < S::width; ++n) x[n] = square_root(x[n]);
    return x;
  }

  static constexpr int kMostGroups = 4;  // that a loop of its own is made for
  static constexpr uint32_t kRoundingStream = 0x10000;
  static constexpr double kFloor = 1e-12;  // under every root mean square, as published

  const Plan& plan_;
  const Options& options_;
  const Coefficients<T>& coefficients_;
  const Sources<T>& sources_;
  const int num_steps_, num_groups_, num_cross_, num_idle_;
  V *influence_, *state_, *slope_, *raw_, *read_, *pair_weight_, *direct_, *squares_, *pair_now_;
  int32_t* reached_;
};

}  // namespace LW_LEVEL
}  // namespace latticework
