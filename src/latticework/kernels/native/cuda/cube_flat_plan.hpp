// How a lattice is cut into tiles for teams of threads, and the small kernels around `cube_flat.hpp`.
#pragma once

#include "cube_flat_back.hpp"
#include "cube_norm.hpp"

namespace latticework {
namespace cuda {

// Teams that work at a time on an H100, 132 multiprocessors with so many each; fixed, so that sums
// do not depend on the device.
constexpr int kMultiprocessors = 132;
constexpr int kMostPerGroup = 256;  // examples, for which a team has room to add up
constexpr int kLongest = 32;        // cells of a tile along k: a warp's copies are then whole lines

inline int over(int count, int each) { return (count + each - 1) / each; }

// Groups of 32-bit banks that threads of half a warp want at once when each reads two numbers: the
// fewest is 1. Threads lie `along` k, two cells apart, and then `step` numbers apart.
inline int bank_conflicts(int along, int step) {
  int users[32] = {};
  int most = 1;
  for (int thread = 0; thread < 16; ++thread) {
    const int bank = (thread % along * 2 + thread / along * step) % 32;
    if (++users[bank] > most) most = users[bank];
  }
  return most;
}

// The tile of a team of `threads` with kJ x kK cells each that costs least: what all threads read of
// their windows, those in vain too, and what is copied.
template <int kJ, int kK>
Tile tile_of(const int* dims, int threads, int batch, int teams, int activation) {
  const int pieces = over(dims[2], kLongest);
  const int long_k = over(over(dims[2], pieces), kK) * kK, units_k = long_k / kK;
  Tile best{};
  double least = 0;
  for (int units_j = 1; units_j * units_k <= threads && (units_j - 1) * kJ < dims[1]; ++units_j) {
    const int most = threads / (units_j * units_k), long_i = most < dims[0] ? most : dims[0];
    const int block[3] = {long_i, units_j * kJ, long_k};
    Tile tile{};
    tile.shape = Shape(dims, block, batch, 1, activation);
    tile.units_j = units_j, tile.units_k = units_k;
    tile.row = long_k + 2;
    if (kK == 2 && units_k < 16) {
      int row = tile.row;
      for (int wider = tile.row; wider <= tile.row + 14; wider += 2)
        if (bank_conflicts(units_k, kJ * wider) < bank_conflicts(units_k, kJ * row)) row = wider;
      tile.row = row;
    }
    tile.plane = (units_j * kJ + 2) * tile.row;
    tile.size = (long_i + 2) * tile.plane;
    const double reads = static_cast<double>(threads) * 3 * (kJ + 2) * (kK + 2);
    const double cost = tile.shape.num_blocks * (reads + 2.0 * tile.shape.window_cells);
    if (units_j == 1 || cost < least) best = tile, least = cost;
  }
  best.groups = teams / best.shape.num_blocks;
  if (best.groups > over(batch, kChunk)) best.groups = over(batch, kChunk);
  if (best.groups < over(batch, kMostPerGroup)) best.groups = over(batch, kMostPerGroup);
  best.per_group = over(batch, best.groups);
  best.groups = over(batch, best.per_group);
  return best;
}

template <class Real>
struct FoldWeightsCall {
  Shape shape;
  int channels;
  const Real* weight;  // [tap, channel, cell]
  const Real* bias;    // [channel, cell]
  Affine<Real> norm;
  Real* folded;        // [tap, channel, cell]
  Real* tilt;          // [channel, cell]
  Real* level;         // [channel, cell]
};

// The normalisation as part of the weights, see cube_flat.hpp; a thread per cell and channel.
template <class Real>
struct FoldWeights {
  typedef FoldWeightsCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static LW_DEVICE void run(const Call& call) {
    const int number = block_number() * kNormThreads + thread_number(), cells = call.shape.cells;
    if (number >= call.channels * cells) return;
    const int cell = number % cells, channel = number / cells;
    const Spot at(cell, call.shape.dims);
    Real tilt = 0, level = call.bias[number];
    for (int tap = 0; tap < kTaps; ++tap) {
      const size_t slot = static_cast<size_t>(tap * call.channels + channel) * cells + cell;
      const Spot near = neighbour(at, tap);
      const bool is_there = near.is_in(call.shape.dims);
      const int other = is_there ? near.number(call.shape.dims) : 0;
      const Real folded = is_there ? call.weight[slot] * call.norm.weight[other] : Real(0);
      if (is_there) level += call.weight[slot] * call.norm.bias[other];
      call.folded[slot] = folded;
      tilt += folded;
    }
    call.tilt[number] = tilt;
    call.level[number] = level;
  }
};

template <class Real>
struct CombineCall {
  const Real* pieces;  // of every tile, see FlatCall and FlatBackCall
  int tiles, batch, cells;
  Real eps;
  Real* out;           // [2, batch]
};

// Statistics of every example from those of the tiles; a team per example.
template <class Real>
struct CombineMoments {
  typedef CombineCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes() { return sizeof(Real) * kNormThreads; }

  static LW_DEVICE void run(const Call& call) {
    Real* room = shared_memory<Real>();
    const Real* mine = call.pieces + block_number();
    const size_t row = call.batch;
    Real sum = 0, square = 0;
    for (int tile = thread_number(); tile < call.tiles; tile += kNormThreads)
      sum += mine[3 * tile * row] * mine[(3 * tile + 1) * row];
    const Real mean = team_sum(sum, room) / call.cells;
    for (int tile = thread_number(); tile < call.tiles; tile += kNormThreads) {
      const Real apart = mine[(3 * tile + 1) * row] - mean;
      square += mine[(3 * tile + 2) * row] + mine[3 * tile * row] * apart * apart;
    }
    const Real variance = team_sum(square, room) / call.cells;
    if (thread_number() == 0) {
      call.out[block_number()] = mean;
      call.out[call.batch + block_number()] = Real(1) / sqrt(variance + call.eps);
    }
  }
};

// The sums of two numbers of every tile; a team per example.
template <class Real>
struct CombineMeans {
  typedef CombineCall<Real> Call;
  static constexpr int kThreads = kNormThreads, kBlocks = 2;

  static size_t shared_bytes() { return sizeof(Real) * kNormThreads; }

  static LW_DEVICE void run(const Call& call) {
    Real* room = shared_memory<Real>();
    const Real* mine = call.pieces + block_number();
    for (int which = 0; which < 2; ++which) {
      Real sum = 0;
      for (int tile = thread_number(); tile < call.tiles; tile += kNormThreads)
        sum += mine[static_cast<size_t>(2 * tile + which) * call.batch];
      sum = team_sum(sum, room);
      if (thread_number() == 0) call.out[which * call.batch + block_number()] = sum;
    }
  }
};

// Thread tiles and teams. What a thread holds in registers decides: of the forward pass and the way
// back 27 weights per channel and cell, of the sums twice that.
template <class Real, bool kGated>
struct Teams;
template <>
struct Teams<float, false> {
  static constexpr int kJ = 2, kK = 2, kTeam = 128, kBlocks = 3;
  static constexpr int kPullJ = 1, kPullK = 2, kPullTeam = 256, kPullBlocks = 1;
};
template <>
struct Teams<float, true> {
  static constexpr int kJ = 1, kK = 2, kTeam = 128, kBlocks = 3;
  static constexpr int kPullJ = 1, kPullK = 1, kPullTeam = 256, kPullBlocks = 1;
};
template <bool kGated>
struct Teams<double, kGated> {
  static constexpr int kJ = 1, kK = 1, kTeam = 128, kBlocks = 2;
  static constexpr int kPullJ = 1, kPullK = 1, kPullTeam = 128, kPullBlocks = 2;
};

}  // namespace cuda
}  // namespace latticework
