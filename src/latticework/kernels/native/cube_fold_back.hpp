// The way back where the normalisation is folded into the weights.
//
// The normalisation of S_n needs two sums over all cells, of d_q = dL/dx_q norm_weight_q and of
// d_q xhat_q. dL/dx_q has a part of its own, own_q, and one from each cell p that sees q, w_pq g_p; since
// sum_q w'_pq xhat_q = h_p - level_p and sum_q w'_pq = tilt_p,
//
//   sum_q d_q        = sum_q own_q norm_weight_q        + sum_p g_p tilt_p
//   sum_q d_q xhat_q = sum_q own_q (x_q - norm_bias_q)  + sum_p g_p (h_p - level_p)
//
// which the cells add up while they make g: no pass over the states for it. (To gather dL/dx_n in
// the same pass that uses it saves another one and is no faster: the planes of states and of
// gradients that it needs at once are more than a level 2 cache of 512 KiB holds.)
#pragma once

#include "cube_passes.hpp"

namespace latticework {
namespace LW_LEVEL {

// A step back, one plane.
template <class T>
bool folded_back(const Frame<T>& f, int step, int i) {
  const RowsBack<T> rows(f);
  if (!rows.is_there()) return false;
  T *d_new = rows.d_new, *extra = rows.extra;
  f.rows(i, [&](const Row& here) {
    const ptrdiff_t at = f.bare.at(i, here.j, 0), edge = f.padded.at(i, here.j, 0);
    T* own = f.d_seen_of(here.tile) + at;
    f.norm(step + 1, here.tile)
        .back(f.state(step + 1, here.tile) + at, own, f.norm_weight() + f.cell(i, here.j, 0),
              f.means + static_cast<size_t>(here.tile) * 2 * f.lanes, nullptr, f.K, d_new, extra);
    const Seen<T> seen(f, step, here);
    const RowOfCells<T> cells = seen.drives(rows.drive);
    T* sums = f.piece(i, here.tile);
    if (here.j == 0) Frame<T>::clear(sums, 2 * f.lanes);
    T* d_drive = f.d_drive_of(0, here.tile) + edge;
    T* d_gate = f.cube.is_gated ? f.d_drive_of(1, here.tile) + edge : nullptr;
    step_cells_back<T>(f.cube.activation, cells, d_new, {d_drive, d_gate, own, extra, sums});
    for (int c = 0; c < f.channels; ++c)
      f.loops.outer(seen.at, seen.around, c ? d_gate : d_drive, seen.fold.mean, seen.fold.inverse,
                    c ? nullptr : extra, f.K, f.gradient_of(c, i, here.j, 0));
  });
  return true;
}

template <class T>
bool folded_backward(const Cube& cube) {
  const Frame<T> f(cube, true);
  const int outer = cube.outer_steps;
  f.clear_padded(f.d_drive, f.channels * f.tiles);
  f.clear_gradients();
  begin(f);
  f.each(f.M, [&](int i) {
    f.rows(i, [&](const Row& here) {
      T* to = f.d_seen_of(here.tile) + f.bare.at(i, here.j, 0);
      f.load_row(cube.d_out, here.tile, i, here.j, false, to);
      sum_row(f, outer, here);
    });
    return true;
  });
  join_sums(f);
  for (int step = outer - 1; step >= 0; --step) {
    if (step == outer - 1 || step == 0 || cube.separate) pack_weights(f, step);
    if (!f.each(f.M, [&](int i) { return folded_back(f, step, i); })) return false;
    if (step == outer - 1 || cube.separate) turn_weights(f, step);
    f.each(f.M, [&](int i) {
      f.rows(i, [&](const Row& here) { flat_gather(f, here); });
      return true;
    });
    if (step > 0) join_sums(f);
    if (cube.separate ? step > 0 : step == 1) settle_gradients(f);
    if (step == 0 || cube.separate) unpack_gradients(f, step);
    if (step > 0 && cube.separate) f.clear_gradients();
  }
  f.each(f.M, [&](int i) {
    f.rows(i, [&](const Row& here) {
      const T* from = f.d_seen_of(here.tile) + f.bare.at(i, here.j, 0);
      f.store_row(from, here.tile, i, here.j, cube.d_x0);
    });
    return true;
  });
  return true;
}

}  // namespace LW_LEVEL
}  // namespace latticework
