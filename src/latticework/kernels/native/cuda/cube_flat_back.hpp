// The way back through a sweep of one inner step, in two passes, since a cell's adjoint needs those
// of its neighbours' drives: `FlatPull` makes them, and the sums for the parameters, which a thread
// keeps in registers over all examples of its group; `FlatBack` takes them to what was seen.
#pragma once

#include "cube_flat.hpp"

namespace latticework {
namespace cuda {

template <class Real>
struct FlatPullCall {
  Tile tile;
  Weights<Real> own;       // as in FlatCall
  const Real* tilt;
  Affine<Real> norm;
  const Real* stats;       // of `from`, or none
  const Real* from;        // S_n
  // The adjoint of S_{n+1}: `given`, or, with `means`, that of LN(S_{n+1}), and `base` on top.
  const Real* given;
  const Real* means;       // [2, batch], see NormCall; or none
  const Real* state;       // S_{n+1}
  const Real* state_stats;
  const Real* base;
  Real* swept;             // the adjoint of S_{n+1} if it is asked for
  Real* direct;            // [example, cell]: of what was seen, but for what goes through the drives
  Real* d_drive;           // [channel, example, cell]
  bool residual;
  size_t partial_size;
  Sums<Real> sums;         // of group 0
  Real *d_weight, *d_bias; // of the normalisation, of group 0
};

template <class Real, bool kGated, int kJ, int kK, int kTeam, int kPerUnit>
struct FlatPull {
  typedef FlatPullCall<Real> Call;
  static constexpr int kThreads = kTeam, kBlocks = kPerUnit;
  static constexpr int kChannels = kGated ? 2 : 1, kCells = kJ * kK;
  static constexpr int kOwn = 3;  // given, state, base

  // What a thread adds up over the examples.
  struct Kept {
    Real weight[kTaps][kChannels][kCells], mean[kChannels][kCells], drive[kChannels][kCells];
    Real scale[kCells], norm_weight[kCells], norm_bias[kCells];
  };
  // What it knows of its cells.
  struct Known {
    Real tilt[kChannels][kCells], bias[kChannels][kCells], scale[kCells], norm_weight[kCells],
        norm_bias[kCells];
  };

  static LW_DEVICE int stage_size(const Tile& tile) {
    return kChunk * (tile.size + kOwn * kCells * kTeam);
  }
  static size_t shared_bytes(const Tile& tile) {
    return sizeof(Real) * kStages * kChunk *
               (static_cast<size_t>(tile.size) + kOwn * kCells * kTeam) +
           sizeof(int) * tile.size;
  }

  static LW_DEVICE void run(const Call& call) {
    const Tile& tile = call.tile;
    const Unit<kJ, kK> unit(tile);
    const int chunks = (tile.count() + kChunk - 1) / kChunk;
    Real* stages = shared_memory<Real>();
    int* places = reinterpret_cast<int*>(stages + kStages * stage_size(tile));
    list_places(tile, places);
    for (int n = thread_number(); n < kStages * stage_size(tile); n += kTeam) stages[n] = 0;
    barrier();
    for (int chunk = 0; chunk < kStages - 1; ++chunk) {
      if (chunk < chunks) fetch(call, unit, places, chunk, stages + chunk * stage_size(tile));
      close_copies();
    }
    Mix<Real, kChannels, kJ, kK> mix;
    mix.load(tile, unit, call.own.weight);
    const Known known = know(call, unit);
    Kept kept = {};
    for (int chunk = 0; chunk < chunks; ++chunk) {
      await_copies<kStages - 2>();
      barrier();
      const int ahead = chunk + kStages - 1;
      if (ahead < chunks)
        fetch(call, unit, places, ahead, stages + ahead % kStages * stage_size(tile));
      close_copies();
      const Real* stage = stages + chunk % kStages * stage_size(tile);
#pragma unroll 1
      for (int e = 0; e < kChunk && chunk * kChunk + e < tile.count(); ++e)
        take(call, unit, mix, known, kept, stage, e, tile.example(chunk * kChunk + e));
    }
    await_copies<0>();
    add_up(call, unit, kept);
  }

  static LW_DEVICE void fetch(const Call& call, const Unit<kJ, kK>& unit, const int* places,
                              int chunk, Real* to) {
    const Tile& tile = call.tile;
    fetch_windows(tile, places, call.from, chunk, to, tile.size);
    Real* own = to + kChunk * tile.size;
    const int each = kChunk * kCells * kTeam;
    fetch_own(tile, unit, call.given, chunk, own);
    if (call.means) fetch_own(tile, unit, call.state, chunk, own + each);
    if (call.base) fetch_own(tile, unit, call.base, chunk, own + 2 * each);
  }

  static LW_DEVICE Known know(const Call& call, const Unit<kJ, kK>& unit) {
    const Tile& tile = call.tile;
    Known known;
#pragma unroll
    for (int n = 0; n < kCells; ++n) {
      const bool has = unit.has(tile, n);
      const int cell = has ? unit.cell(tile, n) : 0;
#pragma unroll
      for (int c = 0; c < kChannels; ++c) {
        known.tilt[c][n] = has && call.tilt ? call.tilt[c * tile.shape.cells + cell] : Real(0);
        known.bias[c][n] = has ? call.own.bias[c * tile.shape.cells + cell] : Real(0);
      }
      known.scale[n] = has && !kGated ? call.own.scale[cell] : Real(0);
      known.norm_weight[n] = has ? call.norm.weight[cell] : Real(0);
      known.norm_bias[n] = has ? call.norm.bias[cell] : Real(0);
    }
    return known;
  }

  static LW_DEVICE void take(const Call& call, const Unit<kJ, kK>& unit,
                             const Mix<Real, kChannels, kJ, kK>& mix, const Known& known,
                             Kept& kept, const Real* stage, int e, int example) {
    const Tile& tile = call.tile;
    const Shape& shape = tile.shape;
    const Window<Real, kJ, kK> window(tile, stage + e * tile.size + unit.window(tile));
    const Norm<Real> norm = norm_of(call.stats, shape.batch, example);
    const Norm<Real> next = norm_of(call.means ? call.state_stats : nullptr, shape.batch, example);
    Real drive[kChannels][kCells] = {}, back[kChannels][kCells];
#pragma unroll
    for (int c = 0; c < kChannels; ++c) mix.add(window, c, drive[c]);
    const Real* own = stage + kChunk * tile.size + e * kCells * kTeam + thread_number();
    const int each = kChunk * kCells * kTeam;
#pragma unroll
    for (int n = 0; n < kCells; ++n) {
      const bool has = unit.has(tile, n);
      Real given = has ? own[n * kTeam] : Real(0);
      if (call.means) {
        const Real apart = ((has ? own[each + n * kTeam] : Real(0)) - next.mean) * next.root;
        kept.norm_weight[n] += given * apart;
        kept.norm_bias[n] += given;
        given = has ? next.root * (given * known.norm_weight[n] - call.means[example] -
                                   apart * call.means[shape.batch + example])
                    : Real(0);
      }
      if (call.base && has) given += own[2 * each + n * kTeam];
      Real both[2] = {0, 0};
#pragma unroll
      for (int c = 0; c < kChannels; ++c)
        both[c] = norm.root * (drive[c][n] - norm.mean * known.tilt[c][n]) + known.bias[c][n];
      const Real each_seen = (window.own(n) - norm.mean) * norm.root;
      const Real seen =
          call.stats ? each_seen * known.norm_weight[n] + known.norm_bias[n] : window.own(n);
      const Pulled<Real> pull =
          pulled<Real, kGated>(shape.activation, both, seen, known.scale[n], given);
#pragma unroll
      for (int c = 0; c < kChannels; ++c) {
        kept.drive[c][n] += pull.drive[c];
        back[c][n] = pull.drive[c] * norm.root;
        kept.mean[c][n] += back[c][n] * norm.mean;
      }
      kept.scale[n] += pull.scale;
      if (has) {
        const size_t at = entry(shape, example, unit.cell(tile, n));
#pragma unroll
        for (int c = 0; c < kChannels; ++c)
          call.d_drive[c * entry(shape, shape.batch, 0) + at] = pull.drive[c];
        call.direct[at] = call.residual ? pull.state - given : pull.state;
        if (call.swept) call.swept[at] = given;
      }
    }
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap)
#pragma unroll
      for (int c = 0; c < kChannels; ++c)
#pragma unroll
        for (int n = 0; n < kCells; ++n)
          kept.weight[tap][c][n] += back[c][n] * window.seen(n, tap);
  }

  // Adds to the sums of the group. With q the neighbour, what was seen there is
  // (S[q] - mean) root norm_weight[q] + norm_bias[q].
  static LW_DEVICE void add_up(const Call& call, const Unit<kJ, kK>& unit, const Kept& kept) {
    const Tile& tile = call.tile;
    const size_t shift = tile.group() * call.partial_size;
#pragma unroll
    for (int n = 0; n < kCells; ++n) {
      if (!unit.has(tile, n)) continue;
      const int cell = unit.cell(tile, n), cells = tile.shape.cells;
#pragma unroll
      for (int tap = 0; tap < kTaps; ++tap) {
        const Spot near = neighbour(unit.at(n), tap);
        if (!near.is_in(tile.shape.dims)) continue;
        const int other = near.number(tile.shape.dims);
        const Real weight = call.stats ? call.norm.weight[other] : Real(1);
        const Real bias = call.stats ? call.norm.bias[other] : Real(0);
#pragma unroll
        for (int c = 0; c < kChannels; ++c)
          call.sums.weight[shift + static_cast<size_t>(tap * kChannels + c) * cells + cell] +=
              weight * (kept.weight[tap][c][n] - kept.mean[c][n]) + bias * kept.drive[c][n];
      }
#pragma unroll
      for (int c = 0; c < kChannels; ++c)
        call.sums.bias[shift + c * cells + cell] += kept.drive[c][n];
      if constexpr (!kGated) call.sums.scale[shift + cell] += kept.scale[n];
      call.d_weight[shift + cell] += kept.norm_weight[n];
      call.d_bias[shift + cell] += kept.norm_bias[n];
    }
  }
};

template <class Real>
struct FlatBackCall {
  Tile tile;
  const Real* weight;      // [tap, channel, cell], as it is
  const Real* d_drive;     // [channel, example, cell]
  const Real* direct;      // [example, cell]
  Real* to;                // the adjoint of what was seen
  // For the adjoint of the normalisation; none if nothing was normalised.
  const Real* state;       // S_n
  const Real* stats;
  const Real* norm_weight;
  Real* pieces;            // [tile, 2, batch]: each tile's part of `means`
};

template <class Real, bool kGated, int kJ, int kK, int kTeam, int kPerUnit>
struct FlatBack {
  typedef FlatBackCall<Real> Call;
  static constexpr int kThreads = kTeam, kBlocks = kPerUnit;
  static constexpr int kChannels = kGated ? 2 : 1, kCells = kJ * kK, kWarps = kTeam / 32;
  static constexpr int kOwn = 2;  // direct, state

  static LW_DEVICE int stage_size(const Tile& tile) {
    return kChunk * (kChannels * tile.size + kOwn * kCells * kTeam);
  }
  static size_t shared_bytes(const Tile& tile) {
    const size_t stage =
        kChunk * (static_cast<size_t>(kChannels) * tile.size + kOwn * kCells * kTeam);
    return sizeof(Real) * (kStages * stage + static_cast<size_t>(tile.per_group) * 2 * kWarps) +
           sizeof(int) * tile.size;
  }

  static LW_DEVICE void run(const Call& call) {
    const Tile& tile = call.tile;
    const Unit<kJ, kK> unit(tile);
    const int chunks = (tile.count() + kChunk - 1) / kChunk;
    Real* stages = shared_memory<Real>();
    Real* sums = stages + kStages * stage_size(tile);  // [example, warp, 2]
    int* places = reinterpret_cast<int*>(sums + tile.per_group * 2 * kWarps);
    list_places(tile, places);
    for (int n = thread_number(); n < kStages * stage_size(tile); n += kTeam) stages[n] = 0;
    barrier();
    for (int chunk = 0; chunk < kStages - 1; ++chunk) {
      if (chunk < chunks) fetch(call, unit, places, chunk, stages + chunk * stage_size(tile));
      close_copies();
    }
    Mix<Real, kChannels, kJ, kK> mix;
    mix.load_turned(tile, unit, call.weight);
    Real norm_weight[kCells];
#pragma unroll
    for (int n = 0; n < kCells; ++n)
      norm_weight[n] =
          call.stats && unit.has(tile, n) ? call.norm_weight[unit.cell(tile, n)] : Real(0);
    for (int chunk = 0; chunk < chunks; ++chunk) {
      await_copies<kStages - 2>();
      barrier();
      const int ahead = chunk + kStages - 1;
      if (ahead < chunks)
        fetch(call, unit, places, ahead, stages + ahead % kStages * stage_size(tile));
      close_copies();
      take(call, unit, mix, norm_weight, stages + chunk % kStages * stage_size(tile), chunk, sums);
    }
    await_copies<0>();
    barrier();
    if (call.stats) store_pieces(call, sums);
  }

  static LW_DEVICE void fetch(const Call& call, const Unit<kJ, kK>& unit, const int* places,
                              int chunk, Real* to) {
    const Tile& tile = call.tile;
    for (int c = 0; c < kChannels; ++c)
      fetch_windows(tile, places, call.d_drive + c * entry(tile.shape, tile.shape.batch, 0), chunk,
                    to + c * kChunk * tile.size, tile.size);
    Real* own = to + kChunk * kChannels * tile.size;
    fetch_own(tile, unit, call.direct, chunk, own);
    if (call.stats) fetch_own(tile, unit, call.state, chunk, own + kChunk * kCells * kTeam);
  }

  static LW_DEVICE void take(const Call& call, const Unit<kJ, kK>& unit,
                             const Mix<Real, kChannels, kJ, kK>& mix, const Real* norm_weight,
                             const Real* stage, int chunk, Real* sums) {
    const Tile& tile = call.tile;
    const int count = tile.count();
    Real plain[kChunk] = {}, tilted[kChunk] = {};
#pragma unroll
    for (int e = 0; e < kChunk; ++e) {
      Real sum[kCells] = {};
#pragma unroll
      for (int c = 0; c < kChannels; ++c) {
        const Window<Real, kJ, kK> window(
            tile, stage + (c * kChunk + e) * tile.size + unit.window(tile));
        mix.add(window, c, sum);
      }
      const int number = chunk * kChunk + e;
      if (number >= count) continue;
      const int example = tile.example(number);
      const Norm<Real> norm = norm_of(call.stats, tile.shape.batch, example);
      const Real* own =
          stage + kChunk * kChannels * tile.size + e * kCells * kTeam + thread_number();
#pragma unroll
      for (int n = 0; n < kCells; ++n) {
        if (!unit.has(tile, n)) continue;
        const Real value = own[n * kTeam] + sum[n];
        call.to[entry(tile.shape, example, unit.cell(tile, n))] = value;
        if (call.stats) {
          const Real state = own[kChunk * kCells * kTeam + n * kTeam];
          plain[e] += value * norm_weight[n];
          tilted[e] += value * norm_weight[n] * ((state - norm.mean) * norm.root);
        }
      }
    }
    if (!call.stats) return;
    const Real total = warp_sum(plain), tilt = warp_sum(tilted);
    const int lane = thread_number() % 32, number = chunk * kChunk + lane;
    if (lane < kChunk && number < count) {
      sums[(number * kWarps + thread_number() / 32) * 2] = total;
      sums[(number * kWarps + thread_number() / 32) * 2 + 1] = tilt;
    }
  }

  static LW_DEVICE void store_pieces(const Call& call, const Real* sums) {
    const Tile& tile = call.tile;
    for (int number = thread_number(); number < tile.count(); number += kTeam)
      for (int which = 0; which < 2; ++which) {
        Real sum = 0;
        for (int warp = 0; warp < kWarps; ++warp) sum += sums[(number * kWarps + warp) * 2 + which];
        call.pieces[(static_cast<size_t>(tile.tile()) * 2 + which) * tile.shape.batch +
                    tile.example(number)] = sum / tile.shape.cells;
      }
  }
};

}  // namespace cuda
}  // namespace latticework
