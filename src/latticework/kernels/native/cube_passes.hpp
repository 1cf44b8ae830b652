// All outer steps, forward and backward.
#pragma once

#include "cube_blocks.hpp"

namespace latticework {
namespace LW_LEVEL {

// x_n of one row, as the cells see it.
template <class T>
void show_row(const Frame<T>& f, int step, const Row& here) {
  const auto [tile, i, j] = here;
  T* to = f.seen_of(tile) + f.padded.at(i, j, 0);
  if (step == 0 && !f.cube.residual) return f.load_row(f.cube.x0, tile, i, j, true, to);
  f.norm(step, tile).apply(f.state(step, tile) + f.bare.at(i, j, 0),
                           f.norm_weight() + f.cell(i, j, 0), f.norm_bias() + f.cell(i, j, 0), f.K,
                           to);
}

template <class T>
void join_all(const Frame<T>& f, int step, int tasks) {
  const double count = static_cast<double>(f.cells) / tasks;
  for (int tile = 0; tile < f.tiles; ++tile) {
    T* both = f.stats(step, tile);
    join_moments(f.piece(0, tile), tasks, count, f.cube.norm_eps, f.lanes, both, both + f.lanes);
  }
}

// S_0 where it is needed, with its moments where it is normalised; x_0 where it is seen directly.
template <class T>
void begin(const Frame<T>& f) {
  if (!f.cube.residual && !f.cube.folds()) return;
  if (f.cube.folds()) {
    f.clear_rims(f.start, 1);
    for (int k = 0; k < f.K; ++k) {
      f.plain[k] = T(1);
      f.plain[f.K + k] = T(0);
    }
  }
  f.each(f.M, [&](int i) {
    f.rows(i, [&](const Row& here) {
      const int tile = here.tile, j = here.j;
      T* to = f.state(0, tile) + f.bare.at(i, j, 0);
      f.load_row(f.cube.x0, tile, i, j, true, to);
      if (f.cube.folds()) return;
      Moments<T> moments(f.piece(i, tile), f.lanes);
      if (j == 0) moments.start(to);
      moments.add(to, f.K);
    });
    return true;
  });
}

// The statistics of x_0 as if it were normalised.
template <class T>
void begin_folded(const Frame<T>& f) {
  f.clear_rims(f.cube.states ? static_cast<T*>(f.cube.states) : f.ring,
               f.cube.states ? f.cube.outer_steps : 2);
  for (int tile = 0; tile < f.tiles; ++tile) {
    T* both = f.stats(0, tile);
    for (int v = 0; v < f.lanes; ++v) {
      both[v] = T(0);
      both[f.lanes + v] = T(1);
    }
  }
}

template <class T>
bool forward(const Cube& cube) {
  const Frame<T> f(cube, false);
  begin(f);
  if (cube.folds())
    begin_folded(f);
  else
    f.clear_padded(f.seen, f.tiles);
  if (cube.residual) join_all(f, 0, f.M);
  const int tasks = cube.is_flat() ? f.M : f.num_blocks();
  for (int step = 0; step < cube.outer_steps; ++step) {
    if (step == 0 || cube.separate || (step == 1 && cube.folds())) pack_weights(f, step);
    if (!cube.folds())
      f.each(f.M, [&](int i) {
        f.rows(i, [&](const Row& here) { show_row(f, step, here); });
        return true;
      });
    if (!f.each(tasks, [&](int n) {
          return cube.is_flat() ? flat_forward(f, step, n) : block_forward(f, step, n);
        }))
      return false;
    join_all(f, step + 1, tasks);
  }
  const int last = cube.outer_steps;
  return f.each(f.M, [&](int i) {
    char* base = cube.thread_memory(static_cast<size_t>(f.K) * f.lanes * sizeof(T));
    if (!base) return false;
    T* row = reinterpret_cast<T*>(base);
    f.rows(i, [&](const Row& here) {
      const int tile = here.tile, j = here.j;
      const T* from = f.state(last, tile) + f.bare.at(i, j, 0);
      if (!cube.residual) {
        f.norm(last, tile).apply(from, f.norm_weight() + f.cell(i, j, 0),
                                 f.norm_bias() + f.cell(i, j, 0), f.K, row);
        from = row;
      }
      f.store_row(from, tile, i, j, cube.out);
    });
    return true;
  });
}

// Sums over the cells of one row that the normalisation at `step` needs on the way back.
template <class T>
void sum_row(const Frame<T>& f, int step, const Row& here) {
  T* sums = f.piece(here.i, here.tile);
  if (here.j == 0) Frame<T>::clear(sums, 2 * f.lanes);
  const ptrdiff_t at = f.bare.at(here.i, here.j, 0);
  f.norm(step, here.tile)
      .add_sums(f.state(step, here.tile) + at, f.d_seen_of(here.tile) + at,
                f.norm_weight() + f.cell(here.i, here.j, 0), f.K, sums);
}

template <class T>
void join_sums(const Frame<T>& f) {
  for (int tile = 0; tile < f.tiles; ++tile)
    for (int v = 0; v < 2 * f.lanes; ++v) {
      double total = 0;
      for (int i = 0; i < f.M; ++i) total += f.piece(i, tile)[v];
      f.means[static_cast<size_t>(tile) * 2 * f.lanes + v] =
          static_cast<T>(total / static_cast<double>(f.cells));
    }
}

// Gradients of one step's parameters (or of all steps') out of [channel, cell, kGradients].
template <class T>
void unpack_gradients(const Frame<T>& f, int step) {
  const Cube& cube = f.cube;
  const ptrdiff_t lead = cube.separate ? step : 0;
  f.each(f.M, [&](int i) {
    for (int c = 0; c < f.channels; ++c)
      for (int j = 0; j < f.N; ++j) {
        const ptrdiff_t cell = f.cell(i, j, 0);
        T* bias = static_cast<T*>(cube.d_bias) + (lead * f.channels + c) * f.cells + cell;
        for (int slot = 0; slot < kGradients - 1; ++slot) {
          T* to = nullptr;
          if (slot < kTaps)
            to = static_cast<T*>(cube.d_weight) +
                 ((lead * kTaps + slot) * f.channels + c) * f.cells + cell;
          else if (slot == kTaps)
            to = bias;
          else if (c == 0 && slot == kTaps + 1 && !cube.is_gated)
            to = static_cast<T*>(cube.d_scale) + lead * f.cells + cell;
          else if (c == 0 && slot >= kTaps + 2)
            to = static_cast<T*>(slot == kTaps + 2 ? cube.d_norm_weight : cube.d_norm_bias) + cell;
          if (!to) continue;
          if (slot < kTaps && cube.folds()) {
            // What lies beyond the edge has no part in it.
            const Sight sight(f, slot, i, j);
            for (int k = 0; k < f.K; ++k)
              if (k < sight.first || k >= sight.last) f.gradient_of(c, i, j, k)[slot] = T(0);
          }
          T* from = f.gradient_of(c, i, j, 0) + slot;
          const bool is_sum = cube.separate && slot >= kTaps + 2 && step + 1 < cube.outer_steps;
          for (int k = 0; k < f.K; ++k) to[k] = from[k * kGradients] + (is_sum ? to[k] : T(0));
        }
      }
    return true;
  });
}

// The last normalisation of a residual chain, at S_0: dL/dx0, and its share of the gradients.
template <class T>
bool finish_residual(const Frame<T>& f) {
  return f.each(f.M, [&](int i) {
    Scratch counted(nullptr);
    const size_t row = static_cast<size_t>(f.K) * f.lanes, extras = f.K * 3 * Simd<T>::width;
    counted.take<T>(row);
    counted.take<T>(extras);
    Scratch memory(f.cube.thread_memory(counted.used));
    if (!memory.base) return false;
    T* made = memory.take<T>(row);
    T* extra = memory.take<T>(extras);
    f.rows(i, [&](const Row& here) {
      const int tile = here.tile, j = here.j;
      const ptrdiff_t at = f.bare.at(i, j, 0);
      f.norm(0, tile).back(f.state(0, tile) + at, f.d_seen_of(tile) + at,
                           f.norm_weight() + f.cell(i, j, 0),
                           f.means + static_cast<size_t>(tile) * 2 * f.lanes,
                           f.d_state_of(tile) + at, f.K, made, extra);
      for (int k = 0; k < f.K; ++k)
        for (int n = 1; n < 3; ++n)
          f.gradient_of(0, i, j, k)[kTaps + 1 + n] +=
              Simd<T>::sum(Simd<T>::load(extra + (3 * k + n) * Simd<T>::width));
      f.store_row(made, tile, i, j, f.cube.d_x0);
    });
    return true;
  });
}

// dL/dx_n complete: what the sweep passed on, less (residual) what went around it; then the sums
// that the next step back needs.
template <class T>
void gather_row(const Frame<T>& f, int step, const Row& here) {
  typedef Simd<T> S;
  if (f.cube.is_flat())
    flat_gather(f, here);
  else
    block_gather(f, here.tile, here.i, here.j);
  if (f.cube.residual) {
    const ptrdiff_t at = f.bare.at(here.i, here.j, 0);
    T* d = f.d_seen_of(here.tile) + at;
    const T* around = f.d_state_of(here.tile) + at;
    for (ptrdiff_t n = 0; n < static_cast<ptrdiff_t>(f.K) * f.lanes; n += S::width)
      S::store(d + n, S::load(d + n) - S::load(around + n));
  }
  if (step > 0 || f.cube.residual) sum_row(f, step, here);
}

template <class T>
bool backward(const Cube& cube) {
  const Frame<T> f(cube, true);
  const int outer = cube.outer_steps;
  f.clear_padded(f.seen, f.tiles);
  f.clear_padded(f.d_drive, f.channels * f.tiles);
  f.clear_gradients();
  begin(f);
  f.each(f.M, [&](int i) {
    f.rows(i, [&](const Row& here) {
      const int tile = here.tile, j = here.j;
      T* to = (cube.residual ? f.d_state_of(tile) : f.d_seen_of(tile)) + f.bare.at(i, j, 0);
      f.load_row(cube.d_out, tile, i, j, false, to);
      if (!cube.residual) sum_row(f, outer, here);
      show_row(f, outer - 1, here);
    });
    return true;
  });
  if (!cube.residual) join_sums(f);
  for (int step = outer - 1; step >= 0; --step) {
    if (step == outer - 1 || cube.separate) {
      pack_weights(f, step);
      turn_weights(f, step);
    }
    if (!f.each(cube.is_flat() ? f.M : f.num_blocks(), [&](int n) {
          return cube.is_flat() ? flat_back(f, step, n) : block_back(f, step, n);
        }))
      return false;
    f.each(f.M, [&](int i) {
      f.rows(i, [&](const Row& here) {
        gather_row(f, step, here);
        if (step > 0) show_row(f, step - 1, here);
      });
      return true;
    });
    if (step > 0 || cube.residual) join_sums(f);
    if (step == 0 && cube.residual && !finish_residual(f)) return false;
    if (step == 0 || cube.separate) unpack_gradients(f, step);
    if (step > 0 && cube.separate) f.clear_gradients();
  }
  if (!cube.residual)
    f.each(f.M, [&](int i) {
      f.rows(i, [&](const Row& here) {
        const int tile = here.tile, j = here.j;
        f.store_row(f.d_seen_of(tile) + f.bare.at(i, j, 0), tile, i, j, cube.d_x0);
      });
      return true;
    });
  return true;
}

}  // namespace LW_LEVEL
}  // namespace latticework
