// The normalisation over all cells of an example, lane by lane, in pieces that are put together.
#pragma once

#include "cube.hpp"
#include "maths.hpp"

namespace latticework {
namespace LW_LEVEL {

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
    typedef Simd<T> S;
    typedef typename S::V V;
    for (int v = 0; v < lanes; v += S::width) {
      const V shift = S::load(base + v);
      V sum = S::load(first + v), squares = S::load(second + v);
      for (int k = 0; k < n; ++k) {
        const V value = S::load(row + static_cast<size_t>(k) * lanes + v) - shift;
        sum += value;
        squares += value * value;
      }
      S::store(first + v, sum);
      S::store(second + v, squares);
    }
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
    typedef Simd<T> S;
    typedef typename S::V V;
    size_t at = 0;
    for (int k = 0; k < n; ++k) {
      const V w = S::splat(weight[k]), b = S::splat(bias[k]);
      for (int v = 0; v < lanes; v += S::width, at += S::width)
        S::store(out + at, (S::load(s + at) - S::load(mean + v)) * S::load(inverse + v) * w + b);
    }
  }

  // sums[lane] += d weight, sums[lanes + lane] += d weight xhat, d being dL/d(output).
  void add_sums(const T* s, const T* d, const T* weight, int n, T* sums) const {
    typedef Simd<T> S;
    typedef typename S::V V;
    for (int v = 0; v < lanes; v += S::width) {
      const V m = S::load(mean + v), r = S::load(inverse + v);
      V plain = S::load(sums + v), along = S::load(sums + lanes + v);
      for (int k = 0; k < n; ++k) {
        const size_t at = static_cast<size_t>(k) * lanes + v;
        const V dw = S::load(d + at) * S::splat(weight[k]);
        plain += dw;
        along += dw * ((S::load(s + at) - m) * r);
      }
      S::store(sums + v, plain);
      S::store(sums + lanes + v, along);
    }
  }

  // d_s = inverse (d weight - means[lane] - xhat means[lanes + lane]) (+ add), and in extra[3 k + 1]
  // and [3 k + 2] the products that sum to the gradients of weight and bias.
  void back(const T* s, const T* d, const T* weight, const T* means, const T* add, int n, T* d_s,
            T* extra) const {
    typedef Simd<T> S;
    typedef typename S::V V;
    size_t at = 0;
    for (int k = 0; k < n; ++k) {
      const V w = S::splat(weight[k]);
      V of_weight{}, of_bias{};
      for (int v = 0; v < lanes; v += S::width, at += S::width) {
        const V r = S::load(inverse + v), given = S::load(d + at);
        const V xhat = (S::load(s + at) - S::load(mean + v)) * r;
        V made = r * (given * w - S::load(means + v) - xhat * S::load(means + lanes + v));
        if (add) made += S::load(add + at);
        S::store(d_s + at, made);
        of_weight += given * xhat;
        of_bias += given;
      }
      T* to = extra + static_cast<size_t>(k) * 3 * S::width;
      S::store(to + S::width, of_weight);
      S::store(to + 2 * S::width, of_bias);
    }
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
