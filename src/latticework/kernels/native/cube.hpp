// A cube of cells with 3 x 3 x 3 neighbourhoods, swept in blocks: what a SIMD level is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latticework {

constexpr int kTaps = 27;       // neighbours of a cell, itself included
// Room per cell and channel: taps, bias, scale, norm weight and bias, and the pull (cube_fold.hpp).
constexpr int kGradients = 32;
constexpr int kPull = kTaps + 4;

enum Activation : int { kSilu = 0, kRelu = 1, kLeakyRelu = 2, kTanh = 3 };

// One call. Arrays are float or double throughout, row-major; cells are [M, N, K].
//
//   x_0 given; x_{n+1} = LN(sweep(x_n))                       plain
//   q = LN(x_n); x_{n+1} = x_n + (sweep(q) - q)               residual
//
// States S_n are what LN is taken of: sweep(x_{n-1}) for n >= 1, or x_n where residual.
struct Cube {
  int dims[3], block[3];
  int batch, outer_steps, inner_steps, activation;
  bool is_gated, block_norm, residual, separate, keeps;
  double block_eps, norm_eps;
  int num_threads;

  const void* x0;           // [batch, cells]
  const void* weight;       // [step?, tap, channel?, cells]; a leading axis of steps if separate
  const void* bias;         // [step?, channel?, cells]
  const void* scale;        // [step?, cells], not if gated
  const void* norm_weight;  // [cells]
  const void* norm_bias;    // [cells]
  void* out;                // [batch, cells]
  void* states;             // S_1 .. S_N: [step, tile, room, lanes] with rims, if it keeps
  void* stats;              // of S_0 .. S_N: [step + 1, tile, {mean, 1/sd}, lanes], if it keeps

  // Backward only.
  const void* d_out;
  void* d_x0;
  void* d_weight;
  void* d_bias;
  void* d_scale;
  void* d_norm_weight;
  void* d_norm_bias;

  // From outside, so that nothing shared is compiled for one machine alone.
  void (*share_out)(int count, int num_threads, void (*task)(void*, int), void* context);
  char* (*thread_memory)(size_t bytes);  // of the calling thread, aligned; null if there is none
  char* memory;                          // of the whole call, `call_bytes` of it

  int num_channels() const { return is_gated ? 2 : 1; }
  int64_t num_cells() const { return static_cast<int64_t>(dims[0]) * dims[1] * dims[2]; }
  // Without these two the blocks do not matter.
  bool is_flat() const { return inner_steps == 1 && !block_norm; }
  // Where the normalisation can be part of the weights, see cube_fold.hpp.
  bool folds() const { return is_flat() && !residual; }
};

// How the states of a tile lie, in cells: some room behind rows and planes, and a rim before the first
// state and behind each, as far as neighbours lie apart.
struct StateLayout {
  int64_t row, plane, state, rim;

  StateLayout(const int* dims, int64_t cell_bytes) : row(dims[2] + 1), plane(dims[1] * row) {
    // The nine rows that a cell sees shall not compete for the same lines of a level 1 cache, whose
    // places repeat every 4 KiB: three planes lie about a third of that apart.
    constexpr int64_t way = 4096;
    for (int n = 0; n < way / cell_bytes; ++n, ++plane) {
      const int64_t apart = plane * cell_bytes % way;
      if (8 * apart >= 3 * way && 8 * apart <= 5 * way) break;
    }
    state = dims[0] * plane;
    rim = plane + row + 1;
  }
  // Of so many states, one after another.
  int64_t room(int64_t count) const { return count * (state + rim) + rim; }
  // Where the first cell of number n lies.
  int64_t place(int64_t n) const { return n * (state + rim) + rim; }
};

// A tile is so many examples that are computed side by side.
struct Tiling {
  int lanes, count;
};

inline Tiling tile_batch(int batch, int width) {
  // As few lanes in vain as possible; where it makes no difference, wide tiles.
  Tiling best{width, (batch + width - 1) / width};
  for (int vectors = 2; vectors <= 4; vectors *= 2) {
    const int lanes = vectors * width, count = (batch + lanes - 1) / lanes;
    if (count * lanes <= best.count * best.lanes) best = {lanes, count};
  }
  return best;
}

// False where memory for a thread could not be had.
struct CubeKernels {
  int width, item_size;
  size_t (*call_bytes)(const Cube&, bool backward);
  bool (*forward)(const Cube&);
  bool (*backward)(const Cube&);
};

struct CubeLevel {
  const CubeKernels* single;
  const CubeKernels* twice;
};

// The kernels of the SIMD level with that name, which must be one of `levels()`.
const CubeLevel* cube_level(const char* name);

}  // namespace latticework
