// A batch: blocks of one vector of examples, cut into groups that are the tasks of the threads.
#pragma once

#include "adjoint.hpp"
#include "loss.hpp"
#include "traces.hpp"

namespace latticework {
namespace LW_LEVEL {

// Where the groups leave what `finish` adds up.
template <class T>
struct Partial {
  typedef typename Simd<T>::V V;
  Cut cut;
  size_t per_group;  // vectors, in whole vectors of vectors, as they are read together
  V* sums;           // [seed, group, cell, slot + 2]
  T* totals;         // [seed, cell, slot + 2], over groups and lanes
  T* loss;           // [seed, batch]
  T* correct;        // [seed, batch]
  size_t bytes;

  explicit Partial(const Batch& batch) : cut(cut_batch(batch.batch, Simd<T>::width)) {
    constexpr size_t width = Simd<T>::width;
    const size_t used = static_cast<size_t>(batch.plan->num_cells) * (batch.plan->num_slots + 2);
    per_group = (used + width - 1) / width * width;
    Scratch scratch(batch.partial);
    sums = scratch.take<V>(per_group * cut.num_groups * batch.num_seeds);
    totals = scratch.take<T>(per_group * batch.num_seeds);
    loss = scratch.take<T>(static_cast<size_t>(batch.num_seeds) * batch.batch);
    correct = scratch.take<T>(static_cast<size_t>(batch.num_seeds) * batch.batch);
    bytes = scratch.used;
  }
  V* group_sums(int seed, int group) const {
    return sums + (static_cast<size_t>(seed) * cut.num_groups + group) * per_group;
  }
};

template <class T>
struct Work {
  typedef Simd<T> S;
  typedef typename S::V V;

  const Batch& batch;
  const Plan& plan;
  const Options& options;
  Coefficients<T> coefficients;
  Sources<T> sources;
  V *extra, *scores, *error;

  Work(const Batch& batch, Scratch& scratch, bool keeps_outputs)
      : batch(batch), plan(*batch.plan), options(*batch.options), coefficients(plan, scratch) {
    const size_t steps = batch.num_steps;
    sources.row = keeps_outputs ? nullptr : plan.forward_row;
    sources.outputs =
        scratch.take<V>(steps * (keeps_outputs ? plan.num_cells : plan.num_forward_rows));
    sources.channels = scratch.take<V>(steps * plan.num_channels);
    extra = scratch.take<V>(steps);
    scores = scratch.take<V>(plan.num_classes);
    error = scratch.take<V>(plan.num_classes * (options.per_step_loss && keeps_outputs ? steps : 1));
  }

  template <class U>
  const U* of_seed(const void* values, int seed, size_t size) const {
    return static_cast<const U*>(values) + seed * size;
  }

  void use_seed(int seed) {
    const size_t cells = plan.num_cells;
    coefficients.fill(plan, options, of_seed<T>(batch.log_tau, seed, cells),
                      of_seed<T>(batch.weight, seed, cells * plan.num_slots),
                      of_seed<T>(batch.bias, seed, cells));
  }

  int valid(int block) const {
    const int left = batch.batch - block * S::width;
    return left < S::width ? left : S::width;
  }

  // Runs a block forward and sums its readouts into `scores`.
  void forward(int seed, int block) {
    const size_t example = static_cast<size_t>(batch.num_steps) * plan.num_channels;
    const size_t first = static_cast<size_t>(batch.shares_inputs ? 0 : seed) * batch.batch +
                         static_cast<size_t>(block) * S::width;
    load_channels<T>(sources.channels, static_cast<const T*>(batch.inputs) + first * example,
                     valid(block), batch.num_steps, plan.num_channels);
    for (int c = 0; c < plan.num_classes; ++c) scores[c] = V{};
    const T gain = static_cast<T>(options.readout_gain);
    for (int k = 0; k < plan.num_cells; ++k) {
      forward_cell<T>(plan, coefficients, sources, k, batch.num_steps, extra);
      add_scores<T>(plan, sources.outputs_of(k, batch.num_steps), k, batch.num_steps, gain, scores);
    }
  }

  // The readouts of one step.
  void read(int t, V* readout) const {
    for (int c = 0; c < plan.num_classes; ++c) readout[c] = V{};
    const T gain = static_cast<T>(options.readout_gain);
    for (int k = 0; k < plan.num_cells; ++k)
      for (int n = plan.port_ptr[k]; n < plan.port_ptr[k + 1]; ++n)
        readout[plan.port_class[n]] +=
            plan.signed_gain(n, gain) * sources.outputs_of(k, batch.num_steps)[t];
  }

  // Loss of the block's examples, and its gradient by the readouts in `error`.
  V loss(const int32_t* targets) {
    const int classes = plan.num_classes;
    if (!options.per_step_loss) return softmax_error<T>(scores, classes, targets, T(1), error);
    const T share = T(1) / static_cast<T>(batch.num_steps);
    V total{};
    for (int t = 0; t < batch.num_steps; ++t) {
      V* now = error + static_cast<size_t>(t) * classes;
      read(t, now);
      total += softmax_error<T>(now, classes, targets, share, now);
    }
    return total * share;
  }

  // Lanes without an example must not teach.
  void mask_error(int valid) {
    if (valid == S::width) return;
    const size_t count =
        static_cast<size_t>(plan.num_classes) * (options.per_step_loss ? batch.num_steps : 1);
    for (size_t c = 0; c < count; ++c)
      for (int n = valid; n < S::width; ++n) error[c][n] = T(0);
  }
};

template <class T>
void update_task(const Batch& batch, int task, char* memory, Scratch* count) {
  typedef Simd<T> S;
  typedef typename S::V V;
  Scratch own(memory);
  Scratch& scratch = count ? *count : own;
  Work<T> work(batch, scratch, true);
  const Plan& plan = *batch.plan;
  // Only one of the two is used; they may share their memory.
  Scratch for_adjoint = scratch, for_traces = scratch;
  const bool traces_used = batch.options->uses_traces;
  Adjoint<T> adjoint(plan, *batch.options, work.coefficients, work.sources, batch.num_steps,
                     traces_used ? for_adjoint : scratch);
  Traces<T> traces(plan, *batch.options, work.coefficients, work.sources, batch.num_steps,
                   traces_used ? scratch : for_traces);
  if (count) return;

  const Partial<T> partial(batch);
  const int seed = task / partial.cut.num_groups, group = task % partial.cut.num_groups;
  V* sums = partial.group_sums(seed, group);
  for (size_t n = 0; n < partial.per_group; ++n) sums[n] = V{};
  work.use_seed(seed);
  const Direct<T> direct{plan, *batch.options, batch.options->broadcast ? batch.feedback : nullptr,
                         work.error, batch.num_steps};
  for (int block = partial.cut.first_block(group); block < partial.cut.first_block(group + 1);
       ++block) {
    const int valid = work.valid(block);
    const size_t first = static_cast<size_t>(seed) * batch.batch + block * S::width;
    int32_t targets[S::width];
    for (int n = 0; n < S::width; ++n) {
      const int32_t target = n < valid ? batch.targets[first + n] : 0;
      // A class that does not exist counts as class 0: nothing may be read out of bounds.
      targets[n] = target >= 0 && target < plan.num_classes ? target : 0;
    }
    work.forward(seed, block);
    const V loss = work.loss(targets);
    const V right = hits<T>(work.scores, plan.num_classes, targets);
    for (int n = 0; n < valid; ++n) {
      partial.loss[first + n] = loss[n];
      partial.correct[first + n] = right[n];
    }
    work.mask_error(valid);
    if (traces_used)
      traces.run(direct, NoiseKey{batch.key, seed, static_cast<uint32_t>(block * S::width)}, sums);
    else
      adjoint.run(direct, sums);
  }
}

// Adds up what the groups of a seed found: means over the batch, by parameter.
template <class T>
void finish_update(const Batch& batch, int seed) {
  typedef Simd<T> S;
  typedef typename S::V V;
  const Plan& plan = *batch.plan;
  const Partial<T> partial(batch);
  const size_t cells = plan.num_cells, slots = plan.num_slots;
  T* d_log_tau = static_cast<T*>(batch.d_log_tau) + seed * cells;
  T* d_weight = static_cast<T*>(batch.d_weight) + seed * cells * slots;
  T* d_bias = static_cast<T*>(batch.d_bias) + seed * cells;
  const T* log_tau = static_cast<const T*>(batch.log_tau) + seed * cells;
  const T share = T(1) / static_cast<T>(batch.batch);
  // Over the groups first, in order; then over lanes.
  V* sums = partial.group_sums(seed, 0);
  for (int g = 1; g < partial.cut.num_groups; ++g)
    for (size_t n = 0; n < partial.per_group; ++n) sums[n] += partial.group_sums(seed, g)[n];
  T* totals = partial.totals + seed * partial.per_group;
  sum_lanes<T>(sums, partial.per_group, totals);
  const auto total = [&](size_t k, size_t which) { return totals[k * (slots + 2) + which] * share; };
  for (size_t first = 0; first < cells; first += S::width) {
    const int count = cells - first < S::width ? cells - first : S::width;
    V log_taus{}, decay, rise, rate;
    for (int n = 0; n < count; ++n) log_taus[n] = log_tau[first + n];
    Coefficients<T>::from_log_tau(log_taus, static_cast<T>(batch.options->dt), decay, rise, rate);
    if (batch.options->uses_traces) rise = rate = V{} + T(1);  // traces are complete
    for (int n = 0; n < count; ++n) {
      const size_t k = first + n;
      d_bias[k] = total(k, 0);
      d_log_tau[k] = total(k, 1) * rate[n];
      for (size_t f = 0; f < slots; ++f) d_weight[k * slots + f] = total(k, 2 + f) * rise[n];
    }
  }
  T loss = 0, correct = 0;
  for (int n = 0; n < batch.batch; ++n) {
    loss += partial.loss[static_cast<size_t>(seed) * batch.batch + n];
    correct += partial.correct[static_cast<size_t>(seed) * batch.batch + n];
  }
  static_cast<T*>(batch.loss)[seed] = loss * share;
  static_cast<T*>(batch.correct)[seed] = correct * share;
}

template <class T>
void score_task(const Batch& batch, int task, char* memory, Scratch* count) {
  typedef Simd<T> S;
  Scratch own(memory);
  Scratch& scratch = count ? *count : own;
  Work<T> work(batch, scratch, false);
  if (count) return;
  const Cut cut = cut_batch(batch.batch, S::width);
  const int seed = task / cut.num_groups, group = task % cut.num_groups;
  work.use_seed(seed);
  const size_t classes = batch.plan->num_classes;
  for (int block = cut.first_block(group); block < cut.first_block(group + 1); ++block) {
    work.forward(seed, block);
    T* out = static_cast<T*>(batch.scores) +
             (static_cast<size_t>(seed) * batch.batch + block * S::width) * classes;
    for (int n = 0; n < work.valid(block); ++n)
      for (size_t c = 0; c < classes; ++c) out[n * classes + c] = work.scores[c][n];
  }
}

}  // namespace LW_LEVEL
}  // namespace latticework
