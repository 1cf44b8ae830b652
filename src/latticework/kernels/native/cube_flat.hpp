// One inner step without block norm: where blocks do not matter, and a task is a plane of cells.
#pragma once

#include "cube_cells.hpp"
#include "cube_fold.hpp"

namespace latticework {
namespace LW_LEVEL {

// swept = before + (swept - seen)
template <class T>
void add_change(const T* before, const T* seen, size_t count, T* swept) {
  typedef Simd<T> S;
  for (size_t n = 0; n < count; n += S::width)
    S::store(swept + n, S::load(before + n) + (S::load(swept + n) - S::load(seen + n)));
}

// A row as its neighbours see it: x_n, or S_n where the normalisation is part of the weights.
template <class T>
struct Seen {
  const Frame<T>& f;
  const Row here;
  const int step;
  const ptrdiff_t cell;
  const bool is_folded;
  const T* at;
  const Around around;
  Fold<T> fold;

  Seen(const Frame<T>& f, int step, const Row& here)
      : f(f),
        here(here),
        step(step),
        cell(f.cell(here.i, here.j, 0)),
        is_folded(f.cube.folds()),
        at(is_folded ? f.state(step, here.tile) + f.bare.at(here.i, here.j, 0)
                     : f.seen_of(here.tile) + f.padded.at(here.i, here.j, 0)),
        around(is_folded ? f.bare.around() : f.padded.around()),
        fold{} {
    if (!is_folded) return;
    const Norm<T> norm = f.norm(step, here.tile);
    const NormWeights<T> own = f.norm_before(step, here.i, here.j);
    fold = {norm.mean, norm.inverse, own.weight, own.bias, {}, {}};
    for (int c = 0; c < f.channels; ++c) {
      fold.tilt[c] = f.tilt_of(c) + cell;
      fold.level[c] = f.level_of(c) + cell;
    }
  }

  // What the cells make of it; valid as long as this and `drive` are.
  RowOfCells<T> drives(T* const* drive) const {
    for (int c = 0; c < f.channels; ++c)
      f.loops.mix(at, around, f.weight_of(c, here.i, here.j, 0),
                  is_folded ? nullptr : f.bias_of(step, c) + cell, nullptr, f.K, drive[c]);
    const T* scale = f.scale_of(step);
    return {f.K,
            f.lanes,
            at,
            drive[0],
            f.cube.is_gated ? drive[1] : nullptr,
            scale ? scale + cell : nullptr,
            is_folded ? &fold : nullptr};
  }
};

// S_{n+1} of one plane from what is seen, with its moments.
template <class T>
bool flat_forward(const Frame<T>& f, int step, int i) {
  const size_t row = static_cast<size_t>(f.K) * f.lanes;
  Scratch counted(nullptr);
  for (int c = 0; c < 2; ++c) counted.take<T>(row);
  Scratch memory(f.cube.thread_memory(counted.used));
  if (!memory.base) return false;
  T* drive[2] = {memory.take<T>(row), memory.take<T>(row)};
  f.rows(i, [&](const Row& here) {
    const Seen<T> seen(f, step, here);
    const ptrdiff_t at = f.bare.at(i, here.j, 0);
    T* out = f.state(step + 1, here.tile) + at;
    step_cells<T>(f.cube.activation, seen.drives(drive), out);
    if (f.cube.residual) add_change(f.state(step, here.tile) + at, seen.at, row, out);
    Moments<T> moments(f.piece(i, here.tile), f.lanes);
    if (here.j == 0) moments.start(out);
    moments.add(out, f.K);
  });
  return true;
}

// dL/dS_{n+1} of a row, from dL/dx_{n+1} or, at the end of a residual chain, as it is given.
template <class T>
const T* state_gradient(const Frame<T>& f, int step, const Row& here, T* made, T* extra) {
  const ptrdiff_t at = f.bare.at(here.i, here.j, 0);
  T* kept = f.d_state_of(here.tile);
  const bool is_last = step + 1 == f.cube.outer_steps;
  if (kept && is_last) {
    Frame<T>::clear(extra, static_cast<size_t>(f.K) * 3 * Simd<T>::width);
    return kept + at;
  }
  T* to = kept ? kept + at : made;
  const T* means = f.means + static_cast<size_t>(here.tile) * 2 * f.lanes;
  f.norm(step + 1, here.tile)
      .back(f.state(step + 1, here.tile) + at, f.d_seen_of(here.tile) + at,
            f.norm_weight() + f.cell(here.i, here.j, 0), means, kept ? to : nullptr, f.K,
            to, extra);
  return to;
}

// What a thread needs to take one row back; without rows where there is no memory.
template <class T>
struct RowsBack {
  T* drive[2] = {nullptr, nullptr};
  T* d_new = nullptr;  // dL/dS_{n+1}
  T* extra = nullptr;  // [cell, 3, vector]

  explicit RowsBack(const Frame<T>& f) {
    Scratch counted(nullptr);
    lay_out(f, counted);
    Scratch memory(f.cube.thread_memory(counted.used));
    if (memory.base) lay_out(f, memory);
  }
  bool is_there() const { return extra; }

 private:
  void lay_out(const Frame<T>& f, Scratch& memory) {
    const size_t row = static_cast<size_t>(f.K) * f.lanes;
    for (T*& one : drive) one = memory.take<T>(row);
    d_new = memory.take<T>(row);
    extra = memory.take<T>(static_cast<size_t>(f.K) * 3 * Simd<T>::width);
  }
};

// First half of a step back, one plane, residual: dL/dS_{n+1}, dL/d(drives), gradients of parameters.
template <class T>
bool flat_back(const Frame<T>& f, int step, int i) {
  const RowsBack<T> rows(f);
  if (!rows.is_there()) return false;
  T* extra = rows.extra;
  f.rows(i, [&](const Row& here) {
    const Seen<T> seen(f, step, here);
    const RowOfCells<T> cells = seen.drives(rows.drive);
    const T* d_new = state_gradient(f, step, here, rows.d_new, extra);
    const ptrdiff_t edge = f.padded.at(i, here.j, 0);
    T* d_gate = f.cube.is_gated ? f.d_drive_of(1, here.tile) + edge : nullptr;
    step_cells_back<T>(f.cube.activation, cells, d_new,
                       {f.d_drive_of(0, here.tile) + edge, d_gate,
                        f.d_seen_of(here.tile) + f.bare.at(i, here.j, 0), extra, nullptr});
    for (int c = 0; c < f.channels; ++c)
      f.loops.outer(seen.at, seen.around, f.d_drive_of(c, here.tile) + edge, nullptr, nullptr,
                    c ? nullptr : extra, f.K, f.gradient_of(c, i, here.j, 0));
  });
  return true;
}

// Second half, one row: what the neighbours' drives add to dL/dx_n.
template <class T>
void flat_gather(const Frame<T>& f, const Row& here) {
  T* to = f.d_seen_of(here.tile) + f.bare.at(here.i, here.j, 0);
  for (int c = 0; c < f.channels; ++c)
    f.loops.mix(f.d_drive_of(c, here.tile) + f.padded.at(here.i, here.j, 0),
                f.padded.around(), f.turned_of(c, here.i, here.j, 0), nullptr, to, f.K, to);
}

}  // namespace LW_LEVEL
}  // namespace latticework
