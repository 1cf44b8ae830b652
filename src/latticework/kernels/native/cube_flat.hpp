// One inner step without block norm: where blocks do not matter, and a task is a plane of cells.
#pragma once

#include "cube_cells.hpp"
#include "cube_frame.hpp"

namespace latticework {
namespace LW_LEVEL {

// swept = before + (swept - seen)
template <class T>
void add_change(const T* before, const T* seen, size_t count, T* swept) {
  typedef Simd<T> S;
  for (size_t n = 0; n < count; n += S::width)
    S::store(swept + n, S::load(before + n) + (S::load(swept + n) - S::load(seen + n)));
}

// S_{n+1} of one plane from what is seen, with its moments.
template <class T>
bool flat_forward(const Frame<T>& f, int step, int i) {
  const size_t row = static_cast<size_t>(f.K) * f.lanes;
  Scratch counted(nullptr);
  for (int c = 0; c < 2; ++c) counted.take<T>(row);
  Scratch memory(f.cube.thread_memory(counted.used));
  if (!memory.base) return false;
  T* drive[2] = {memory.take<T>(row), memory.take<T>(row)};
  const Around around = f.padded.around();
  for (int tile = 0; tile < f.tiles; ++tile) {
    Moments<T> moments(f.piece(i, tile), f.lanes);
    for (int j = 0; j < f.N; ++j) {
      const T* at = f.seen_of(tile) + f.padded.at(i, j, 0);
      for (int c = 0; c < f.channels; ++c)
        f.loops.mix(at, around, f.weight_of(c, i, j, 0), f.bias_of(step, c) + f.cell(i, j, 0),
                    nullptr, f.K, drive[c]);
      const T* scale = f.scale_of(step);
      T* out = f.state(step + 1, tile) + f.bare.at(i, j, 0);
      step_cells<T>(f.cube.activation,
                    {f.K, f.lanes, at, drive[0], f.cube.is_gated ? drive[1] : nullptr,
                     scale ? scale + f.cell(i, j, 0) : nullptr},
                    out);
      if (f.cube.residual) add_change(f.state(step, tile) + f.bare.at(i, j, 0), at, row, out);
      if (j == 0) moments.start(out);
      moments.add(out, f.K);
    }
  }
  return true;
}

// dL/dS_{n+1} of one row, from dL/dx_{n+1} or, at the end of a residual chain, as it is given.
template <class T>
const T* state_gradient(const Frame<T>& f, int step, int tile, int i, int j, T* made, T* extra) {
  const ptrdiff_t at = f.bare.at(i, j, 0);
  T* kept = f.d_state_of(tile);
  const bool is_last = step + 1 == f.cube.outer_steps;
  if (kept && is_last) {
    Frame<T>::clear(extra, static_cast<size_t>(f.K) * 3 * Simd<T>::width);
    return kept + at;
  }
  T* to = kept ? kept + at : made;
  const T* means = f.means + static_cast<size_t>(tile) * 2 * f.lanes;
  f.norm(step + 1, tile)
      .back(f.state(step + 1, tile) + at, f.d_seen_of(tile) + at, f.norm_weight() + f.cell(i, j, 0),
            means, kept ? to : nullptr, f.K, to, extra);
  return to;
}

// First half of a step back, one plane: dL/dS_{n+1}, dL/d(drives), gradients of parameters.
template <class T>
bool flat_back(const Frame<T>& f, int step, int i) {
  const size_t row = static_cast<size_t>(f.K) * f.lanes;
  const size_t extras = static_cast<size_t>(f.K) * 3 * Simd<T>::width;
  Scratch counted(nullptr);
  for (int n = 0; n < 3; ++n) counted.take<T>(row);
  counted.take<T>(extras);
  Scratch memory(f.cube.thread_memory(counted.used));
  if (!memory.base) return false;
  T* drive[2] = {memory.take<T>(row), memory.take<T>(row)};
  T* made = memory.take<T>(row);
  T* extra = memory.take<T>(extras);
  const Around around = f.padded.around();
  for (int tile = 0; tile < f.tiles; ++tile) {
    for (int j = 0; j < f.N; ++j) {
      const T* at = f.seen_of(tile) + f.padded.at(i, j, 0);
      for (int c = 0; c < f.channels; ++c)
        f.loops.mix(at, around, f.weight_of(c, i, j, 0), f.bias_of(step, c) + f.cell(i, j, 0),
                    nullptr, f.K, drive[c]);
      const T* d_new = state_gradient(f, step, tile, i, j, made, extra);
      const T* scale = f.scale_of(step);
      const ptrdiff_t edge = f.padded.at(i, j, 0);
      T* d_gate = f.cube.is_gated ? f.d_drive_of(1, tile) + edge : nullptr;
      step_cells_back<T>(f.cube.activation,
                         {f.K, f.lanes, at, drive[0], f.cube.is_gated ? drive[1] : nullptr,
                          scale ? scale + f.cell(i, j, 0) : nullptr},
                         d_new, f.d_drive_of(0, tile) + edge, d_gate,
                         f.d_seen_of(tile) + f.bare.at(i, j, 0), extra);
      for (int c = 0; c < f.channels; ++c)
        f.loops.outer(at, around, f.d_drive_of(c, tile) + edge, c ? nullptr : extra, f.K,
                      f.gradient_of(c, i, j, 0));
    }
  }
  return true;
}

// Second half, one row: what the neighbours' drives add to dL/dx_n.
template <class T>
void flat_gather(const Frame<T>& f, int tile, int i, int j) {
  T* to = f.d_seen_of(tile) + f.bare.at(i, j, 0);
  const Around around = f.padded.around();
  for (int c = 0; c < f.channels; ++c)
    f.loops.mix(f.d_drive_of(c, tile) + f.padded.at(i, j, 0), around, f.turned_of(c, i, j, 0),
                nullptr, to, f.K, to);
}

}  // namespace LW_LEVEL
}  // namespace latticework
