// A sweep of one inner step, where blocks do not matter: tiles of any shape, and the normalisation
// as part of the weights,
//
//   h = root (sum_d W'[d] S[p + d] - mean tilt) + level,  W'[d] = W[d] norm_weight[p + d],
//   tilt = sum_d W'[d],  level = bias + sum_d W[d] norm_bias[p + d],
//
// so that states are read as they are. A thread keeps the weights of its cells in registers and
// takes the examples of its group one after the other; windows come into shared memory ahead.
#pragma once

#include "cube_shape.hpp"

namespace latticework {
namespace cuda {

constexpr int kChunk = 2;   // examples between two barriers
constexpr int kStages = 3;  // chunks that are on the way or in use

// How a team of threads lies over a tile: `Shape::block` is the tile, a thread has kJ x kK cells.
struct Tile {
  Shape shape;
  int units_j, units_k;  // threads along j and k
  int row, plane, size;  // of a window in shared memory
  int groups, per_group;
  bool reversed;         // examples from the last to the first, which are likely still in the cache

  LW_DEVICE int tile() const { return block_number() % shape.num_blocks; }
  LW_DEVICE int group() const { return block_number() / shape.num_blocks; }
  LW_DEVICE int first() const { return group() * per_group; }
  LW_DEVICE int count() const {
    const int left = shape.batch - first();
    return left < per_group ? left : per_group;
  }
  LW_DEVICE int example(int number) const {
    return first() + (reversed ? count() - 1 - number : number);
  }
};

// The cells of one thread.
template <int kJ, int kK>
struct Unit {
  static constexpr int kCells = kJ * kK;
  Spot first;      // in the tile
  Spot origin;     // of the tile
  bool is_there;   // false for threads in vain

  LW_DEVICE explicit Unit(const Tile& tile)
      : first(0, 0, 0), origin(corner(tile.shape, tile.tile())), is_there(true) {
    const int number = thread_number(), plane = tile.units_j * tile.units_k;
    first = Spot(number / plane, number / tile.units_k % tile.units_j * kJ,
                 number % tile.units_k * kK);
    if (first.i >= tile.shape.block[0]) first = Spot(0, 0, 0), is_there = false;
  }
  LW_DEVICE Spot at(int n) const {
    return {origin.i + first.i, origin.j + first.j + n / kK, origin.k + first.k + n % kK};
  }
  // Whether its cell n is one of the lattice and no other tile's.
  LW_DEVICE bool has(const Tile& tile, int n) const {
    return is_there && first.j + n / kK < tile.shape.block[1] &&
           first.k + n % kK < tile.shape.block[2] && at(n).is_in(tile.shape.dims);
  }
  LW_DEVICE int cell(const Tile& tile, int n) const { return at(n).number(tile.shape.dims); }
  // Where its window begins in the tile's.
  LW_DEVICE int window(const Tile& tile) const {
    return first.i * tile.plane + first.j * tile.row + first.k;
  }
};

// For each place of a window the cell that it holds; -1 outside the lattice.
LW_DEVICE void list_places(const Tile& tile, int* places) {
  const Spot origin = corner(tile.shape, tile.tile());
  for (int n = thread_number(); n < tile.size; n += num_threads()) {
    const Spot cell(origin.i + n / tile.plane - 1, origin.j + n % tile.plane / tile.row - 1,
                    origin.k + n % tile.row - 1);
    const bool is_needed = n % tile.row < tile.shape.window[2] &&
                           n % tile.plane / tile.row < tile.shape.window[1] &&
                           cell.is_in(tile.shape.dims);
    places[n] = is_needed ? cell.number(tile.shape.dims) : -1;
  }
}

// `kCount` numbers side by side; an even count begins at an even place.
template <int kCount, class Real>
LW_DEVICE void read_row(const Real* from, Real* to) {
  if constexpr (kCount % 2 == 0) {
    typedef typename Pair<Real>::Type Two;
#pragma unroll
    for (int n = 0; n < kCount; n += 2) {
      const Two both = *reinterpret_cast<const Two*>(from + n);
      to[n] = both.x, to[n + 1] = both.y;
    }
  } else {
#pragma unroll
    for (int n = 0; n < kCount; ++n) to[n] = from[n];
  }
}

// All that a thread's cells see of one example.
template <class Real, int kJ, int kK>
struct Window {
  Real value[3][kJ + 2][kK + 2];

  LW_DEVICE Window(const Tile& tile, const Real* from) {
#pragma unroll
    for (int a = 0; a < 3; ++a)
#pragma unroll
      for (int b = 0; b < kJ + 2; ++b)
        read_row<kK + 2>(from + a * tile.plane + b * tile.row, value[a][b]);
  }
  LW_DEVICE Real seen(int n, int tap) const {
    return value[tap / 9][n / kK + tap / 3 % 3][n % kK + tap % 3];
  }
  LW_DEVICE Real own(int n) const { return seen(n, kTaps / 2); }
};

// Starts the copies of one chunk's windows from [example, cell].
template <class Real>
LW_DEVICE void fetch_windows(const Tile& tile, const int* places, const Real* from, int chunk,
                             Real* to, int pitch) {
  const int count = tile.count();
  for (int n = thread_number(); n < tile.size; n += num_threads()) {
    const int cell = places[n];
    if (cell < 0) continue;
#pragma unroll
    for (int e = 0; e < kChunk; ++e)
      if (chunk * kChunk + e < count)
        start_copy(to + e * pitch + n,
                   from + entry(tile.shape, tile.example(chunk * kChunk + e), cell));
  }
}

// Of a thread's own cells, to places of its own.
template <class Real, int kJ, int kK>
LW_DEVICE void fetch_own(const Tile& tile, const Unit<kJ, kK>& unit, const Real* from, int chunk,
                         Real* to) {
#pragma unroll
  for (int n = 0; n < kJ * kK; ++n) {
    if (!unit.has(tile, n)) continue;
    for (int e = 0; e < kChunk; ++e)
      if (chunk * kChunk + e < tile.count())
        start_copy(to + (e * kJ * kK + n) * num_threads() + thread_number(),
                   from + entry(tile.shape, tile.example(chunk * kChunk + e), unit.cell(tile, n)));
  }
}

// The sum over the threads of a warp, for one number per example of a chunk: afterwards thread e of
// the warp has that of example e.
template <class Real>
LW_DEVICE Real warp_sum(const Real* mine) {
  static_assert(kChunk == 2, "pairs of threads share two examples");
  const bool is_odd = thread_number() % 2 != 0;
  Real sum = is_odd ? mine[1] : mine[0];
  sum += shuffle(is_odd ? mine[0] : mine[1], 1);
#pragma unroll
  for (int step = 2; step < 32; step *= 2) sum += shuffle(sum, step);
  return sum;
}

template <class Real>
struct FlatCall {
  Tile tile;
  // F: with the normalisation in them where there is one, and the weights as they are otherwise.
  Weights<Real> own;
  const Real* tilt;        // [channel, cell]; none without a normalisation
  Affine<Real> norm;
  const Real* stats;       // [2, batch] of `from`, or none
  const Real* from;        // S_n
  bool residual;
  Real* to;                // S_{n+1}
  Real* pieces;            // [tile, 3, batch]: cells, mean, sum of squares about the mean
};

// The weights of a thread's cells.
template <class Real, int kChannels, int kJ, int kK>
struct Mix {
  static constexpr int kCells = kJ * kK;
  Real weight[kTaps][kChannels][kCells];

  // Weights by the cell that sees; those that meet no cell are never multiplied by anything but 0.
  LW_DEVICE void load(const Tile& tile, const Unit<kJ, kK>& unit, const Real* from) {
#pragma unroll
    for (int n = 0; n < kCells; ++n)
#pragma unroll
      for (int tap = 0; tap < kTaps; ++tap)
#pragma unroll
        for (int c = 0; c < kChannels; ++c)
          weight[tap][c][n] =
              unit.has(tile, n)
                  ? from[static_cast<size_t>(tap * kChannels + c) * tile.shape.cells +
                         unit.cell(tile, n)]
                  : Real(0);
  }

  // Weights by the cell that is seen: what its neighbour at each tap has for it.
  LW_DEVICE void load_turned(const Tile& tile, const Unit<kJ, kK>& unit, const Real* from) {
#pragma unroll
    for (int n = 0; n < kCells; ++n)
#pragma unroll
      for (int tap = 0; tap < kTaps; ++tap)
#pragma unroll
        for (int c = 0; c < kChannels; ++c) {
          const Spot user = neighbour(unit.at(n), tap);
          const size_t slot = static_cast<size_t>((kTaps - 1 - tap) * kChannels + c);
          weight[tap][c][n] = unit.has(tile, n) && user.is_in(tile.shape.dims)
                                  ? from[slot * tile.shape.cells + user.number(tile.shape.dims)]
                                  : Real(0);
        }
  }

  // Adds to the sum of each cell what a window gives it, by the weights of one channel.
  LW_DEVICE void add(const Window<Real, kJ, kK>& window, int channel, Real* sum) const {
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap)
#pragma unroll
      for (int n = 0; n < kCells; ++n) sum[n] += weight[tap][channel][n] * window.seen(n, tap);
  }
};

template <class Real, bool kGated, int kJ, int kK, int kTeam, int kPerUnit>
struct FlatForward {
  typedef FlatCall<Real> Call;
  static constexpr int kThreads = kTeam, kBlocks = kPerUnit;
  static constexpr int kChannels = kGated ? 2 : 1, kCells = kJ * kK, kWarps = kTeam / 32;
  static constexpr int kConstants = 2 * kChannels + 3;

  static size_t shared_bytes(const Tile& tile) {
    return sizeof(Real) * (static_cast<size_t>(kStages) * kChunk * tile.size +
                           static_cast<size_t>(kConstants) * kCells * kTeam +
                           static_cast<size_t>(tile.per_group) * (2 * kWarps + 1)) +
           sizeof(int) * tile.size;
  }

  static LW_DEVICE void run(const Call& call) {
    const Tile& tile = call.tile;
    const Unit<kJ, kK> unit(tile);
    const int count = tile.count(), chunks = (count + kChunk - 1) / kChunk;
    Real* stages = shared_memory<Real>();
    Real* constants = stages + kStages * kChunk * tile.size;
    Real* sums = constants + kConstants * kCells * kTeam;  // [example, warp, 2]
    Real* pivots = sums + tile.per_group * 2 * kWarps;     // [example]
    int* places = reinterpret_cast<int*>(pivots + tile.per_group);
    list_places(tile, places);
    for (int n = thread_number(); n < kStages * kChunk * tile.size; n += kTeam) stages[n] = 0;
    barrier();
    for (int chunk = 0; chunk < kStages - 1; ++chunk) {
      if (chunk < chunks)
        fetch_windows(tile, places, call.from, chunk, stages + chunk * kChunk * tile.size,
                      tile.size);
      close_copies();
    }
    Mix<Real, kChannels, kJ, kK> mix;
    mix.load(tile, unit, call.own.weight);
    keep_constants(call, unit, constants);
    for (int chunk = 0; chunk < chunks; ++chunk) {
      await_copies<kStages - 2>();
      barrier();
      const int ahead = chunk + kStages - 1;
      if (ahead < chunks)
        fetch_windows(tile, places, call.from, ahead,
                      stages + ahead % kStages * kChunk * tile.size, tile.size);
      close_copies();
      take(call, unit, mix, constants, stages + chunk % kStages * kChunk * tile.size, chunk, sums,
           pivots);
    }
    await_copies<0>();
    barrier();
    store_pieces(call, sums, pivots);
  }

  static LW_DEVICE void keep_constants(const Call& call, const Unit<kJ, kK>& unit, Real* to) {
    const Tile& tile = call.tile;
    for (int n = 0; n < kCells; ++n) {
      const bool has = unit.has(tile, n);
      const int cell = has ? unit.cell(tile, n) : 0;
      Real* mine = to + n * kTeam + thread_number();
      for (int c = 0; c < kChannels; ++c) {
        mine[2 * c * kCells * kTeam] =
            has && call.tilt ? call.tilt[c * tile.shape.cells + cell] : Real(0);
        mine[(2 * c + 1) * kCells * kTeam] =
            has ? call.own.bias[c * tile.shape.cells + cell] : Real(0);
      }
      Real* rest = mine + 2 * kChannels * kCells * kTeam;
      rest[0] = has && !kGated ? call.own.scale[cell] : Real(0);
      rest[kCells * kTeam] = has && call.stats ? call.norm.weight[cell] : Real(1);
      rest[2 * kCells * kTeam] = has && call.stats ? call.norm.bias[cell] : Real(0);
    }
  }

  static LW_DEVICE void take(const Call& call, const Unit<kJ, kK>& unit,
                             const Mix<Real, kChannels, kJ, kK>& mix, const Real* constants,
                             const Real* stage, int chunk, Real* sums, Real* pivots) {
    const Tile& tile = call.tile;
    const int count = tile.count();
    Real drive[kChunk][kChannels][kCells], state[kChunk][kCells];
#pragma unroll
    for (int e = 0; e < kChunk; ++e) {
#pragma unroll
      for (int c = 0; c < kChannels; ++c)
#pragma unroll
        for (int n = 0; n < kCells; ++n) drive[e][c][n] = 0;
      const Window<Real, kJ, kK> window(tile, stage + e * tile.size + unit.window(tile));
#pragma unroll
      for (int c = 0; c < kChannels; ++c) mix.add(window, c, drive[e][c]);
#pragma unroll
      for (int n = 0; n < kCells; ++n) state[e][n] = window.own(n);
    }
    Real sum[kChunk] = {}, square[kChunk] = {};
#pragma unroll
    for (int n = 0; n < kCells; ++n) {
      const bool has = unit.has(tile, n);
      const Real* mine = constants + n * kTeam + thread_number();
      const Real* rest = mine + 2 * kChannels * kCells * kTeam;
      const Real scale = rest[0], weight = rest[kCells * kTeam], bias = rest[2 * kCells * kTeam];
#pragma unroll
      for (int e = 0; e < kChunk; ++e) {
        const int number = chunk * kChunk + e;
        if (!has || number >= count) continue;
        const int example = tile.example(number);
        const Norm<Real> norm = norm_of(call.stats, tile.shape.batch, example);
        Real both[2] = {0, 0};
#pragma unroll
        for (int c = 0; c < kChannels; ++c)
          both[c] = norm.root * (drive[e][c][n] - norm.mean * mine[2 * c * kCells * kTeam]) +
                    mine[(2 * c + 1) * kCells * kTeam];
        const Real seen = (state[e][n] - norm.mean) * norm.root * weight + bias;
        Real value = updated<Real, kGated>(tile.shape.activation, both, seen, scale);
        if (call.residual) value = state[e][n] + (value - seen);
        call.to[entry(tile.shape, example, unit.cell(tile, n))] = value;
        const Real apart = value - pivot(call, stage, e, norm);
        sum[e] += apart;
        square[e] += apart * apart;
      }
    }
    const Real total = warp_sum(sum), squares = warp_sum(square);
    const int lane = thread_number() % 32;
    if (lane < kChunk && chunk * kChunk + lane < count) {
      const int number = chunk * kChunk + lane;
      Real* to = sums + (number * kWarps + thread_number() / 32) * 2;
      to[0] = total, to[1] = squares;
      if (thread_number() < 32)
        pivots[number] = pivot(call, stage, lane,
                               norm_of(call.stats, tile.shape.batch, tile.example(number)));
    }
  }

  // What squares are taken about, so that a mean far from zero costs no digits: what is seen at the
  // tile's first cell, or its state where that is added to.
  static LW_DEVICE Real pivot(const Call& call, const Real* stage, int e, Norm<Real> norm) {
    const Tile& tile = call.tile;
    const Real state = stage[e * tile.size + tile.plane + tile.row + 1];
    if (call.residual || !call.stats) return state;
    const int cell = corner(tile.shape, tile.tile()).number(tile.shape.dims);
    return (state - norm.mean) * norm.root * call.norm.weight[cell] + call.norm.bias[cell];
  }

  static LW_DEVICE void store_pieces(const Call& call, const Real* sums, const Real* pivots) {
    const Tile& tile = call.tile;
    const Spot origin = corner(tile.shape, tile.tile());
    Real cells = 1;
    const int begin[3] = {origin.i, origin.j, origin.k};
    for (int axis = 0; axis < 3; ++axis) {
      const int left = tile.shape.dims[axis] - begin[axis];
      cells *= static_cast<Real>(left < tile.shape.block[axis] ? left : tile.shape.block[axis]);
    }
    for (int number = thread_number(); number < tile.count(); number += kTeam) {
      Real sum = 0, square = 0;
      for (int warp = 0; warp < kWarps; ++warp) {
        sum += sums[(number * kWarps + warp) * 2];
        square += sums[(number * kWarps + warp) * 2 + 1];
      }
      Real* to = call.pieces + static_cast<size_t>(tile.tile()) * 3 * tile.shape.batch +
                 tile.example(number);
      const Real apart = sum / cells;
      to[0] = cells;
      to[tile.shape.batch] = pivots[number] + apart;
      to[2 * tile.shape.batch] = square - sum * apart;
    }
  }
};

}  // namespace cuda
}  // namespace latticework
