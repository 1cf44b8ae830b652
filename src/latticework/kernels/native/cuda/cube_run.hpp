// All outer steps of a cube: which kernels run one after the other, on which memory.
//
// A machine runs them: a GPU (gpu.cuh), or threads in turns in the tests. It has
//   bool run<Body>(blocks, shared bytes, call)   Real* room<Real>(count)   clear, copy
#pragma once

#include "cube_flat_plan.hpp"
#include "cube_sweep.hpp"

namespace latticework {
namespace cuda {

// One call. Arrays lie [batch, cells]; with `separate` those of the sweep have an axis of steps.
template <class Real>
struct Problem {
  int dims[3], block[3];
  int batch, outer_steps, inner_steps, activation;
  bool is_gated, residual, separate, keeps;
  double eps;
  const Real *x0, *weight, *bias, *scale, *norm_weight, *norm_bias;
  Real* out;
  Real* states;  // S_1 .. S_N, if it keeps
  Real* stats;   // of S_0 .. S_N: [step, 2, batch], if it keeps
  // Backward only.
  const Real* d_out;
  Real *d_x0, *d_weight, *d_bias, *d_scale, *d_norm_weight, *d_norm_bias;
};

// Teams that a sweep is shared out among; fixed, so that sums do not depend on the device.
constexpr int kTeams = 264;
// Several examples at a time share the weights that are read, where there is memory for two teams.
constexpr int kTogether = 4;
constexpr size_t kShared = 96 * 1024;

// Shared memory of the smallest team that can take a sweep there and back.
inline size_t least_shared(const int* block, int inner_steps, bool is_gated, size_t item) {
  size_t window = 1;
  for (int axis = 0; axis < 3; ++axis) window *= static_cast<size_t>(block[axis]) + 2;
  return item * window * (static_cast<size_t>(inner_steps) + (is_gated ? 3 : 2));
}

template <class Real, class Machine>
class Run {
 public:
  Run(Machine& machine, const Problem<Real>& problem)
      : machine(machine), problem(problem),
        shape(problem.dims, problem.block, problem.batch, problem.inner_steps, problem.activation),
        channels(problem.is_gated ? 2 : 1),
        num_weights(static_cast<size_t>(kTaps) * channels * shape.cells),
        num_biases(static_cast<size_t>(channels) * shape.cells),
        num_scales(problem.is_gated ? 0 : shape.cells) {
    groups = over(kTeams, shape.num_blocks);
    if (groups > problem.batch) groups = problem.batch;
    per_group = over(problem.batch, groups);
    groups = over(problem.batch, per_group);
    num_partials = groups;
    problem.is_gated ? plan_flat<true>() : plan_flat<false>();
  }

  bool forward() {
    const size_t all = entry(shape, problem.batch, 0);
    Real* ring = problem.keeps ? nullptr : room(2 * all);
    Real* stats = problem.keeps ? problem.stats : room(2 * static_cast<size_t>(problem.batch));
    const Real* state = problem.x0;
    if (problem.residual) moments(state, stats);
    if (is_flat) room_for_flat();
    for (int step = 0; step < problem.outer_steps && machine.good(); ++step) {
      Real* next = problem.keeps ? problem.states + step * all : ring + step % 2 * all;
      if (is_flat) {
        problem.is_gated ? flat_forward<true>(step, state, stats, next)
                         : flat_forward<false>(step, state, stats, next);
      } else {
        SweepCall<Real> call = sweep(step, state, stats_of(stats, step));
        call.to = next;
        run_sweep<SweepForward>(call);
        moments(next, stats_of(stats, step + 1, true));
      }
      state = next;
    }
    if (problem.residual) return machine.copy(problem.out, state, all * sizeof(Real));
    NormCall<Real> last = norm(state, stats_of(stats, problem.outer_steps, true));
    last.out = problem.out;
    return machine.template run<Normalise<Real>>(over(shape.cells, kNormThreads) * problem.batch,
                                                 Normalise<Real>::shared_bytes(shape), last);
  }

  bool backward() {
    const size_t all = entry(shape, problem.batch, 0);
    if (is_flat && pull_tile.groups > groups) num_partials = pull_tile.groups;
    partial_size = num_weights + num_biases + num_scales + 2 * static_cast<size_t>(shape.cells);
    partial = room(num_partials * partial_size);
    given = room(all), pulled = room(all), means = room(2 * static_cast<size_t>(problem.batch));
    if (is_flat)
      room_for_flat(), d_drive = room(channels * all), direct = room(all);
    else
      windows = room(static_cast<size_t>(problem.batch) * shape.num_blocks * shape.window_cells);
    if (!machine.good()) return false;
    machine.clear(partial, num_partials * partial_size * sizeof(Real));
    seen = swept = problem.d_out;
    for (int step = problem.outer_steps - 1; step >= 0 && machine.good(); --step) {
      if (problem.separate) clear_network();
      if (is_flat)
        problem.is_gated ? flat_backward<true>(step) : flat_backward<false>(step);
      else
        blocks_backward(step);
      if (problem.separate || step == 0) total_network(step);
    }
    total(partial + partial_size - 2 * shape.cells, shape.cells, problem.d_norm_weight);
    total(partial + partial_size - shape.cells, shape.cells, problem.d_norm_bias);
    return machine.good();
  }

 private:
  Real* room(size_t count) { return machine.template room<Real>(count); }

  // Of S_step, where what is seen there is normalised; not kept, there is one place for all.
  Real* stats_of(Real* stats, int step, bool always = false) const {
    if (step == 0 && !problem.residual && !always) return nullptr;
    return problem.keeps ? stats + static_cast<size_t>(step) * 2 * problem.batch : stats;
  }
  const Real* state_of(int step) const {
    return step == 0 ? problem.x0 : problem.states + (step - 1) * entry(shape, problem.batch, 0);
  }

  NormCall<Real> norm(const Real* state, Real* stats) const {
    NormCall<Real> call{};
    call.shape = shape, call.groups = groups, call.per_group = per_group;
    call.state = state, call.stats = stats, call.eps = static_cast<Real>(problem.eps);
    call.norm = {problem.norm_weight, problem.norm_bias};
    return call;
  }
  bool moments(const Real* state, Real* stats) {
    return machine.template run<Moments<Real>>(problem.batch, Moments<Real>::shared_bytes(shape),
                                               norm(state, stats));
  }

  // The adjoint of S_step from that of LN(S_step), on top of `base`.
  NormCall<Real> norm_back(int step, const Real* from, const Real* base, Real* to) const {
    NormCall<Real> call = norm(state_of(step), stats_of(problem.stats, step, true));
    call.given = from, call.means = means, call.base = base, call.out = to;
    call.partial_size = partial_size;
    call.d_weight = partial + partial_size - 2 * shape.cells;
    call.d_bias = partial + partial_size - shape.cells;
    return call;
  }
  void find_means(const NormCall<Real>& call) {
    machine.template run<NormMeans<Real>>(problem.batch, NormMeans<Real>::shared_bytes(shape), call);
  }
  void pull_norm(const NormCall<Real>& call) {
    machine.template run<NormBackward<Real>>(over(shape.cells, kNormThreads) * groups,
                                             NormBackward<Real>::shared_bytes(shape), call);
  }

  SweepCall<Real> sweep(int step, const Real* from, const Real* stats) {
    const size_t lead = problem.separate ? step : 0;
    SweepCall<Real> call{};
    call.shape = shape, call.groups = groups, call.per_group = per_group;
    call.own = {problem.weight + lead * num_weights, problem.bias + lead * num_biases,
                problem.is_gated ? nullptr : problem.scale + lead * num_scales};
    call.norm = {problem.norm_weight, problem.norm_bias};
    call.stats = stats, call.from = from, call.residual = problem.residual;
    call.partial_size = partial_size;
    call.sums = {partial, partial + num_weights, partial + num_weights + num_biases};
    return call;
  }
  template <template <class, bool, int> class Body>
  void run_sweep(const SweepCall<Real>& call) {
    problem.is_gated ? run_some<Body, true>(call) : run_some<Body, false>(call);
  }
  template <template <class, bool, int> class Body, bool kGated>
  void run_some(const SweepCall<Real>& call) {
    const int teams = shape.num_blocks * groups;
    const size_t bytes = Body<Real, kGated, kTogether>::shared_bytes(shape);
    if (bytes <= kShared)
      machine.template run<Body<Real, kGated, kTogether>>(teams, bytes, call);
    else
      machine.template run<Body<Real, kGated, 1>>(
          teams, Body<Real, kGated, 1>::shared_bytes(shape), call);
  }

  void blocks_backward(int step) {
    const bool residual = problem.residual;
    if (!residual) {
      const NormCall<Real> call = norm_back(step + 1, seen, nullptr, pulled);
      find_means(call), pull_norm(call);
      swept = pulled;
    }
    SweepCall<Real> call = sweep(step, state_of(step), stats_of(problem.stats, step));
    call.given = swept, call.windows = windows;
    run_sweep<SweepBackward>(call);
    fold(residual ? swept : nullptr, step == 0 && !residual ? problem.d_x0 : given);
    seen = given;
    if (residual) {
      Real* to = step == 0 ? problem.d_x0 : pulled;
      const NormCall<Real> back = norm_back(step, seen, swept, to);
      find_means(back), pull_norm(back);
      swept = to;
    }
  }

  template <bool kGated>
  void plan_flat() {
    typedef Teams<Real, kGated> Sizes;
    const int batch = problem.batch, activation = problem.activation;
    tile = tile_of<Sizes::kJ, Sizes::kK>(problem.dims, Sizes::kTeam, batch,
                                         kMultiprocessors * Sizes::kBlocks, activation);
    pull_tile = tile_of<Sizes::kPullJ, Sizes::kPullK>(problem.dims, Sizes::kPullTeam, batch,
                                                      kMultiprocessors * Sizes::kPullBlocks,
                                                      activation);
    is_flat = problem.inner_steps == 1 && Forward<kGated>::shared_bytes(tile) <= kShared &&
              Pull<kGated>::shared_bytes(pull_tile) <= kShared &&
              Back<kGated>::shared_bytes(tile) <= kShared;
  }
  template <bool kGated, typename Sizes = Teams<Real, kGated>>
  using Forward = FlatForward<Real, kGated, Sizes::kJ, Sizes::kK, Sizes::kTeam, Sizes::kBlocks>;
  template <bool kGated, typename Sizes = Teams<Real, kGated>>
  using Back = FlatBack<Real, kGated, Sizes::kJ, Sizes::kK, Sizes::kTeam, Sizes::kBlocks>;
  template <bool kGated, typename Sizes = Teams<Real, kGated>>
  using Pull = FlatPull<Real, kGated, Sizes::kPullJ, Sizes::kPullK, Sizes::kPullTeam,
                        Sizes::kPullBlocks>;

  void room_for_flat() {
    folded = room(num_weights + 2 * num_biases);
    pieces = room(static_cast<size_t>(3) * tile.shape.num_blocks * problem.batch);
    is_folded = false;
  }
  // The weights of a step as they meet S_step.
  Weights<Real> weights_of(int step, bool is_normed) {
    const Weights<Real> raw = sweep(step, nullptr, nullptr).own;
    if (!is_normed) return raw;
    if (machine.good() && (problem.separate || !is_folded)) {
      FoldWeightsCall<Real> call{shape, channels, raw.weight, raw.bias,
                                 {problem.norm_weight, problem.norm_bias},
                                 folded, folded + num_weights, folded + num_weights + num_biases};
      machine.template run<FoldWeights<Real>>(over(channels * shape.cells, kNormThreads), 0, call);
      is_folded = true;
    }
    return {folded, folded + num_weights + num_biases, raw.scale};
  }
  const Real* tilt_of(bool is_normed) const { return is_normed ? folded + num_weights : nullptr; }

  template <bool kGated>
  void flat_forward(int step, const Real* state, Real* stats, Real* next) {
    FlatCall<Real> call{};
    call.tile = tile, call.tile.reversed = step % 2 != 0;
    call.stats = stats_of(stats, step);
    call.own = weights_of(step, call.stats), call.tilt = tilt_of(call.stats);
    call.norm = {problem.norm_weight, problem.norm_bias};
    call.from = state, call.to = next, call.residual = problem.residual, call.pieces = pieces;
    machine.template run<Forward<kGated>>(tile.shape.num_blocks * tile.groups,
                                          Forward<kGated>::shared_bytes(tile), call);
    combine<CombineMoments<Real>>(stats_of(stats, step + 1, true));
  }
  template <class Body>
  void combine(Real* to) {
    CombineCall<Real> call{pieces, tile.shape.num_blocks, problem.batch, shape.cells,
                           static_cast<Real>(problem.eps), to};
    machine.template run<Body>(problem.batch, Body::shared_bytes(), call);
  }

  template <bool kGated>
  void flat_backward(int step) {
    const bool residual = problem.residual, is_last = step == problem.outer_steps - 1;
    if (!residual && is_last) find_means(norm_back(step + 1, seen, nullptr, nullptr));
    Real* stats = stats_of(problem.stats, step);
    FlatPullCall<Real> pull{};
    pull.tile = pull_tile, pull.tile.reversed = true;
    pull.own = weights_of(step, stats), pull.tilt = tilt_of(stats);
    pull.norm = {problem.norm_weight, problem.norm_bias};
    pull.stats = stats, pull.from = state_of(step), pull.given = seen;
    if (!(residual && is_last)) {
      pull.means = means, pull.state = state_of(step + 1);
      pull.state_stats = stats_of(problem.stats, step + 1, true);
      pull.base = residual ? swept : nullptr;
    }
    pull.swept = residual ? pulled : nullptr;
    pull.direct = direct, pull.d_drive = d_drive, pull.residual = residual;
    const SweepCall<Real> raw = sweep(step, nullptr, nullptr);
    pull.partial_size = partial_size, pull.sums = raw.sums;
    pull.d_weight = partial + partial_size - 2 * shape.cells;
    pull.d_bias = partial + partial_size - shape.cells;
    machine.template run<Pull<kGated>>(pull_tile.shape.num_blocks * pull_tile.groups,
                                       Pull<kGated>::shared_bytes(pull_tile), pull);
    swept = pulled;
    FlatBackCall<Real> back{};
    back.tile = tile, back.weight = raw.own.weight, back.d_drive = d_drive, back.direct = direct;
    back.to = step == 0 && !residual ? problem.d_x0 : given;
    back.state = state_of(step), back.stats = stats, back.norm_weight = problem.norm_weight;
    back.pieces = pieces;
    machine.template run<Back<kGated>>(tile.shape.num_blocks * tile.groups,
                                       Back<kGated>::shared_bytes(tile), back);
    seen = given;
    if (stats) combine<CombineMeans<Real>>(means);
    if (residual && step == 0) pull_norm(norm_back(0, seen, swept, problem.d_x0));
  }

  void fold(const Real* less, Real* to) {
    FoldCall<Real> call{shape, windows, less, to};
    machine.template run<Fold<Real>>(over(shape.cells, kNormThreads) * problem.batch,
                                     Fold<Real>::shared_bytes(shape), call);
  }

  void clear_network() {
    for (int group = 0; group < num_partials; ++group)
      machine.clear(partial + group * partial_size,
                    (num_weights + num_biases + num_scales) * sizeof(Real));
  }
  void total_network(int step) {
    const size_t lead = problem.separate ? step : 0;
    total(partial, num_weights, problem.d_weight + lead * num_weights);
    total(partial + num_weights, num_biases, problem.d_bias + lead * num_biases);
    if (!problem.is_gated)
      total(partial + num_weights + num_biases, num_scales, problem.d_scale + lead * num_scales);
  }
  void total(const Real* from, size_t count, Real* to) {
    const int size = static_cast<int>(count);
    TotalCall<Real> call{from, partial_size, num_partials, size, to};
    machine.template run<Total<Real>>(over(size, kNormThreads), 0, call);
  }

  Machine& machine;
  const Problem<Real>& problem;
  const Shape shape;
  const int channels;
  const size_t num_weights, num_biases, num_scales;
  int groups, per_group;
  // Where blocks do not matter.
  bool is_flat = false, is_folded = false;
  Tile tile, pull_tile;
  Real *folded = nullptr, *pieces = nullptr;
  // Backward only.
  int num_partials;
  size_t partial_size = 0;
  const Real* seen = nullptr;   // the adjoint of x_{n+1} or q_{n+1}; at first of what comes out
  const Real* swept = nullptr;  // the adjoint of S_{n+1}
  Real *partial = nullptr, *given = nullptr, *pulled = nullptr, *means = nullptr;
  Real *windows = nullptr, *d_drive = nullptr, *direct = nullptr;
};

}  // namespace cuda
}  // namespace latticework
