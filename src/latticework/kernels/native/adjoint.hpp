// The pass back without traces: lanes are examples; one cell after the other, users first.
//
// With F = 1 - y^2, m the message, delta = m F and A^n(t) the adjoint of a trace n hops from its
// source (see skewed_adjoint.py for the same in Python):
//
//   A^n_d(t) = a_d (delta_d(t+1) + A^n_d(t+1)) + F_d sum_s ds_s/dy_d A^{n+1}_s(t)
//   direction_k = sum_t I_k(t) v_k(t) + dy_k/dtheta (m_k + sum_s ds_s/dy_k A^1_s(t))
//   v = delta + A^0
//
// The immediate Jacobian of a weight is c u(t); that of log_tau is rate (s(t-1) - drive(t)). States
// are not kept: with p(t) = v(t+1) + a p(t+1),
//
//   sum_t v(t) s(t-1) = sum_t c drive(t) p(t),    drive = sum_n w_n u_n
//
// so that all a cell needs are the sums over t of v u_n and of p u_n.
#pragma once

#include "forward.hpp"

namespace latticework {
namespace LW_LEVEL {

enum class Mode {
  kExact,   // one level that feeds itself: v is what predecessors need
  kSelf,    // hops = 0: predecessors need delta
  kOneHop,  // hops = 1: predecessors need delta and A^1
};

// One cell with its surroundings; two users and two inputs at most, the rest comes prepared.
template <class T>
struct Back {
  typedef typename Simd<T>::V V;
  int num_steps;
  T decay;
  const V* y;
  const V* u[2];
  T gain_out[2];       // ds_s/dy of the users
  const V* delta[2];   // the users' delta (or v)
  const V* ahead[2];   // the users' A^1
  const V* base;       // what else is in the message
  size_t base_stride;  // 0: the same at all steps
  const V* base_ahead; // what else is in the sum over A^1; null: nothing
  V* delta_out;
  V* ahead_out;
  V* v_out;            // null unless there are more inputs
  V* p_out;
  // Sums over time.
  V bias, by_input[2], past[2];
};

template <class T, Mode MODE, int OUT, int IN, bool MORE_OUT, bool MORE_IN>
void back_cell(Back<T>& cell) {
  typedef Simd<T> S;
  typedef typename S::V V;
  const V a = S::splat(cell.decay);
  const V c0 = S::splat(OUT > 0 ? cell.gain_out[0] : T(0));
  const V c1 = S::splat(OUT > 1 ? cell.gain_out[1] : T(0));
  const V* const y = cell.y;
  const V *const u0 = cell.u[0], *const u1 = cell.u[1];
  const V *const d0 = cell.delta[0], *const d1 = cell.delta[1];
  const V *const a0 = cell.ahead[0], *const a1 = cell.ahead[1];
  V bias{}, g0{}, g1{}, h0{}, h1{}, v{}, p{}, w{};
  for (int t = cell.num_steps - 1; t >= 0; --t) {
    V m = cell.base[t * cell.base_stride];
    if (OUT > 0) m = c0 * d0[t] + m;
    if (OUT > 1) m = c1 * d1[t] + m;
    const V slope = T(1) - y[t] * y[t];
    const V delta = slope * m;
    V inner = delta;
    if (MODE == Mode::kOneHop && (OUT > 0 || MORE_OUT)) {
      V ahead = MORE_OUT ? cell.base_ahead[t] : V{};
      if (OUT > 0) ahead = c0 * a0[t] + ahead;
      if (OUT > 1) ahead = c1 * a1[t] + ahead;
      inner = slope * ahead + delta;
    }
    bias += inner;
    p = a * p + v;
    v = a * v + inner;
    if (MODE == Mode::kOneHop) {
      const V kept = a * w;
      w = kept + delta;
      cell.ahead_out[t] = kept;
    }
    cell.delta_out[t] = MODE == Mode::kExact ? v : delta;
    if (IN > 0) g0 += v * u0[t], h0 += p * u0[t];
    if (IN > 1) g1 += v * u1[t], h1 += p * u1[t];
    if (MORE_IN) cell.v_out[t] = v, cell.p_out[t] = p;
  }
  cell.bias = bias;
  cell.by_input[0] = g0, cell.by_input[1] = g1;
  cell.past[0] = h0, cell.past[1] = h1;
}

template <class T, Mode MODE, int OUT, bool MORE_OUT>
void back_by_inputs(Back<T>& cell, int num_inputs) {
  switch (num_inputs) {
    case 0: return back_cell<T, MODE, OUT, 0, MORE_OUT, false>(cell);
    case 1: return back_cell<T, MODE, OUT, 1, MORE_OUT, false>(cell);
    case 2: return back_cell<T, MODE, OUT, 2, MORE_OUT, false>(cell);
    default: return back_cell<T, MODE, OUT, 2, MORE_OUT, true>(cell);
  }
}

template <class T, Mode MODE>
void back_by_users(Back<T>& cell, int num_users, int num_inputs) {
  switch (num_users) {
    case 0: return back_by_inputs<T, MODE, 0, false>(cell, num_inputs);
    case 1: return back_by_inputs<T, MODE, 1, false>(cell, num_inputs);
    case 2: return back_by_inputs<T, MODE, 2, false>(cell, num_inputs);
    default: return back_by_inputs<T, MODE, 2, true>(cell, num_inputs);
  }
}

// How many arrays [time] a cell leaves for its predecessors, and which.
struct Levels {
  int count;
  bool wraps;
  explicit Levels(const Options& options) : count(options.num_levels), wraps(options.wraps) {}

  int next(int level) const { return level + 1 < count ? level + 1 : (wraps ? level : -1); }
  // Array 0 is delta; a level that is pulled has the array of its number, or 1.
  int array(int level) const { return count == 1 ? 1 : level; }
  int first_pulled() const { return count == 1 ? 0 : 1; }
  int num_arrays() const { return count == 1 ? (wraps ? 2 : 1) : count; }
};

// The direct signal: what reaches a cell's output from outside the lattice.
template <class T>
struct Direct {
  typedef typename Simd<T>::V V;
  const Plan& plan;
  const Options& options;
  const double* feedback;  // [cell, class] or null
  const V* error;          // [class], or [time, class] if the loss is per step
  int num_steps;

  // Fills `buffer` (one vector, or [time]) for a cell; false if nothing reaches it.
  bool fill(int cell, V* buffer) const {
    const int first = plan.port_ptr[cell], last = plan.port_ptr[cell + 1];
    const int steps = options.per_step_loss ? num_steps : 1;
    if (first == last && !feedback) return false;
    const T gain = static_cast<T>(options.readout_gain);
    const double* row = feedback ? feedback + static_cast<size_t>(cell) * plan.num_classes : nullptr;
    for (int t = 0; t < steps; ++t) {
      const V* now = error + static_cast<size_t>(t) * plan.num_classes;
      V total{};
      for (int n = first; n < last; ++n) total += plan.signed_gain(n, gain) * now[plan.port_class[n]];
      if (row)
        for (int c = 0; c < plan.num_classes; ++c) total += static_cast<T>(row[c]) * now[c];
      buffer[t] = total;
    }
    return true;
  }
  size_t stride() const { return options.per_step_loss ? 1 : 0; }
};

// The whole pass back over one block, adding to `sums`: per cell bias, log_tau and each slot.
template <class T>
class Adjoint {
 public:
  typedef Simd<T> S;
  typedef typename S::V V;

  Adjoint(const Plan& plan, const Options& options, const Coefficients<T>& coefficients,
          const Sources<T>& sources, int num_steps, Scratch& scratch)
      : plan_(plan), options_(options), levels_(options), coefficients_(coefficients),
        sources_(sources), num_steps_(num_steps) {
    const size_t steps = num_steps;
    num_arrays_ = levels_.num_arrays();
    rows_ = scratch.take<V>(steps * num_arrays_ * plan.num_message_rows);
    base_ = scratch.take<V>(steps);
    pulled_ = scratch.take<V>(steps);
    slope_ = scratch.take<V>(steps);
    v_ = scratch.take<V>(steps);
    p_ = scratch.take<V>(steps);
    zero_ = scratch.take<V>(1);
  }

  void run(const Direct<T>& direct, V* sums) {
    *zero_ = V{};
    const bool is_plain = !options_.has_gains() && !options_.broadcast &&
                          options_.trace_leak == 0 && options_.subtraction_bias == 0;
    const bool one = levels_.count == 1;
    for (int cell = plan_.num_cells - 1; cell >= 0; --cell) {
      V* out = sums + static_cast<size_t>(cell) * (plan_.num_slots + 2);
      if (is_plain && one && levels_.wraps)
        fast<Mode::kExact>(cell, direct, out);
      else if (is_plain && one)
        fast<Mode::kSelf>(cell, direct, out);
      else if (is_plain && levels_.count == 2 && !levels_.wraps)
        fast<Mode::kOneHop>(cell, direct, out);
      else
        general(cell, direct, out);
    }
  }

 private:
  V* array(int cell, int which) const {
    const size_t row = plan_.message_row[cell];
    return rows_ + (row * num_arrays_ + which) * num_steps_;
  }

  // out[t] += the sum over users `first`.. of ds_s/dy times their array.
  void pull(int cell, int first, int which, V* out) const {
    for (int n = plan_.out_ptr[cell] + first; n < plan_.out_ptr[cell + 1]; ++n) {
      const V gain = S::splat(coefficients_.gain[plan_.out_input[n]]);
      const V* from = array(plan_.out_cell[n], which);
      for (int t = 0; t < num_steps_; ++t) out[t] += gain * from[t];
    }
  }

  void clear(V* out) const {
    for (int t = 0; t < num_steps_; ++t) out[t] = V{};
  }

  template <Mode MODE>
  void fast(int cell, const Direct<T>& direct, V* out) {
    Back<T> back{};
    const int users = plan_.out_ptr[cell + 1] - plan_.out_ptr[cell];
    const int first = plan_.in_ptr[cell], inputs = plan_.in_ptr[cell + 1] - first;
    back.num_steps = num_steps_;
    back.decay = coefficients_.decay[cell];
    back.y = sources_.outputs_of(cell, num_steps_);
    for (int n = 0; n < inputs && n < 2; ++n) back.u[n] = sources_.of(plan_, first + n, num_steps_);
    for (int n = 0; n < users && n < 2; ++n) {
      const int edge = plan_.out_ptr[cell] + n;
      back.gain_out[n] = coefficients_.gain[plan_.out_input[edge]];
      back.delta[n] = array(plan_.out_cell[edge], 0);
      if (MODE == Mode::kOneHop) back.ahead[n] = array(plan_.out_cell[edge], 1);
    }
    back.delta_out = array(cell, 0);
    if (MODE == Mode::kOneHop) back.ahead_out = array(cell, 1);
    back.v_out = v_;
    back.p_out = p_;
    const bool reached = direct.fill(cell, base_);
    back.base = reached ? base_ : zero_;
    back.base_stride = reached ? direct.stride() : 0;
    if (users > 2) prepare_more_users<MODE>(cell, back);
    back_by_users<T, MODE>(back, users, inputs);
    V tau{};
    for (int n = 0; n < inputs && n < 2; ++n)
      add_input(first + n, back.by_input[n], back.past[n], tau, out);
    for (int n = 2; n < inputs; ++n) add_input_from_rows(first + n, tau, out);
    out[0] += back.bias;
    out[1] += tau;
  }

  template <Mode MODE>
  void prepare_more_users(int cell, Back<T>& back) {
    if (back.base_stride == 0) {
      const V constant = *back.base;
      for (int t = 0; t < num_steps_; ++t) base_[t] = constant;
    }
    pull(cell, 2, 0, base_);
    back.base = base_;
    back.base_stride = 1;
    if (MODE != Mode::kOneHop) return;
    clear(pulled_);
    pull(cell, 2, 1, pulled_);
    back.base_ahead = pulled_;
  }

  // Sums over time of v u and p u of one input, to its weight and to log_tau.
  void add_input(int input, V by_input, V past, V& tau, V* out) const {
    tau += coefficients_.gain[input] * past - coefficients_.weight[input] * by_input;
    out[2 + plan_.in_slot[input]] += by_input;
  }

  void add_input_from_rows(int input, V& tau, V* out) const {
    const V* u = sources_.of(plan_, input, num_steps_);
    V by_input{}, past{};
    for (int t = 0; t < num_steps_; ++t) {
      by_input += v_[t] * u[t];
      past += p_[t] * u[t];
    }
    add_input(input, by_input, past, tau, out);
  }

  // Any number of levels, gains by sign, leak, subtraction bias, broadcast: a pass over time for
  // delta, and one for each level.
  void general(int cell, const Direct<T>& direct, V* out) {
    const bool reached = direct.fill(cell, base_);
    if (!reached) {
      clear(base_);
    } else if (direct.stride() == 0) {
      const V constant = *base_;
      for (int t = 0; t < num_steps_; ++t) base_[t] = constant;
    }
    if (!options_.broadcast) pull(cell, 0, 0, base_);
    find_delta(cell);
    for (int level = levels_.count - 1; level > 0; --level) level_by_users<false>(cell, level);
    out[0] += level_by_users<true>(cell, 0);
    V tau{};
    for (int n = plan_.in_ptr[cell]; n < plan_.in_ptr[cell + 1]; ++n)
      add_input_from_rows(n, tau, out);
    out[1] += tau;
  }

  void find_delta(int cell) {
    const V* y = sources_.outputs_of(cell, num_steps_);
    const V positive = S::splat(static_cast<T>(options_.gain_positive));
    const V negative = S::splat(static_cast<T>(options_.gain_negative));
    V* delta = array(cell, 0);
    for (int t = 0; t < num_steps_; ++t) {
      slope_[t] = T(1) - y[t] * y[t];
      delta[t] = slope_[t] * (base_[t] * (base_[t] > T(0) ? positive : negative));
    }
  }

  // A level of one cell, which hears the next level of the users, at most two of them.
  struct Pass {
    T decay, bias;  // bias: what subtraction adds, in parts of delta
    T gain[2];
    const V* next[2];
    V* out;  // null unless predecessors hear it
  };

  template <bool FIRST>
  V level_by_users(int cell, int level) {
    const int first = plan_.out_ptr[cell], users = plan_.out_ptr[cell + 1] - first;
    const int next = levels_.next(level);
    Pass one{coefficients_.decay[cell], T(0), {T(1), T(1)}, {nullptr, nullptr}, nullptr};
    if (level > 0) {
      one.decay *= static_cast<T>(1 - options_.trace_leak);
      one.bias = static_cast<T>(options_.subtraction_bias);
    }
    if (level >= levels_.first_pulled() && levels_.next(0) >= 0)
      one.out = array(cell, levels_.array(level));
    if (next < 0 || users == 0) return level_steps<FIRST, 0>(cell, one);
    if (users > 2) {
      clear(pulled_);
      pull(cell, 0, levels_.array(next), pulled_);
      one.next[0] = pulled_;
      return level_steps<FIRST, 1>(cell, one);
    }
    for (int n = 0; n < users; ++n) {
      one.gain[n] = coefficients_.gain[plan_.out_input[first + n]];
      one.next[n] = array(plan_.out_cell[first + n], levels_.array(next));
    }
    return users == 1 ? level_steps<FIRST, 1>(cell, one) : level_steps<FIRST, 2>(cell, one);
  }

  // The first level leaves v and p as well, and returns the sum for the bias.
  template <bool FIRST, int OUT>
  V level_steps(int cell, const Pass& level) {
    const V* const delta = array(cell, 0);
    const V* const slope = slope_;
    const V *const n0 = level.next[0], *const n1 = level.next[1];
    const V c0 = S::splat(level.gain[0]), c1 = S::splat(level.gain[1]);
    const V a = S::splat(level.decay), bias = S::splat(level.bias);
    V* const out = level.out;
    V kept{}, p{}, sum{};
    for (int t = num_steps_ - 1; t >= 0; --t) {
      const V own = delta[t];
      V pulled{};
      if (OUT > 0) pulled = c0 * n0[t];
      if (OUT > 1) pulled = c1 * n1[t] + pulled;
      const V ahead = FIRST ? slope[t] * pulled : slope[t] * pulled + bias * own;
      if (FIRST) {
        sum += ahead + own;
        p = a * p + kept;
        p_[t] = p;
      }
      if (out) out[t] = a * kept + ahead;
      kept = a * kept + (ahead + own);
      if (FIRST) v_[t] = kept;
    }
    return sum;
  }

  const Plan& plan_;
  const Options& options_;
  const Levels levels_;
  const Coefficients<T>& coefficients_;
  const Sources<T>& sources_;
  const int num_steps_;
  int num_arrays_;
  V *rows_, *base_, *pulled_, *slope_, *v_, *p_, *zero_;
};

}  // namespace LW_LEVEL
}  // namespace latticework
