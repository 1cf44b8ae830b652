// The normalisation between sweeps, there and back, and sums over what other kernels left apart.
#pragma once

#include "cube_shape.hpp"

namespace latticework {
namespace cuda {

constexpr int kNormThreads = 256;

// The sum over a team, to every thread; `room` has a number per thread.
template <class Real>
LW_DEVICE Real team_sum(Real mine, Real* room) {
  room[thread_number()] = mine;
  barrier();
  for (int half = kNormThreads / 2; half > 0; half /= 2) {
    if (thread_number() < half) room[thread_number()] += room[thread_number() + half];
    barrier();
  }
  const Real all = room[0];
  barrier();
  return all;
}

template <class Real>
struct NormCall {
  Shape shape;
  int groups, per_group;  // of examples
  const Real* state;      // S, [example, cell]
  Real* stats;            // of S: [2, batch], mean and 1 / sqrt(variance + eps)
  Affine<Real> norm;
  Real eps;
  Real* out;              // LN(S)
  // Backward only.
  const Real* given;      // the adjoint of LN(S)
  Real* means;            // [2, batch]: of given * weight, and of that times (S - mean) * root
  const Real* base;       // what is added to the adjoint of S, or none
  Real* partial;          // [group, partial_size]
  size_t partial_size;
  Real* d_weight;         // of group 0
  Real* d_bias;
};

// Statistics of one example by one team, in two passes.
template <class Real>
struct Moments {
  typedef NormCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape&) { return sizeof(Real) * kNormThreads; }

  static LW_DEVICE void run(const Call& call) {
    const int example = block_number(), cells = call.shape.cells;
    const Real* state = call.state + entry(call.shape, example, 0);
    Real* room = shared_memory<Real>();
    Real sum = 0, square = 0;
    for (int n = thread_number(); n < cells; n += kNormThreads) sum += state[n];
    const Real mean = team_sum(sum, room) / cells;
    for (int n = thread_number(); n < cells; n += kNormThreads)
      square += (state[n] - mean) * (state[n] - mean);
    const Real variance = team_sum(square, room) / cells;
    if (thread_number() == 0) {
      call.stats[example] = mean;
      call.stats[call.shape.batch + example] = Real(1) / sqrt(variance + call.eps);
    }
  }
};

// LN(S), a thread per cell and example.
template <class Real>
struct Normalise {
  typedef NormCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape&) { return 0; }

  static LW_DEVICE void run(const Call& call) {
    const int example = block_number() % call.shape.batch;
    const int cell = block_number() / call.shape.batch * kNormThreads + thread_number();
    if (cell >= call.shape.cells) return;
    const Norm<Real> norm = norm_of(call.stats, call.shape.batch, example);
    const size_t at = entry(call.shape, example, cell);
    call.out[at] =
        (call.state[at] - norm.mean) * norm.root * call.norm.weight[cell] + call.norm.bias[cell];
  }
};

// What the adjoint of a normalisation needs of a whole example.
template <class Real>
struct NormMeans {
  typedef NormCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape&) { return sizeof(Real) * kNormThreads; }

  static LW_DEVICE void run(const Call& call) {
    const int example = block_number(), cells = call.shape.cells;
    const Norm<Real> norm = norm_of(call.stats, call.shape.batch, example);
    Real* room = shared_memory<Real>();
    Real plain = 0, tilted = 0;
    for (int n = thread_number(); n < cells; n += kNormThreads) {
      const size_t at = entry(call.shape, example, n);
      const Real pull = call.given[at] * call.norm.weight[n];
      plain += pull;
      tilted += pull * (call.state[at] - norm.mean) * norm.root;
    }
    plain = team_sum(plain, room) / cells;
    tilted = team_sum(tilted, room) / cells;
    if (thread_number() == 0) {
      call.means[example] = plain;
      call.means[call.shape.batch + example] = tilted;
    }
  }
};

// The adjoint of S from that of LN(S), with the sums for the weights; a thread per cell and group.
template <class Real>
struct NormBackward {
  typedef NormCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape&) { return 0; }

  static LW_DEVICE void run(const Call& call) {
    const Shape& shape = call.shape;
    const int group = block_number() % call.groups;
    const int cell = block_number() / call.groups * kNormThreads + thread_number();
    if (cell >= shape.cells) return;
    const Real weight = call.norm.weight[cell];
    Real d_weight = 0, d_bias = 0;
    for (int n = group * call.per_group; n < (group + 1) * call.per_group && n < shape.batch; ++n) {
      const Norm<Real> norm = norm_of(call.stats, shape.batch, n);
      const size_t at = entry(shape, n, cell);
      const Real given = call.given[at], each = (call.state[at] - norm.mean) * norm.root;
      const Real pull =
          norm.root * (given * weight - call.means[n] - each * call.means[shape.batch + n]);
      call.out[at] = call.base ? call.base[at] + pull : pull;
      d_weight += given * each;
      d_bias += given;
    }
    call.d_weight[group * call.partial_size + cell] += d_weight;
    call.d_bias[group * call.partial_size + cell] += d_bias;
  }
};

template <class Real>
struct FoldCall {
  Shape shape;
  const Real* windows;  // [example, block, window]
  const Real* less;     // what is taken off, or none: [example, cell]
  Real* out;            // [example, cell]
};

// The sum of all windows where they overlap, in a fixed order; a thread per cell and example.
template <class Real>
struct Fold {
  typedef FoldCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape&) { return 0; }

  static LW_DEVICE void run(const Call& call) {
    const Shape& shape = call.shape;
    const int example = block_number() % shape.batch;
    const int cell = block_number() / shape.batch * kNormThreads + thread_number();
    if (cell >= shape.cells) return;
    const Spot at(cell, shape.dims);
    const size_t first = static_cast<size_t>(example) * shape.num_blocks;
    Real sum = 0;
    // The block of the cell and those around it, as far as their windows reach the cell.
    for (int near = 0; near < kTaps; ++near) {
      const Spot block = neighbour(
          Spot(at.i / shape.block[0], at.j / shape.block[1], at.k / shape.block[2]), near);
      if (!block.is_in(shape.counts)) continue;
      const Spot place(at.i - block.i * shape.block[0] + 1, at.j - block.j * shape.block[1] + 1,
                       at.k - block.k * shape.block[2] + 1);
      if (place.is_in(shape.window))
        sum += call.windows[(first + block.number(shape.counts)) * shape.window_cells +
                            place.number(shape.window)];
    }
    const size_t to = entry(shape, example, cell);
    call.out[to] = call.less ? sum - call.less[to] : sum;
  }
};

template <class Real>
struct TotalCall {
  const Real* partial;  // [group, stride]
  size_t stride;
  int groups, count;
  Real* out;            // [count]
};

// Sums over groups, in their order.
template <class Real>
struct Total {
  typedef TotalCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static LW_DEVICE void run(const Call& call) {
    const int n = block_number() * kNormThreads + thread_number();
    if (n >= call.count) return;
    Real sum = 0;
    for (int group = 0; group < call.groups; ++group) sum += call.partial[group * call.stride + n];
    call.out[n] = sum;
  }
};

}  // namespace cuda
}  // namespace latticework
