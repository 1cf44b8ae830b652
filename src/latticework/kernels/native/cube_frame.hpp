// The memory of one call, how states lie in it, and how arrays get in and out.
#pragma once

#include "cube.hpp"
#include "cube_norm.hpp"
#include "cube_rows.hpp"
#include "scratch.hpp"

namespace latticework {
namespace LW_LEVEL {

// Where the cells of a box lie when it has `rim` empty cells all around; a cell takes `lanes`.
struct Box {
  int size[3];
  int rim, lanes;
  ptrdiff_t step_j, step_i, total;

  Box(const int* dims, int rim, int lanes) : rim(rim), lanes(lanes) {
    for (int axis = 0; axis < 3; ++axis) size[axis] = dims[axis];
    step_j = static_cast<ptrdiff_t>(size[2] + 2 * rim) * lanes;
    step_i = (size[1] + 2 * rim) * step_j;
    total = (size[0] + 2 * rim) * step_i;
  }
  ptrdiff_t at(int i, int j, int k) const {
    return (i + rim) * step_i + (j + rim) * step_j + static_cast<ptrdiff_t>(k + rim) * lanes;
  }
  Around around() const { return Around(step_i, step_j); }
};

template <class T>
struct Frame {
  typedef Simd<T> S;
  const Cube& cube;
  const Tiling tiling;
  const int lanes, tiles, M, N, K, channels;
  const ptrdiff_t cells;
  const Box bare, padded;  // of a whole tile
  const RowLoops<T> loops;

  T* start;       // S_0, residual only: [tile, cells, lanes]
  T* ring;        // S_n where they are not kept: two of [tile, cells, lanes]
  T* own_stats;   // stats where they are not kept
  T* seen;        // x_n as the cells see it: [tile, padded]
  T* weights;     // [channel, cells, tap], with a cell of room before and two behind
  T* pieces;      // [tile, task, ...] partial sums
  // Backward only.
  T* d_drive;     // [channel, tile, padded]
  T* d_seen;      // [tile, cells, lanes], dL/dx_n
  T* d_state;     // [tile, cells, lanes], dL/dS, residual only
  T* turned;      // [channel, padded cells, tap]: weights by the cell that is seen
  T* gradients;   // [channel, cells, kGradients]
  T* means;       // [tile, 2, lanes]
  T* windows;     // [block, tile, window], dL/d(window), not where flat
  size_t bytes;

  Frame(const Cube& cube, bool backward)
      : cube(cube),
        tiling(tile_batch(cube.batch, S::width)),
        lanes(tiling.lanes),
        tiles(tiling.count),
        M(cube.dims[0]),
        N(cube.dims[1]),
        K(cube.dims[2]),
        channels(cube.num_channels()),
        cells(cube.num_cells()),
        bare(cube.dims, 0, lanes),
        padded(cube.dims, 1, lanes),
        loops(lanes) {
    Scratch memory(cube.memory);
    const size_t all = static_cast<size_t>(tiles) * cells * lanes, outer = cube.outer_steps;
    start = memory.take<T>(cube.residual ? all : 0);
    ring = memory.take<T>(cube.keeps || backward ? 0 : 2 * all);
    own_stats = memory.take<T>(cube.keeps || backward ? 0 : (outer + 1) * tiles * 2 * lanes);
    seen = memory.take<T>(static_cast<size_t>(tiles) * padded.total);
    weights = memory.take<T>(static_cast<size_t>(channels) * weight_room());
    pieces = memory.take<T>(static_cast<size_t>(tiles) * most_tasks() * Moments<T>::size(lanes));
    d_drive = memory.take<T>(backward ? static_cast<size_t>(channels) * tiles * padded.total : 0);
    d_seen = memory.take<T>(backward ? all : 0);
    d_state = memory.take<T>(backward && cube.residual ? all : 0);
    turned = memory.take<T>(backward ? static_cast<size_t>(channels) * turned_room() : 0);
    gradients = memory.take<T>(backward ? static_cast<size_t>(channels) * cells * kGradients : 0);
    means = memory.take<T>(backward ? static_cast<size_t>(tiles) * 2 * lanes : 0);
    const size_t windows_there = static_cast<size_t>(num_blocks()) * tiles;
    windows = memory.take<T>(backward && !cube.is_flat() ? windows_there * window().total : 0);
    bytes = memory.used;
  }

  // A window is a block with its halo.
  Box window() const { return Box(cube.block, 1, lanes); }
  int blocks_along(int axis) const { return cube.dims[axis] / cube.block[axis]; }
  int num_blocks() const { return blocks_along(0) * blocks_along(1) * blocks_along(2); }
  int most_tasks() const { return cube.is_flat() || M > num_blocks() ? M : num_blocks(); }

  // One cell of room at the ends, since a row's ends look at the weights of cells beyond it.
  ptrdiff_t weight_room() const { return (cells + 3) * kTaps; }
  ptrdiff_t turned_room() const {
    return (static_cast<ptrdiff_t>(M + 2) * (N + 2) * (K + 2) + 3) * kTaps;
  }
  const T* weight_of(int channel, int i, int j, int k) const {
    return weights + channel * weight_room() + (cell(i, j, k) + 1) * kTaps;
  }
  // Also for cells one beyond the edge.
  const T* turned_of(int channel, int i, int j, int k) const {
    const ptrdiff_t at = (static_cast<ptrdiff_t>(i + 1) * (N + 2) + j + 1) * (K + 2) + k + 1;
    return turned + channel * turned_room() + (at + 1) * kTaps;
  }
  ptrdiff_t cell(int i, int j, int k) const { return (static_cast<ptrdiff_t>(i) * N + j) * K + k; }

  const T* bias_of(int step, int channel) const {
    return at(cube.bias, (cube.separate ? static_cast<ptrdiff_t>(step) * channels : 0) * cells) +
           channel * cells;
  }
  const T* scale_of(int step) const {
    return cube.is_gated ? nullptr : at(cube.scale, cube.separate ? step * cells : 0);
  }
  const T* norm_weight() const { return static_cast<const T*>(cube.norm_weight); }
  const T* norm_bias() const { return static_cast<const T*>(cube.norm_bias); }
  static const T* at(const void* array, ptrdiff_t offset) {
    return static_cast<const T*>(array) + offset;
  }

  T* state(int step, int tile) const {
    const size_t each = static_cast<size_t>(cells) * lanes;
    if (step == 0) return start + tile * each;
    if (!cube.states) return ring + (step % 2 * tiles + tile) * each;
    return static_cast<T*>(cube.states) + (static_cast<size_t>(step - 1) * tiles + tile) * each;
  }
  T* stats(int step, int tile) const {
    T* all = cube.stats ? static_cast<T*>(cube.stats) : own_stats;
    return all + (static_cast<size_t>(step) * tiles + tile) * 2 * lanes;
  }
  Norm<T> norm(int step, int tile) const {
    const T* both = stats(step, tile);
    return {both, both + lanes, lanes};
  }
  T* piece(int task, int tile) const {
    return pieces + (static_cast<size_t>(tile) * most_tasks() + task) * Moments<T>::size(lanes);
  }
  T* seen_of(int tile) const { return seen + tile * padded.total; }
  T* d_drive_of(int channel, int tile) const {
    return d_drive + (static_cast<ptrdiff_t>(channel) * tiles + tile) * padded.total;
  }
  T* d_seen_of(int tile) const { return d_seen + static_cast<size_t>(tile) * cells * lanes; }
  T* d_state_of(int tile) const {
    return cube.residual ? d_state + static_cast<size_t>(tile) * cells * lanes : nullptr;
  }
  T* gradient_of(int channel, int i, int j, int k) const {
    return gradients + (channel * cells + cell(i, j, k)) * kGradients;
  }
  T* window_of(int block, int tile) const {
    return windows + (static_cast<ptrdiff_t>(block) * tiles + tile) * window().total;
  }

  // Tasks 0 .. count - 1 by f(task); false where one has no memory.
  template <class F>
  bool each(int count, F f) const {
    struct Context {
      F* f;
      bool enough;
    } context{&f, true};
    cube.share_out(
        count, cube.num_threads,
        [](void* raw, int task) {
          Context* mine = static_cast<Context*>(raw);
          if (!(*mine->f)(task)) mine->enough = false;
        },
        &context);
    return context.enough;
  }

  // One row of the batch's arrays [batch, cells] into [k, lanes]. Lanes in vain repeat the first
  // example, which keeps them finite, or are 0, which keeps them out of sums.
  void load_row(const void* from, int tile, int i, int j, bool repeats, T* to) const {
    for (int v = 0; v < lanes; ++v) {
      const int example = tile * lanes + v;
      const bool is_there = example < cube.batch;
      const T* row = at(from, (is_there ? example : 0) * cells + cell(i, j, 0));
      const T factor = is_there || repeats ? T(1) : T(0);
      for (int k = 0; k < K; ++k) to[static_cast<ptrdiff_t>(k) * lanes + v] = factor * row[k];
    }
  }
  void store_row(const T* from, int tile, int i, int j, void* to) const {
    for (int v = 0; v < lanes && tile * lanes + v < cube.batch; ++v) {
      T* row = static_cast<T*>(to) + (tile * lanes + v) * cells + cell(i, j, 0);
      for (int k = 0; k < K; ++k) row[k] = from[static_cast<ptrdiff_t>(k) * lanes + v];
    }
  }

  static void clear(T* at, size_t count) { __builtin_memset(at, 0, count * sizeof(T)); }

  // Zeros, for the sake of those beyond the edge.
  void clear_padded(T* at, int count) const {
    clear(at, static_cast<size_t>(count) * padded.total);
  }

  // The weights of one step, tap-minor, and for a backward pass also by the cell that is seen:
  // turned[q][26 - tap] = weight[tap] of the cell that sees q at that tap.
  void pack_weights(int step, bool backward) const {
    each(M, [&](int i) {
      for (int c = 0; c < channels; ++c)
        for (int j = 0; j < N; ++j) pack_row(step, c, i, j);
      return true;
    });
    if (backward)
      each(M + 2, [&](int plane) {
        for (int c = 0; c < channels; ++c)
          for (int j = -1; j <= N; ++j) turn_row(c, plane - 1, j);
        return true;
      });
  }

 private:
  void pack_row(int step, int channel, int i, int j) const {
    const ptrdiff_t whole = kTaps * channels * cells;
    const T* from = at(cube.weight, cube.separate ? step * whole : 0) + channel * cells;
    T* to = const_cast<T*>(weight_of(channel, i, j, 0));
    for (int tap = 0; tap < kTaps; ++tap) {
      const T* row = from + tap * channels * cells + cell(i, j, 0);
      for (int k = 0; k < K; ++k) to[k * kTaps + tap] = row[k];
    }
  }
  void turn_row(int channel, int i, int j) const {
    T* to = const_cast<T*>(turned_of(channel, i, j, -1));
    for (int tap = 0; tap < kTaps; ++tap) {
      // The cell that sees (i, j, k) at `tap` lies the other way.
      const int si = i - (tap / 9 - 1), sj = j - (tap / 3 % 3 - 1), dk = tap % 3 - 1;
      const bool is_row = si >= 0 && si < M && sj >= 0 && sj < N;
      for (int k = -1; k <= K; ++k) {
        const int sk = k - dk;
        const bool is_there = is_row && sk >= 0 && sk < K;
        to[(k + 1) * kTaps + kTaps - 1 - tap] = is_there ? weight_of(channel, si, sj, sk)[tap] : T(0);
      }
    }
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
