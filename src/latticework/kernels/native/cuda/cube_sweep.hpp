// A sweep over blocks with any number of inner steps, there and back: one team of threads for a
// block and a group of examples, some examples at a time in shared memory, threads over cells.
#pragma once

#include "cube_shape.hpp"

namespace latticework {
namespace cuda {

constexpr int kSweepThreads = 256;

template <class Real>
struct SweepCall {
  Shape shape;
  int groups, per_group;   // of examples
  Weights<Real> own;
  Affine<Real> norm;
  const Real* stats;       // [2, batch] of `from`; none where it is seen as it is
  const Real* from;        // S_n
  bool residual;
  Real* to;                // S_{n+1}, forward only
  // Backward only.
  const Real* given;       // the adjoint of the sweep's result
  Real* windows;           // [example, block, window], the adjoint of what each block saw
  Real* partial;           // [group, partial_size]: sums over the examples of a group
  size_t partial_size;
  Sums<Real> sums;         // of group 0
};

// Where a thread's team is.
struct Place {
  int block, group, first, last;
  Spot origin;

  LW_DEVICE Place(const Shape& shape, int per_group)
      : block(block_number() % shape.num_blocks), group(block_number() / shape.num_blocks),
        first(group * per_group),
        last(first + per_group < shape.batch ? first + per_group : shape.batch),
        origin(corner(shape, block)) {}
};

// The number of the lattice's cell at a place of a window; -1 outside the lattice.
LW_DEVICE int cell_at(const Shape& shape, const Place& place, int number) {
  const Spot at(number, shape.window);
  const Spot cell(place.origin.i + at.i - 1, place.origin.j + at.j - 1, place.origin.k + at.k - 1);
  return cell.is_in(shape.dims) ? cell.number(shape.dims) : -1;
}

// Where in a window cell `number` of a block lies.
LW_DEVICE int inside(const Shape& shape, int number) {
  const Spot at(number, shape.block);
  return Spot(at.i + 1, at.j + 1, at.k + 1).number(shape.window);
}

LW_DEVICE bool is_inside(const Shape& shape, Spot at) {
  return Spot(at.i - 1, at.j - 1, at.k - 1).is_in(shape.block);
}

// How far apart a cell and its neighbour lie in a window.
LW_DEVICE int apart(const Shape& shape, int tap) {
  return ((tap / 9 - 1) * shape.window[1] + tap / 3 % 3 - 1) * shape.window[2] + tap % 3 - 1;
}

// Windows of `kExamples` from `first` on; zeros outside the lattice and for examples in vain.
template <class Real, int kExamples>
LW_DEVICE void load_windows(const SweepCall<Real>& call, const Place& place, int first, Real* to) {
  const Shape& shape = call.shape;
  for (int v = thread_number(); v < shape.window_cells; v += num_threads()) {
    const int cell = cell_at(shape, place, v);
    const Real weight = cell >= 0 && call.stats ? call.norm.weight[cell] : Real(1);
    const Real bias = cell >= 0 && call.stats ? call.norm.bias[cell] : Real(0);
    for (int e = 0; e < kExamples; ++e) {
      Real value = 0;
      if (cell >= 0 && first + e < place.last) {
        const Norm<Real> norm = norm_of(call.stats, shape.batch, first + e);
        value = (call.from[entry(shape, first + e, cell)] - norm.mean) * norm.root * weight + bias;
      }
      to[e * shape.window_cells + v] = value;
    }
  }
}

// The drives of one cell for all examples in shared memory.
template <class Real, bool kGated, int kExamples>
LW_DEVICE void drives(const SweepCall<Real>& call, const Real* windows, int v, int cell,
                      Real (*drive)[kExamples]) {
  constexpr int kChannels = kGated ? 2 : 1;
  const Shape& shape = call.shape;
  for (int c = 0; c < kChannels; ++c)
    for (int e = 0; e < kExamples; ++e) drive[c][e] = call.own.bias[c * shape.cells + cell];
  for (int tap = 0; tap < kTaps; ++tap) {
    const Real* from = windows + v + apart(shape, tap);
    for (int c = 0; c < kChannels; ++c) {
      const Real weight =
          call.own.weight[static_cast<size_t>(tap * kChannels + c) * shape.cells + cell];
      for (int e = 0; e < kExamples; ++e) drive[c][e] += weight * from[e * shape.window_cells];
    }
  }
}

// One inner step from windows to windows, whose halo stays.
template <class Real, bool kGated, int kExamples>
LW_DEVICE void take_step(const SweepCall<Real>& call, const Place& place, const Real* now,
                         Real* next) {
  constexpr int kChannels = kGated ? 2 : 1;
  const Shape& shape = call.shape;
  for (int v = thread_number(); v < shape.window_cells; v += num_threads()) {
    if (!is_inside(shape, Spot(v, shape.window))) {
      for (int e = 0; e < kExamples; ++e)
        next[e * shape.window_cells + v] = now[e * shape.window_cells + v];
      continue;
    }
    const int cell = cell_at(shape, place, v);
    Real drive[kChannels][kExamples];
    drives<Real, kGated, kExamples>(call, now, v, cell, drive);
    const Real scale = kGated ? Real(0) : call.own.scale[cell];
    for (int e = 0; e < kExamples; ++e) {
      const Real mine[2] = {drive[0][e], drive[kChannels - 1][e]};
      next[e * shape.window_cells + v] = updated<Real, kGated>(
          shape.activation, mine, now[e * shape.window_cells + v], scale);
    }
  }
}

template <class Real, bool kGated, int kExamples>
struct SweepForward {
  typedef SweepCall<Real> Call;
  static constexpr int kThreads = kSweepThreads, kBlocks = 2;

  static size_t shared_bytes(const Shape& shape) {
    return sizeof(Real) * 2 * kExamples * static_cast<size_t>(shape.window_cells);
  }

  static LW_DEVICE void run(const Call& call) {
    const Shape& shape = call.shape;
    const Place place(shape, call.per_group);
    Real* now = shared_memory<Real>();
    Real* next = now + kExamples * shape.window_cells;
    for (int first = place.first; first < place.last; first += kExamples) {
      load_windows<Real, kExamples>(call, place, first, now);
      barrier();
      for (int step = 0; step < shape.inner_steps; ++step) {
        take_step<Real, kGated, kExamples>(call, place, now, next);
        barrier();
        Real* before = now;
        now = next, next = before;
      }
      for (int n = thread_number(); n < shape.block_cells; n += num_threads()) {
        const int v = inside(shape, n), cell = cell_at(shape, place, v);
        for (int e = 0; e < kExamples && first + e < place.last; ++e) {
          const size_t at = entry(shape, first + e, cell);
          Real value = now[e * shape.window_cells + v];
          if (call.residual) {
            const Norm<Real> norm = norm_of(call.stats, shape.batch, first + e);
            const Real state = call.from[at];
            const Real seen =
                (state - norm.mean) * norm.root * call.norm.weight[cell] + call.norm.bias[cell];
            value = state + (value - seen);
          }
          call.to[at] = value;
        }
      }
      barrier();
    }
  }
};

// Keeps what every inner step saw and goes back from the last one. All sums are taken in order.
template <class Real, bool kGated, int kExamples>
struct SweepBackward {
  typedef SweepCall<Real> Call;
  static constexpr int kThreads = kSweepThreads, kBlocks = 2;
  static constexpr int kChannels = kGated ? 2 : 1;

  static size_t shared_bytes(const Shape& shape) {
    const size_t windows = static_cast<size_t>(shape.inner_steps) + kChannels + 1;
    return sizeof(Real) * windows * kExamples * static_cast<size_t>(shape.window_cells);
  }

  static LW_DEVICE void run(const Call& call) {
    const Shape& shape = call.shape;
    const Place place(shape, call.per_group);
    const int size = kExamples * shape.window_cells;
    Real* trail = shared_memory<Real>();  // [inner step, example, window]
    Real* d_drive = trail + shape.inner_steps * size;
    Real* d_seen = d_drive + kChannels * size;
    for (int first = place.first; first < place.last; first += kExamples) {
      load_windows<Real, kExamples>(call, place, first, trail);
      load_given(call, place, first, d_drive, d_seen);
      barrier();
      for (int step = 0; step + 1 < shape.inner_steps; ++step) {
        take_step<Real, kGated, kExamples>(call, place, trail + step * size,
                                           trail + (step + 1) * size);
        barrier();
      }
      for (int step = shape.inner_steps - 1; step >= 0; --step) {
        pull_drives(call, place, trail + step * size, d_drive, d_seen);
        barrier();
        pull_weights(call, place, trail + step * size, d_drive);
        pull_windows(call, place, d_drive, d_seen);
        barrier();
      }
      for (int v = thread_number(); v < shape.window_cells; v += num_threads())
        for (int e = 0; e < kExamples && first + e < place.last; ++e) {
          const size_t window = static_cast<size_t>(first + e) * shape.num_blocks + place.block;
          call.windows[window * shape.window_cells + v] = d_seen[e * shape.window_cells + v];
        }
      barrier();
    }
  }

  static LW_DEVICE void load_given(const Call& call, const Place& place, int first, Real* d_drive,
                                   Real* d_seen) {
    const Shape& shape = call.shape;
    for (int v = thread_number(); v < shape.window_cells; v += num_threads()) {
      const bool is_own = is_inside(shape, Spot(v, shape.window));
      const int cell = cell_at(shape, place, v);
      for (int e = 0; e < kExamples; ++e) {
        const bool is_there = is_own && first + e < place.last;
        d_seen[e * shape.window_cells + v] =
            is_there ? call.given[entry(shape, first + e, cell)] : Real(0);
        for (int c = 0; c < kChannels; ++c)
          d_drive[(c * kExamples + e) * shape.window_cells + v] = 0;
      }
    }
  }

  // From the adjoint of the cells' next states to that of their drives; what goes straight back to
  // their states stays in `d_seen`.
  static LW_DEVICE void pull_drives(const Call& call, const Place& place, const Real* seen,
                                    Real* d_drive, Real* d_seen) {
    const Shape& shape = call.shape;
    const size_t shift = place.group * call.partial_size;
    for (int n = thread_number(); n < shape.block_cells; n += num_threads()) {
      const int v = inside(shape, n), cell = cell_at(shape, place, v);
      Real drive[kChannels][kExamples];
      drives<Real, kGated, kExamples>(call, seen, v, cell, drive);
      const Real scale = kGated ? Real(0) : call.own.scale[cell];
      Real d_bias[2] = {0, 0}, d_scale = 0;
      for (int e = 0; e < kExamples; ++e) {
        const int at = e * shape.window_cells + v;
        const Real mine[2] = {drive[0][e], drive[kChannels - 1][e]};
        const Pulled<Real> back =
            pulled<Real, kGated>(shape.activation, mine, seen[at], scale, d_seen[at]);
        d_seen[at] = back.state;
        for (int c = 0; c < kChannels; ++c) {
          d_drive[c * kExamples * shape.window_cells + at] = back.drive[c];
          d_bias[c] += back.drive[c];
        }
        d_scale += back.scale;
      }
      for (int c = 0; c < kChannels; ++c)
        call.sums.bias[shift + c * shape.cells + cell] += d_bias[c];
      if constexpr (!kGated) call.sums.scale[shift + cell] += d_scale;
    }
  }

  static LW_DEVICE void pull_weights(const Call& call, const Place& place, const Real* seen,
                                     const Real* d_drive) {
    const Shape& shape = call.shape;
    const size_t shift = place.group * call.partial_size;
    for (int n = thread_number(); n < shape.block_cells; n += num_threads()) {
      const int v = inside(shape, n), cell = cell_at(shape, place, v);
      for (int c = 0; c < kChannels; ++c) {
        const Real* mine = d_drive + c * kExamples * shape.window_cells + v;
        for (int tap = 0; tap < kTaps; ++tap) {
          const Real* from = seen + v + apart(shape, tap);
          Real sum = 0;
          for (int e = 0; e < kExamples; ++e)
            sum += mine[e * shape.window_cells] * from[e * shape.window_cells];
          call.sums.weight[shift + static_cast<size_t>(tap * kChannels + c) * shape.cells + cell] +=
              sum;
        }
      }
    }
  }

  // Every place of a window gathers from the block's cells that saw it.
  static LW_DEVICE void pull_windows(const Call& call, const Place& place, const Real* d_drive,
                                     Real* d_seen) {
    const Shape& shape = call.shape;
    for (int v = thread_number(); v < shape.window_cells; v += num_threads()) {
      const Spot at(v, shape.window);
      Real sum[kExamples];
      for (int e = 0; e < kExamples; ++e) sum[e] = d_seen[e * shape.window_cells + v];
      for (int tap = 0; tap < kTaps; ++tap) {
        const Spot user = neighbour(at, kTaps - 1 - tap);
        if (!is_inside(shape, user)) continue;
        const int u = user.number(shape.window), cell = cell_at(shape, place, u);
        for (int c = 0; c < kChannels; ++c) {
          const Real weight =
              call.own.weight[static_cast<size_t>(tap * kChannels + c) * shape.cells + cell];
          const Real* from = d_drive + c * kExamples * shape.window_cells + u;
          for (int e = 0; e < kExamples; ++e) sum[e] += weight * from[e * shape.window_cells];
        }
      }
      for (int e = 0; e < kExamples; ++e) d_seen[e * shape.window_cells + v] = sum[e];
    }
  }
};

}  // namespace cuda
}  // namespace latticework
