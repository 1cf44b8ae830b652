// The memory of one call, how states lie in it, and how arrays get in and out.
#pragma once

#include "cube.hpp"
#include "cube_norm.hpp"
#include "cube_rows.hpp"
#include "scratch.hpp"

namespace latticework {
namespace LW_LEVEL {

// Where the cells of a box lie: with `rim` empty cells all around, or as states do; a cell takes
// `lanes`.
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
  Box(const int* dims, const StateLayout& layout, int lanes) : Box(dims, 0, lanes) {
    step_j = layout.row * lanes;
    step_i = layout.plane * lanes;
    total = layout.state * lanes;
  }
  ptrdiff_t at(int i, int j, int k) const {
    return (i + rim) * step_i + (j + rim) * step_j + static_cast<ptrdiff_t>(k + rim) * lanes;
  }
  Around around() const { return Around(step_i, step_j); }
};

// A row's weights and biases of the normalisation.
template <class T>
struct NormWeights {
  const T* weight;  // [cell]
  const T* bias;    // [cell]
};

// A row of cells along the last axis.
struct Row {
  int tile, i, j;
};

template <class T>
struct Frame {
  typedef Simd<T> S;
  const Cube& cube;
  const Tiling tiling;
  const int lanes, tiles, M, N, K, channels;
  const ptrdiff_t cells;
  const StateLayout layout;
  const Box bare, padded;  // of a whole tile
  const RowLoops<T> loops;

  // States lie [tile, room, lanes] with rims, gradients of states [tile, room, lanes].
  T* start;       // S_0, residual only, or x_0 where the normalisation is folded
  T* ring;        // S_n where they are not kept: two of them
  T* own_stats;   // stats where they are not kept
  T* seen;        // x_n as the cells see it: [tile, padded], not where folded
  T* weights;     // [channel, cells, tap], with a cell of room before and two behind
  T* tilt;        // [channel, cells], where folded; so is `level`
  T* level;
  T* plain;       // a row of ones, a row of zeros
  T* pieces;      // [tile, task, ...] partial sums
  // Backward only.
  T* d_drive;     // [channel, tile, padded]
  T* d_seen;      // dL/dx_n
  T* d_state;     // dL/dS, residual only
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
        layout(cube.dims, static_cast<int64_t>(sizeof(T)) * lanes),
        bare(cube.dims, layout, lanes),
        padded(cube.dims, 1, lanes),
        loops(lanes) {
    Scratch memory(cube.memory);
    const size_t all = static_cast<size_t>(tiles) * bare.total, outer = cube.outer_steps;
    const bool has_start = cube.residual || cube.folds();
    start = memory.take<T>(has_start ? layout.room(tiles) * lanes : 0);
    ring = memory.take<T>(cube.keeps || backward ? 0 : layout.room(2 * tiles) * lanes);
    own_stats = memory.take<T>(cube.keeps || backward ? 0 : (outer + 1) * tiles * 2 * lanes);
    seen = memory.take<T>(cube.folds() ? 0 : static_cast<size_t>(tiles) * padded.total);
    weights = memory.take<T>(static_cast<size_t>(channels) * weight_room());
    const size_t planes = cube.folds() ? static_cast<size_t>(channels) * cells : 0;
    tilt = memory.take<T>(planes);
    level = memory.take<T>(planes);
    plain = memory.take<T>(2 * static_cast<size_t>(K));
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
  // From outside: [cell] of one tap.
  const T* raw_weight(int step, int tap, int channel) const {
    const ptrdiff_t lead = cube.separate ? step : 0;
    return at(cube.weight, ((lead * kTaps + tap) * channels + channel) * cells);
  }
  T* weight_of(int channel, int i, int j, int k) const {
    return weights + channel * weight_room() + (cell(i, j, k) + 1) * kTaps;
  }
  // Also for cells one beyond the edge.
  T* turned_of(int channel, int i, int j, int k) const {
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
  T* tilt_of(int channel) const { return tilt + channel * cells; }
  T* level_of(int channel) const { return level + channel * cells; }
  // Of the normalisation that x_step comes out of, for one row; x_0 is given.
  NormWeights<T> norm_before(int step, int i, int j) const {
    if (step == 0) return {plain, plain + K};
    return {norm_weight() + cell(i, j, 0), norm_bias() + cell(i, j, 0)};
  }
  const T* norm_weight() const { return static_cast<const T*>(cube.norm_weight); }
  const T* norm_bias() const { return static_cast<const T*>(cube.norm_bias); }
  static const T* at(const void* array, ptrdiff_t offset) {
    return static_cast<const T*>(array) + offset;
  }

  T* state(int step, int tile) const {
    T* kept = static_cast<T*>(cube.states);
    T* from = step == 0 ? start : kept ? kept : ring;
    const int64_t before = step == 0 ? 0 : kept ? step - 1 : step % 2;
    return from + layout.place(before * tiles + tile) * lanes;
  }
  // Zeros before the first of so many states and behind each of them, of their planes and rows.
  void clear_rims(T* states, int count) const {
    const size_t behind_plane = (layout.plane - N * layout.row) * lanes;
    clear(states, layout.rim * lanes);
    each(count * tiles, [&](int n) {
      T* at = states + layout.place(n) * lanes;
      clear(at + bare.total, layout.rim * lanes);
      for (int i = 0; i < M; ++i) {
        for (int j = 0; j < N; ++j) clear(at + bare.at(i, j, K), lanes);
        clear(at + bare.at(i, N, 0), behind_plane);
      }
      return true;
    });
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
  T* d_seen_of(int tile) const { return d_seen + tile * bare.total; }
  T* d_state_of(int tile) const {
    return cube.residual ? d_state + tile * bare.total : nullptr;
  }
  T* gradient_of(int channel, int i, int j, int k) const {
    return gradients + (channel * cells + cell(i, j, k)) * kGradients;
  }
  T* window_of(int block, int tile) const {
    return windows + (static_cast<ptrdiff_t>(block) * tiles + tile) * window().total;
  }

  // Calls f(row) for all rows of plane i.
  template <class F>
  void rows(int i, F f) const {
    for (int tile = 0; tile < tiles; ++tile)
      for (int j = 0; j < N; ++j) f(Row{tile, i, j});
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

  void clear_gradients() const {
    clear(gradients, static_cast<size_t>(channels) * cells * kGradients);
  }

  // Zeros, for the sake of those beyond the edge.
  void clear_padded(T* at, int count) const {
    clear(at, static_cast<size_t>(count) * padded.total);
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
