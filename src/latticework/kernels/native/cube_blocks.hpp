// Several inner steps, or block norm: a task is a block, which iterates in its window from a halo
// that stays as it was. The backward pass keeps the interior of every inner step of one block and
// computes the drives again.
#pragma once

#include "cube_flat.hpp"

namespace latticework {
namespace LW_LEVEL {

// The normalisation of one window, lane by lane.
template <class T>
struct WindowNorm {
  typedef Simd<T> S;
  typedef typename S::V V;
  T* mean;
  T* factor;  // 1 / (sd + eps)
  T* pull;    // 1 / (n sd) where sd is not 0, else 0
  int lanes;

  static size_t size(int lanes) { return 3 * static_cast<size_t>(lanes); }
  WindowNorm(T* at, int lanes) : mean(at), factor(at + lanes), pull(at + 2 * lanes), lanes(lanes) {}

  void apply(const T* u, ptrdiff_t cells, T eps, T* z) const {
    const T count = static_cast<T>(cells);
    for (int v = 0; v < lanes; v += S::width) {
      const V shift = S::load(u + v);
      V sum{}, squares{};
      for (ptrdiff_t n = 0; n < cells; ++n) sum += S::load(u + n * lanes + v) - shift;
      const V m = shift + sum / count;
      for (ptrdiff_t n = 0; n < cells; ++n) {
        const V off = S::load(u + n * lanes + v) - m;
        squares += off * off;
      }
      V sd = squares / count;
      for (int n = 0; n < S::width; ++n) sd[n] = square_root(static_cast<T>(sd[n]));
      const V a = T(1) / (sd + eps);
      S::store(mean + v, m);
      S::store(factor + v, a);
      S::store(pull + v, sd > V{} ? T(1) / (sd * count) : V{});
      for (ptrdiff_t n = 0; n < cells; ++n)
        S::store(z + n * lanes + v, (S::load(u + n * lanes + v) - m) * a);
    }
  }
  // dL/dz to dL/du, in place; z as `apply` made it.
  void back(const T* z, ptrdiff_t cells, T* d) const {
    const T count = static_cast<T>(cells);
    for (int v = 0; v < lanes; v += S::width) {
      const V a = S::load(factor + v);
      V sum{}, along{};
      for (ptrdiff_t n = 0; n < cells; ++n) {
        const V given = S::load(d + n * lanes + v);
        sum += given;
        along += given * S::load(z + n * lanes + v);
      }
      // u - mean = z / a, and dL/d(sd) = -a along.
      const V level = sum / count, slope = along * S::load(pull + v);
      for (ptrdiff_t n = 0; n < cells; ++n) {
        const V given = S::load(d + n * lanes + v);
        S::store(d + n * lanes + v, a * (given - level) - slope * S::load(z + n * lanes + v));
      }
    }
  }
};

// One block at work.
template <class T>
struct Block {
  const Frame<T>& f;
  const Box bare, window, wide;  // wide: a rim of two
  const int i0, j0, k0;
  const int A, B, C;
  T* u;          // [window], the values
  T* z;          // [window], as seen
  T* next;       // [block]
  T* drive[2];   // [row]
  T* stats;
  // Backward only.
  T* past;       // [inner step, block]
  T* d_drive[2]; // [wide]
  T* d_z;        // [window]
  T* extra;      // [block, 3, vector]
  T* norm_extra; // [row, 3, vector]
  T* made;       // [row]
  size_t bytes;

  Block(const Frame<T>& f, int number, char* base, bool backward)
      : f(f),
        bare(f.cube.block, 0, f.lanes),
        window(f.cube.block, 1, f.lanes),
        wide(f.cube.block, 2, f.lanes),
        i0(number / (f.blocks_along(1) * f.blocks_along(2)) * f.cube.block[0]),
        j0(number / f.blocks_along(2) % f.blocks_along(1) * f.cube.block[1]),
        k0(number % f.blocks_along(2) * f.cube.block[2]),
        A(f.cube.block[0]),
        B(f.cube.block[1]),
        C(f.cube.block[2]) {
    Scratch memory(base);
    const size_t row = static_cast<size_t>(C + 2) * f.lanes;
    u = memory.take<T>(window.total);
    z = f.cube.block_norm ? memory.take<T>(window.total) : u;
    next = memory.take<T>(bare.total);
    for (T*& one : drive) one = memory.take<T>(row);
    stats = memory.take<T>(WindowNorm<T>::size(f.lanes));
    past = memory.take<T>(backward ? static_cast<size_t>(f.cube.inner_steps) * bare.total : 0);
    for (T*& one : d_drive) one = memory.take<T>(backward ? wide.total : 0);
    d_z = memory.take<T>(backward ? window.total : 0);
    const size_t triple = 3 * Simd<T>::width;
    extra = memory.take<T>(backward ? static_cast<size_t>(A) * B * C * triple : 0);
    norm_extra = memory.take<T>(backward ? C * triple : 0);
    made = memory.take<T>(backward ? row : 0);
    bytes = memory.used;
  }

  template <class F>
  void rows(F f) const {
    for (int i = 0; i < A; ++i)
      for (int j = 0; j < B; ++j) f(i, j);
  }
  size_t row_size() const { return static_cast<size_t>(C) * f.lanes; }
  static void copy(const T* from, size_t count, T* to) {
    __builtin_memcpy(to, from, count * sizeof(T));
  }

  void load(int tile) const {
    const T* from = f.seen_of(tile);
    for (int i = -1; i <= A; ++i)
      for (int j = -1; j <= B; ++j)
        copy(from + f.padded.at(i0 + i, j0 + j, k0 - 1), row_size() + 2 * f.lanes,
             u + window.at(i, j, -1));
  }
  WindowNorm<T> look() const {
    WindowNorm<T> norm(stats, f.lanes);
    if (f.cube.block_norm)
      norm.apply(u, window.total / f.lanes, static_cast<T>(f.cube.block_eps), z);
    return norm;
  }
  RowOfCells<T> drives(int step, int i, int j) const {
    const ptrdiff_t cell = f.cell(i0 + i, j0 + j, k0);
    for (int c = 0; c < f.channels; ++c)
      f.loops.mix(z + window.at(i, j, 0), window.around(), f.weight_of(c, i0 + i, j0 + j, k0),
                  f.bias_of(step, c) + cell, nullptr, C, drive[c]);
    const T* scale = f.scale_of(step);
    return {C,
            f.lanes,
            u + window.at(i, j, 0),
            drive[0],
            f.cube.is_gated ? drive[1] : nullptr,
            scale ? scale + cell : nullptr,
            nullptr};
  }
  void put_inside(const T* from) const {
    rows([&](int i, int j) { copy(from + bare.at(i, j, 0), row_size(), u + window.at(i, j, 0)); });
  }
  void advance(int step) const {
    look();
    rows([&](int i, int j) {
      step_cells<T>(f.cube.activation, drives(step, i, j), next + bare.at(i, j, 0));
    });
  }
};

template <class T>
bool block_forward(const Frame<T>& f, int step, int number) {
  const Block<T> sizes(f, number, nullptr, false);
  char* base = f.cube.thread_memory(sizes.bytes);
  if (!base) return false;
  const Block<T> block(f, number, base, false);
  for (int tile = 0; tile < f.tiles; ++tile) {
    block.load(tile);
    for (int t = 0; t < f.cube.inner_steps; ++t) {
      block.advance(step);
      block.put_inside(block.next);
    }
    Moments<T> moments(f.piece(number, tile), f.lanes);
    block.rows([&](int i, int j) {
      const ptrdiff_t at = f.bare.at(block.i0 + i, block.j0 + j, block.k0);
      T* out = f.state(step + 1, tile) + at;
      Block<T>::copy(block.u + block.window.at(i, j, 0), block.row_size(), out);
      if (f.cube.residual) {
        const T* seen = f.seen_of(tile) + f.padded.at(block.i0 + i, block.j0 + j, block.k0);
        add_change(f.state(step, tile) + at, seen, block.row_size(), out);
      }
      if (i == 0 && j == 0) moments.start(out);
      moments.add(out, block.C);
    });
  }
  return true;
}

// dL/dS_{n+1} of a block, into the inside of its window of gradients.
template <class T>
void block_state_gradient(const Frame<T>& f, const Block<T>& b, int step, int tile, T* d) {
  constexpr int triple = 3 * Simd<T>::width;
  T* kept = f.d_state_of(tile);
  const bool is_given = kept && step + 1 == f.cube.outer_steps;
  if (is_given) Frame<T>::clear(b.extra, static_cast<size_t>(b.A) * b.B * b.C * triple);
  b.rows([&](int i, int j) {
    const ptrdiff_t at = f.bare.at(b.i0 + i, b.j0 + j, b.k0);
    T* to = d + b.window.at(i, j, 0);
    if (!is_given) {
      const T* means = f.means + static_cast<size_t>(tile) * 2 * f.lanes;
      f.norm(step + 1, tile)
          .back(f.state(step + 1, tile) + at, f.d_seen_of(tile) + at,
                f.norm_weight() + f.cell(b.i0 + i, b.j0 + j, b.k0), means,
                kept ? kept + at : nullptr, b.C, to,
                b.extra + static_cast<size_t>(i * b.B + j) * b.C * triple);
      if (kept) Block<T>::copy(to, b.row_size(), kept + at);
    } else {
      Block<T>::copy(kept + at, b.row_size(), to);
    }
  });
}

// Back through all inner steps of one block: gradients of parameters, and dL/d(window).
template <class T>
bool block_back(const Frame<T>& f, int step, int number) {
  constexpr int triple = 3 * Simd<T>::width;
  const Block<T> sizes(f, number, nullptr, true);
  char* base = f.cube.thread_memory(sizes.bytes);
  if (!base) return false;
  const Block<T> b(f, number, base, true);
  for (int c = 0; c < f.channels; ++c) Frame<T>::clear(b.d_drive[c], b.wide.total);
  for (int tile = 0; tile < f.tiles; ++tile) {
    b.load(tile);
    for (int t = 0; t < f.cube.inner_steps; ++t) {
      T* now = b.past + static_cast<size_t>(t) * b.bare.total;
      b.rows([&](int i, int j) {
        Block<T>::copy(b.u + b.window.at(i, j, 0), b.row_size(), now + b.bare.at(i, j, 0));
      });
      if (t + 1 == f.cube.inner_steps) break;
      b.advance(step);
      b.put_inside(b.next);
    }
    T* d = f.window_of(number, tile);
    Frame<T>::clear(d, b.window.total);
    block_state_gradient(f, b, step, tile, d);
    for (int t = f.cube.inner_steps - 1; t >= 0; --t) {
      b.put_inside(b.past + static_cast<size_t>(t) * b.bare.total);
      const WindowNorm<T> norm = b.look();
      b.rows([&](int i, int j) {
        const RowOfCells<T> row = b.drives(step, i, j);
        T* inside = d + b.window.at(i, j, 0);
        T* d_gate = f.cube.is_gated ? b.d_drive[1] + b.wide.at(i, j, 0) : nullptr;
        // What came with dL/dS counts once, the product for the scale in every step.
        T* extra = b.extra + static_cast<size_t>(i * b.B + j) * b.C * triple;
        if (t + 1 < f.cube.inner_steps) Frame<T>::clear(extra, static_cast<size_t>(b.C) * triple);
        step_cells_back<T>(f.cube.activation, row, inside,
                           {b.d_drive[0] + b.wide.at(i, j, 0), d_gate, inside, extra, nullptr});
        for (int c = 0; c < f.channels; ++c)
          f.loops.outer(b.z + b.window.at(i, j, 0), b.window.around(),
                        b.d_drive[c] + b.wide.at(i, j, 0), nullptr, nullptr, c ? nullptr : extra, b.C,
                        f.gradient_of(c, b.i0 + i, b.j0 + j, b.k0));
      });
      for (int i = -1; i <= b.A; ++i)
        for (int j = -1; j <= b.B; ++j) {
          T* to = b.d_z + b.window.at(i, j, -1);
          for (int c = 0; c < f.channels; ++c)
            f.loops.mix(b.d_drive[c] + b.wide.at(i, j, -1), b.wide.around(),
                        f.turned_of(c, b.i0 + i, b.j0 + j, b.k0 - 1), nullptr, c ? to : nullptr,
                        b.C + 2, to);
        }
      if (f.cube.block_norm) norm.back(b.z, b.window.total / f.lanes, b.d_z);
      typedef Simd<T> S;
      for (ptrdiff_t n = 0; n < b.window.total; n += S::width)
        S::store(d + n, S::load(d + n) + S::load(b.d_z + n));
    }
  }
  return true;
}

// dL/dx_n of one row: the sum over all windows that hold its cells.
template <class T>
void block_gather(const Frame<T>& f, int tile, int i, int j) {
  typedef Simd<T> S;
  const int* size = f.cube.block;
  const Box window = f.window();
  T* to = f.d_seen_of(tile) + f.bare.at(i, j, 0);
  Frame<T>::clear(to, static_cast<size_t>(f.K) * f.lanes);
  const auto first = [](int at, int part) { return at < part ? 0 : (at - 1) / part; };
  for (int bi = first(i, size[0]); bi < f.blocks_along(0) && bi * size[0] - 1 <= i; ++bi) {
    if (i > bi * size[0] + size[0]) continue;
    for (int bj = first(j, size[1]); bj < f.blocks_along(1) && bj * size[1] - 1 <= j; ++bj) {
      if (j > bj * size[1] + size[1]) continue;
      for (int bk = 0; bk < f.blocks_along(2); ++bk) {
        const int number = (bi * f.blocks_along(1) + bj) * f.blocks_along(2) + bk;
        const int k0 = bk * size[2];
        const int low = k0 ? k0 - 1 : 0, high = k0 + size[2] < f.K ? k0 + size[2] : f.K - 1;
        const T* from = f.window_of(number, tile) +
                        window.at(i - bi * size[0], j - bj * size[1], low - k0);
        T* at = to + static_cast<ptrdiff_t>(low) * f.lanes;
        for (ptrdiff_t n = 0; n < static_cast<ptrdiff_t>(high - low + 1) * f.lanes; n += S::width)
          S::store(at + n, S::load(at + n) + S::load(from + n));
      }
    }
  }
}

}  // namespace LW_LEVEL
}  // namespace latticework
