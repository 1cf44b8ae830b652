// The normalisation over all cells of an example, lane by lane, in pieces that are put together.
#pragma once

#include "cube.hpp"
#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

// Calls f with the number of vectors that make up `lanes`, as a constant.
template <int N>
struct Vectors {
  static constexpr int count = N;
};
template <class T, class F>
LW_INLINE void by_vectors(int lanes, F f) {
  switch (lanes / Simd<T>::width) {
    case 4: return f(Vectors<4>{});
    case 2: return f(Vectors<2>{});
    default: return f(Vectors<1>{});
  }
}
template <class T, int N>
LW_INLINE void load_each(const T* from, typename Simd<T>::V (&to)[N]) {
  for (int v = 0; v < N; ++v) to[v] = Simd<T>::load(from + v * Simd<T>::width);
}
template <class T, int N>
LW_INLINE void store_each(const typename Simd<T>::V (&from)[N], T* to) {
  for (int v = 0; v < N; ++v) Simd<T>::store(to + v * Simd<T>::width, from[v]);
}

// Sums of one piece of a tile, [lane] each. Values are taken relative to the first one of the
// piece, so that little is lost where the mean is far from zero.
template <class T>
struct Moments {
  T* base;
  T* first;
  T* second;
  int lanes;

  Moments(T* at, int lanes) : base(at), first(at + lanes), second(at + 2 * lanes), lanes(lanes) {}
  static size_t size(int lanes) { return 3 * static_cast<size_t>(lanes); }

  void start(const T* values) {
    for (int v = 0; v < lanes; ++v) {
      base[v] = values[v];
      first[v] = second[v] = T(0);
    }
  }
  void add(const T* row, int n) {
    by_vectors<T>(lanes, [&](auto vectors) { add_row<decltype(vectors)::count>(row, n); });
  }

 private:
  template <int N>
  void add_row(const T* row, int n) {
    typedef Simd<T> S;
    typename S::V shift[N], sum[N], squares[N];
    load_each<T, N>(base, shift);
    load_each<T, N>(first, sum);
    load_each<T, N>(second, squares);
    for (int k = 0; k < n; ++k, row += N * S::width)
      for (int v = 0; v < N; ++v) {
        const typename S::V value = S::load(row + v * S::width) - shift[v];
        sum[v] += value;
        squares[v] += value * value;
      }
    store_each<T, N>(sum, first);
    store_each<T, N>(squares, second);
  }
};

// Mean and 1 / sqrt(var + eps) of each lane, from pieces with `count` cells each.
template <class T>
void join_moments(T* pieces, int num_pieces, double count, double eps, int lanes, T* mean,
                  T* inverse) {
  for (int v = 0; v < lanes; ++v) {
    double average = 0, spread = 0, seen = 0;
    for (int n = 0; n < num_pieces; ++n) {
      const Moments<T> one(pieces + n * Moments<T>::size(lanes), lanes);
      const double off = one.first[v] / count, own = one.base[v] + off;
      const double inner = one.second[v] - off * one.first[v];
      const double apart = own - average, total = seen + count;
      spread += (inner > 0 ? inner : 0) + apart * apart * seen * count / total;
      average += apart * count / total;
      seen = total;
    }
    mean[v] = static_cast<T>(average);
    inverse[v] = static_cast<T>(1 / __builtin_sqrt(spread / seen + eps));
  }
}

// One tile's normalisation at one step.
template <class T>
struct Norm {
  const T* mean;     // [lane]
  const T* inverse;  // [lane], 1 / sqrt(var + eps)
  int lanes;

  // out = (s - mean) * inverse * weight + bias, along n cells.
  void apply(const T* s, const T* weight, const T* bias, int n, T* out) const {
    by_vectors<T>(lanes, [&](auto vectors) {
      apply_to<decltype(vectors)::count>(s, weight, bias, n, out);
    });
  }

  // sums[lane] += d weight, sums[lanes + lane] += d weight xhat, d being dL/d(output).
  void add_sums(const T* s, const T* d, const T* weight, int n, T* sums) const {
    by_vectors<T>(lanes, [&](auto vectors) {
      add_sums_of<decltype(vectors)::count>(s, d, weight, n, sums);
    });
  }

  // d_s = inverse (d weight - means[lane] - xhat means[lanes + lane]) (+ add), and in extra[3 k + 1]
  // and [3 k + 2] the products that sum to the gradients of weight and bias.
  void back(const T* s, const T* d, const T* weight, const T* means, const T* add, int n, T* d_s,
            T* extra) const {
    by_vectors<T>(lanes, [&](auto vectors) {
      back_of<decltype(vectors)::count>(s, d, weight, means, add, n, d_s, extra);
    });
  }

 private:
  template <int N>
  void apply_to(const T* s, const T* weight, const T* bias, int n, T* out) const {
    typedef Simd<T> S;
    typedef typename S::V V;
    V m[N], r[N];
    load_each<T, N>(mean, m);
    load_each<T, N>(inverse, r);
    for (int k = 0; k < n; ++k, s += N * S::width, out += N * S::width) {
      const V w = S::splat(weight[k]), b = S::splat(bias[k]);
      for (int v = 0; v < N; ++v) {
        const int at = v * S::width;
        S::store(out + at, (S::load(s + at) - m[v]) * r[v] * w + b);
      }
    }
  }

  template <int N>
  void add_sums_of(const T* s, const T* d, const T* weight, int n, T* sums) const {
    typedef Simd<T> S;
    typedef typename S::V V;
    V m[N], plain[N], along[N];
    load_each<T, N>(mean, m);
    load_each<T, N>(sums, plain);
    for (int v = 0; v < N; ++v) along[v] = V{};
    for (int k = 0; k < n; ++k, s += N * S::width, d += N * S::width) {
      const V w = S::splat(weight[k]);
      for (int v = 0; v < N; ++v) {
        const V dw = S::load(d + v * S::width) * w;
        plain[v] += dw;
        along[v] += dw * (S::load(s + v * S::width) - m[v]);
      }
    }
    store_each<T, N>(plain, sums);
    for (int v = 0; v < N; ++v) {
      T* to = sums + lanes + v * S::width;
      S::store(to, S::load(to) + along[v] * S::load(inverse + v * S::width));
    }
  }

  template <int N>
  void back_of(const T* s, const T* d, const T* weight, const T* means, const T* add, int n, T* d_s,
               T* extra) const {
    typedef Simd<T> S;
    typedef typename S::V V;
    V m[N], r[N], plain[N], along[N];
    load_each<T, N>(mean, m);
    load_each<T, N>(inverse, r);
    load_each<T, N>(means, plain);
    load_each<T, N>(means + N * S::width, along);
    size_t at = 0;
    for (int k = 0; k < n; ++k, extra += 3 * S::width) {
      const V w = S::splat(weight[k]);
      V of_weight{}, of_bias{};
      for (int v = 0; v < N; ++v, at += S::width) {
        const V given = S::load(d + at), xhat = (S::load(s + at) - m[v]) * r[v];
        V made = r[v] * (given * w - plain[v] - xhat * along[v]);
        if (add) made += S::load(add + at);
        S::store(d_s + at, made);
        of_weight += given * xhat;
        of_bias += given;
      }
      S::store(extra + S::width, of_weight);
      S::store(extra + 2 * S::width, of_bias);
    }
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
