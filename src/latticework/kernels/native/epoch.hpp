// Plain SGD, one example after the other, many in one call: lanes are time steps.
//
// The same adjoint as in adjoint.hpp, a whole vector of steps at a time: the recurrences in time are
// linear, so they are done by scans. Cells are taken by depth, so that neighbours in this order do
// not wait for each other.
#pragma once

#include "adjoint.hpp"
#include "loss.hpp"
#include "scan.hpp"

namespace latticework {
namespace LW_LEVEL {

template <class T>
class Trainer {
 public:
  typedef Simd<T> S;
  typedef typename S::V V;
  static constexpr int width = S::width;

  Trainer(const Epoch& epoch, Scratch& scratch)
      : epoch_(epoch), plan_(*epoch.plan), options_(*epoch.options), levels_(*epoch.options),
        num_steps_(epoch.num_steps), num_vectors_((epoch.num_steps + width - 1) / width),
        coefficients_(*epoch.plan, scratch) {
    const size_t cells = plan_.num_cells, row = num_vectors_;
    num_arrays_ = levels_.num_arrays();
    outputs_ = scratch.take<V>(cells * row);
    states_ = scratch.take<V>(cells * (row + 1));
    channels_ = scratch.take<V>(static_cast<size_t>(plan_.num_channels) * row);
    messages_ = scratch.take<V>(cells * num_arrays_ * row);
    base_ = scratch.take<V>(row);
    nothing_ = scratch.take<V>(row);
    mask_ = scratch.take<V>(row);
    pulled_ = scratch.take<V>(levels_.count + 1);
    behind_ = scratch.take<T>(levels_.count + 1);
    sums_ = scratch.take<V>(Coefficients<T>::padded(2 * plan_.num_cells + plan_.num_inputs));
    totals_ = scratch.take<T>(Coefficients<T>::padded(2 * plan_.num_cells + plan_.num_inputs));
    scores_ = scratch.take<T>(Coefficients<T>::padded(plan_.num_classes));
    errors_ = scratch.take<T>(Coefficients<T>::padded(plan_.num_classes) *
                              static_cast<size_t>(options_.per_step_loss ? num_steps_ : 1));
    log_tau_ = scratch.take<T>(Coefficients<T>::padded(plan_.num_cells));
  }

  void run(int seed) {
    const size_t cells = plan_.num_cells, slots = plan_.num_slots;
    T* log_tau = static_cast<T*>(epoch_.log_tau) + seed * cells;
    T* weight = static_cast<T*>(epoch_.weight) + seed * cells * slots;
    T* bias = static_cast<T*>(epoch_.bias) + seed * cells;
    clear();
    coefficients_.fill(plan_, options_, log_tau, weight, bias);
    for (size_t k = 0; k < cells; ++k) log_tau_[k] = log_tau[k];
    const int32_t* order = epoch_.order + static_cast<size_t>(seed) * epoch_.order_length;
    T loss = 0, correct = 0;
    for (int step = epoch_.start; step < epoch_.stop; ++step) {
      const int32_t example = order[step];
      if (example < 0 || example >= epoch_.num_examples) continue;
      const int32_t given = epoch_.targets[example];
      const int target = given >= 0 && given < plan_.num_classes ? given : 0;
      load(example);
      for (int n = 0; n < plan_.num_cells; ++n) forward(plan_.by_depth[n]);
      correct += is_right(target) ? T(1) : T(0);
      loss += find_errors(target);
      for (int n = plan_.num_cells - 1; n >= 0; --n) back(plan_.by_depth[n]);
      descend();
    }
    for (size_t k = 0; k < cells; ++k) {
      log_tau[k] = log_tau_[k];
      bias[k] = coefficients_.bias[k];
      for (int n = plan_.in_ptr[k]; n < plan_.in_ptr[k + 1]; ++n)
        weight[k * slots + plan_.in_slot[n]] = coefficients_.weight[n];
    }
    static_cast<T*>(epoch_.loss)[seed] = loss;
    static_cast<T*>(epoch_.correct)[seed] = correct;
  }

 private:
  void clear() {
    const size_t row = num_vectors_;
    for (size_t n = 0; n < row * plan_.num_channels; ++n) channels_[n] = V{};
    for (int k = 0; k < plan_.num_cells; ++k) states_[k * (row + 1)] = V{};
    for (size_t n = 0; n < row; ++n) {
      nothing_[n] = V{};
      for (int lane = 0; lane < width; ++lane)
        mask_[n][lane] = static_cast<int>(n) * width + lane < num_steps_ ? T(1) : T(0);
    }
    const size_t count = 2 * plan_.num_cells + plan_.num_inputs;
    for (size_t n = 0; n < static_cast<size_t>(Coefficients<T>::padded(count)); ++n) sums_[n] = V{};
    for (int k = plan_.num_cells; k < Coefficients<T>::padded(plan_.num_cells); ++k)
      log_tau_[k] = T(0);
  }

  // Values to [channel, time]: what a byte of the example means, or a constant.
  void load(int32_t example) {
    const T* table = static_cast<const T*>(epoch_.table);
    const int channels = plan_.num_channels, steps = num_vectors_ * width;
    const int values = epoch_.num_values;
    const uint8_t* pixel = epoch_.pixels + static_cast<size_t>(example) * epoch_.num_bytes;
    const int32_t* code = epoch_.code;
    T* out = reinterpret_cast<T*>(channels_);
    for (int t = 0; t < num_steps_; ++t)
      for (int c = 0; c < channels; ++c, ++code)
        out[static_cast<size_t>(c) * steps + t] = table[*code < values ? *code : pixel[*code - values]];
  }

  const V* source(int input) const {
    const int from = plan_.in_source[input];
    const size_t row = num_vectors_;
    return from >= plan_.num_cells ? channels_ + (from - plan_.num_cells) * row
                                   : outputs_ + from * row;
  }
  // States start one step late: the vector at the time of a step holds the states before it.
  T* states_after(int cell) const {
    return reinterpret_cast<T*>(states_ + cell * (static_cast<size_t>(num_vectors_) + 1)) + width;
  }
  V* array(int cell, int which) const {
    return messages_ + (static_cast<size_t>(cell) * num_arrays_ + which) * num_vectors_;
  }

  void forward(int cell) {
    switch (plan_.in_ptr[cell + 1] - plan_.in_ptr[cell]) {
      case 1: return forward_of<1>(cell);
      case 2: return forward_of<2>(cell);
      default: return forward_of<-1>(cell);
    }
  }

  template <int IN>
  void forward_of(int cell) {
    const int first = plan_.in_ptr[cell];
    const int count = IN >= 0 ? IN : plan_.in_ptr[cell + 1] - first;
    const T* gain = coefficients_.gain + first;
    const V* u[2] = {IN > 0 ? source(first) : nullptr, IN > 1 ? source(first + 1) : nullptr};
    const Powers<T> powers(coefficients_.decay[cell]);
    const T bias = coefficients_.bias[cell];
    V* y = outputs_ + static_cast<size_t>(cell) * num_vectors_;
    T* s = states_after(cell);
    T before = 0;
    for (int n = 0; n < num_vectors_; ++n) {
      V drive{};
      if (IN > 0) drive = gain[0] * u[0][n];
      if (IN > 1) drive += gain[1] * u[1][n];
      if (IN < 0)
        for (int m = 0; m < count; ++m) drive += gain[m] * source(first + m)[n];
      const V state = powers.forwards(drive, before);
      before = state[width - 1];
      S::store(s + n * width, state);
      y[n] = hyperbolic_tangent(state + bias);
    }
  }

  // Fills the scores; whether the first of the largest is the target's.
  bool is_right(int target) {
    for (int c = 0; c < plan_.num_classes; ++c) scores_[c] = T(0);
    const T gain = static_cast<T>(options_.readout_gain);
    for (int k = 0; k < plan_.num_cells; ++k) {
      if (plan_.port_ptr[k] == plan_.port_ptr[k + 1]) continue;
      V sum{};
      for (int n = 0; n < num_vectors_; ++n)
        sum += mask_[n] * outputs_[static_cast<size_t>(k) * num_vectors_ + n];
      const T total = gain * S::sum(sum);
      for (int n = plan_.port_ptr[k]; n < plan_.port_ptr[k + 1]; ++n)
        scores_[plan_.port_class[n]] += plan_.signed_gain(n, total);
    }
    int best = 0;
    for (int c = 1; c < plan_.num_classes; ++c)
      if (scores_[c] > scores_[best]) best = c;
    return best == target;
  }

  // Cross entropy of `scores`, and factor (softmax - onehot).
  T error_of(const T* scores, int target, T factor, T* error) const {
    const int classes = plan_.num_classes;
    T top = scores[0], total = 0;
    for (int c = 1; c < classes; ++c) top = scores[c] > top ? scores[c] : top;
    for (int c = 0; c < classes; c += width) {
      V some{};
      for (int n = 0; n < width && c + n < classes; ++n) some[n] = scores[c + n] - top;
      S::store(error + c, exponential<T>(some));
    }
    for (int c = 0; c < classes; ++c) total += error[c];
    const T share = factor / total, own = scores[target];
    for (int c = 0; c < classes; ++c) error[c] *= share;
    error[target] -= factor;
    return logarithm(total) + top - own;
  }

  T find_errors(int target) {
    if (!options_.per_step_loss) return error_of(scores_, target, T(1), errors_);
    const int row = Coefficients<T>::padded(plan_.num_classes);
    const T share = T(1) / static_cast<T>(num_steps_), gain = static_cast<T>(options_.readout_gain);
    T loss = 0;
    for (int t = 0; t < num_steps_; ++t) {
      for (int c = 0; c < plan_.num_classes; ++c) scores_[c] = T(0);
      for (int k = 0; k < plan_.num_cells; ++k)
        for (int n = plan_.port_ptr[k]; n < plan_.port_ptr[k + 1]; ++n)
          scores_[plan_.port_class[n]] +=
              plan_.signed_gain(n, gain) *
              reinterpret_cast<const T*>(outputs_)[k * num_vectors_ * width + t];
      loss += error_of(scores_, target, share, errors_ + t * row);
    }
    return loss * share;
  }

  // What reaches a cell from outside the lattice, [time], zero after the sequence.
  const V* direct(int cell) {
    const int first = plan_.port_ptr[cell], last = plan_.port_ptr[cell + 1];
    const bool is_fed = options_.broadcast;
    if (first == last && !is_fed) return nothing_;
    const T gain = static_cast<T>(options_.readout_gain);
    const int classes = plan_.num_classes, row = Coefficients<T>::padded(classes);
    const double* feedback = epoch_.feedback + (is_fed ? static_cast<size_t>(cell) * classes : 0);
    const auto at = [&](const T* error) {
      T total = 0;
      for (int n = first; n < last; ++n) total += plan_.signed_gain(n, gain) * error[plan_.port_class[n]];
      for (int c = 0; is_fed && c < classes; ++c) total += static_cast<T>(feedback[c]) * error[c];
      return total;
    };
    if (!options_.per_step_loss) {
      const T constant = at(errors_);
      for (int n = 0; n < num_vectors_; ++n) base_[n] = constant * mask_[n];
    } else {
      for (int n = 0; n < num_vectors_; ++n) base_[n] = V{};
      for (int t = 0; t < num_steps_; ++t) reinterpret_cast<T*>(base_)[t] = at(errors_ + t * row);
    }
    return base_;
  }

  void back(int cell) {
    const int users = plan_.out_ptr[cell + 1] - plan_.out_ptr[cell];
    const int inputs = plan_.in_ptr[cell + 1] - plan_.in_ptr[cell];
    const bool is_one = levels_.count == 1;
    if (!is_plain() || users > 2 || inputs < 1 || inputs > 2 || levels_.count > 2 ||
        (!is_one && levels_.wraps))
      return back_any(cell);
    if (is_one && levels_.wraps) return back_by_users<Mode::kExact>(cell, users, inputs);
    if (is_one) return back_by_users<Mode::kSelf>(cell, users, inputs);
    return back_by_users<Mode::kOneHop>(cell, users, inputs);
  }

  bool is_plain() const {
    return !options_.has_gains() && !options_.broadcast && options_.trace_leak == 0 &&
           options_.subtraction_bias == 0;
  }

  template <Mode MODE>
  void back_by_users(int cell, int users, int inputs) {
    if (inputs == 1) {
      if (users == 0) return back_of<MODE, 0, 1>(cell);
      if (users == 1) return back_of<MODE, 1, 1>(cell);
      return back_of<MODE, 2, 1>(cell);
    }
    if (users == 0) return back_of<MODE, 0, 2>(cell);
    if (users == 1) return back_of<MODE, 1, 2>(cell);
    return back_of<MODE, 2, 2>(cell);
  }

  template <Mode MODE, int OUT, int IN>
  void back_of(int cell) {
    const V *delta_of[2] = {}, *ahead_of[2] = {}, *u[2] = {};
    V gain[2] = {};
    for (int n = 0; n < OUT; ++n) {
      const int edge = plan_.out_ptr[cell] + n;
      gain[n] = S::splat(coefficients_.gain[plan_.out_input[edge]]);
      delta_of[n] = array(plan_.out_cell[edge], 0);
      if (MODE == Mode::kOneHop) ahead_of[n] = array(plan_.out_cell[edge], 1);
    }
    const int first = plan_.in_ptr[cell];
    for (int n = 0; n < IN; ++n) u[n] = source(first + n);
    const V* base = direct(cell);
    const V* y = outputs_ + static_cast<size_t>(cell) * num_vectors_;
    const T* before = states_after(cell) - 1;
    V* delta_out = array(cell, 0);
    V* ahead_out = MODE == Mode::kOneHop ? array(cell, 1) : nullptr;
    const Powers<T> powers(coefficients_.decay[cell]);
    V bias{}, past{}, g0{}, g1{};
    T v_behind = 0, w_behind = 0;
    for (int n = num_vectors_ - 1; n >= 0; --n) {
      V m = base[n];
      if (OUT > 0) m += gain[0] * delta_of[0][n];
      if (OUT > 1) m += gain[1] * delta_of[1][n];
      const V slope = T(1) - y[n] * y[n];
      const V delta = slope * m;
      V inner = delta;
      if (MODE == Mode::kOneHop && OUT > 0) {
        V ahead = gain[0] * ahead_of[0][n];
        if (OUT > 1) ahead += gain[1] * ahead_of[1][n];
        inner += slope * ahead;
      }
      const V v = powers.backwards(inner, v_behind);
      v_behind = v[0];
      if (MODE == Mode::kOneHop) {
        const V w = powers.backwards(delta, w_behind);
        w_behind = w[0];
        ahead_out[n] = w - delta;
      }
      delta_out[n] = MODE == Mode::kExact ? v : delta;
      bias += inner;
      past += v * S::load_loose(before + n * width);
      g0 += v * u[0][n];
      if (IN > 1) g1 += v * u[1][n];
    }
    keep(cell, bias, past);
    by_input(first) = g0;
    if (IN > 1) by_input(first + 1) = g1;
  }

  // Any number of users, inputs and levels; gains, leak, subtraction bias, broadcast.
  void back_any(int cell) {
    const V* base = direct(cell);
    const V* y = outputs_ + static_cast<size_t>(cell) * num_vectors_;
    const T* before = states_after(cell) - 1;
    const T decay = coefficients_.decay[cell];
    const Powers<T> exact(decay), leaking(decay * static_cast<T>(1 - options_.trace_leak));
    const T counted = static_cast<T>(1 + options_.subtraction_bias);
    const V positive = S::splat(static_cast<T>(options_.gain_positive));
    const V negative = S::splat(static_cast<T>(options_.gain_negative));
    const int first = plan_.in_ptr[cell], last = plan_.in_ptr[cell + 1];
    // As in Mode::kExact, array 0 then holds v, which carries the message along.
    const bool is_merged = is_plain() && levels_.count == 1 && levels_.wraps;
    const int first_pulled = levels_.first_pulled(), next = is_merged ? -1 : levels_.next(0);
    for (int level = 0; level < levels_.count; ++level) behind_[level] = T(0);
    for (int n = first; n < last; ++n) by_input(n) = V{};
    V bias{}, past{};
    for (int n = num_vectors_ - 1; n >= 0; --n) {
      V m = base[n];
      if (!options_.broadcast) m += pull(cell, 0, n);
      m *= m > T(0) ? positive : negative;
      const V slope = T(1) - y[n] * y[n];
      const V delta = slope * m;
      array(cell, 0)[n] = delta;
      for (int level = first_pulled; next >= 0 && level < levels_.count; ++level)
        pulled_[level] = slope * pull(cell, levels_.array(level), n);
      V v{};
      for (int level = 0; level < levels_.count; ++level) {
        const int from = is_merged ? -1 : levels_.next(level);
        V x = level ? counted * delta : delta;
        if (from >= 0) x += pulled_[from];
        const V w = (level ? leaking : exact).backwards(x, behind_[level]);
        behind_[level] = w[0];
        if (level >= first_pulled && next >= 0) array(cell, levels_.array(level))[n] = w - delta;
        if (level == 0) v = w;
      }
      if (is_merged) array(cell, 0)[n] = v;
      bias += next >= 0 ? delta + pulled_[next] : delta;
      past += v * S::load_loose(before + n * width);
      for (int input = first; input < last; ++input) by_input(input) += v * source(input)[n];
    }
    keep(cell, bias, past);
  }

  V pull(int cell, int which, int n) const {
    V total{};
    for (int edge = plan_.out_ptr[cell]; edge < plan_.out_ptr[cell + 1]; ++edge)
      total += coefficients_.gain[plan_.out_input[edge]] * array(plan_.out_cell[edge], which)[n];
    return total;
  }

  // Sums over time, not yet over lanes: [bias of cells | past of cells | inputs].
  void keep(int cell, V bias, V past) {
    sums_[cell] = bias;
    sums_[plan_.num_cells + cell] = past;
  }
  V& by_input(int input) { return sums_[2 * plan_.num_cells + input]; }

  // theta -= step * direction, and what follows from theta.
  void descend() {
    const int cells = plan_.num_cells;
    sum_lanes<T>(sums_, 2 * cells + plan_.num_inputs, totals_);
    const T* bias = totals_;
    T* past = totals_ + cells;
    const T* inputs = totals_ + 2 * cells;
    const T step_weight = static_cast<T>(epoch_.step_weight);
    for (int k = 0; k < cells; ++k)
      for (int n = plan_.in_ptr[k]; n < plan_.in_ptr[k + 1]; ++n) {
        past[k] -= coefficients_.weight[n] * inputs[n];
        coefficients_.weight[n] -= step_weight * (coefficients_.rise[k] * inputs[n]);
      }
    const T step_log_tau = static_cast<T>(epoch_.step_log_tau);
    const T step_bias = static_cast<T>(epoch_.step_bias);
    for (int k = 0; k < cells; ++k) coefficients_.bias[k] -= step_bias * bias[k];
    for (int k = 0; k < cells; ++k) log_tau_[k] -= step_log_tau * (coefficients_.rate[k] * past[k]);
    for (int k = 0; k < cells; k += width) {
      V decay, rise, rate;
      Coefficients<T>::from_log_tau(S::load(log_tau_ + k), static_cast<T>(options_.dt), decay, rise,
                                    rate);
      S::store(coefficients_.decay + k, decay);
      S::store(coefficients_.rise + k, rise);
      S::store(coefficients_.rate + k, rate);
    }
    for (int k = 0; k < cells; ++k)
      for (int n = plan_.in_ptr[k]; n < plan_.in_ptr[k + 1]; ++n)
        coefficients_.gain[n] = coefficients_.rise[k] * coefficients_.weight[n];
  }

  const Epoch& epoch_;
  const Plan& plan_;
  const Options& options_;
  const Levels levels_;
  const int num_steps_, num_vectors_;
  int num_arrays_;
  Coefficients<T> coefficients_;
  V *outputs_, *states_, *channels_, *messages_, *base_, *nothing_, *mask_, *pulled_, *sums_;
  T *behind_, *totals_, *scores_, *errors_, *log_tau_;
};

template <class T>
void train_seed(const Epoch& epoch, int seed, char* memory) {
  Scratch scratch(memory);
  Trainer<T>(epoch, scratch).run(seed);
}

template <class T>
size_t train_scratch(const Epoch& epoch) {
  Scratch count(nullptr);
  Trainer<T> trainer(epoch, count);
  return count.used;
}

}  // namespace LW_LEVEL
}  // namespace latticework
