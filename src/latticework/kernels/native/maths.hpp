// tanh and exp, lane by lane, without branches.
#pragma once

#include "simd.hpp"

namespace latticework {
namespace LW_LEVEL {

LW_INLINE float square_root(float x) { return __builtin_sqrtf(x); }
LW_INLINE double square_root(double x) { return __builtin_sqrt(x); }

// Not a number stays what it is: the second argument of min and max is returned then.
template <class T>
LW_INLINE typename Simd<T>::V clamp(typename Simd<T>::V x, T low, T high) {
  typedef Simd<T> S;
  return S::min(S::splat(high), S::max(S::splat(low), x));
}

// exp(x) = 2^n exp(r), n = round(x / log 2): returns exp(r) - 1 and the bits of 2^n.
template <class T>
struct Reduced {
  typename Simd<T>::V expm1_rest;
  typename Simd<T>::V power;
};

// Taylor to the sixth: |r| <= log(2) / 2, so the rest is below 1e-7 of 1.
LW_INLINE Simd<float>::V expm1_poly(Simd<float>::V r) {
  Simd<float>::V p = 1.0f / 5040 + r * (1.0f / 40320);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  return p * r * r + r;
}

// Taylor to the thirteenth: the rest is below 5e-18.
LW_INLINE Simd<double>::V expm1_poly(Simd<double>::V r) {
  Simd<double>::V p = 1.0 / 479001600 + r * (1.0 / 6227020800);
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  return p * r * r + r;
}

LW_INLINE Reduced<float> reduce_exp(Simd<float>::V x) {
  typedef Simd<float> S;
  x = clamp<float>(x, -87.0f, 88.0f);
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to whole numbers
  const S::V shifted = x * 1.44269504f + magic;
  const S::V n = shifted - magic;
  const S::V r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  const S::M power = (S::bits(shifted) - 0x4b400000 + 127) << 23;
  return {expm1_poly(r), S::bits(power)};
}

LW_INLINE Reduced<double> reduce_exp(Simd<double>::V x) {
  typedef Simd<double> S;
  x = clamp<double>(x, -708.0, 709.0);
  const double magic = 6755399441055744.0;  // 1.5 * 2^52
  const S::V shifted = x * 1.4426950408889634 + magic;
  const S::V n = shifted - magic;
  const S::V r = (x - n * 0.69314718036912381649) - n * 1.90821492927058770002e-10;
  const S::M power = (S::bits(shifted) - 0x4338000000000000LL + 1023) << 52;
  return {expm1_poly(r), S::bits(power)};
}

template <class T>
LW_INLINE typename Simd<T>::V exponential(typename Simd<T>::V x) {
  const Reduced<T> e = reduce_exp(x);
  return e.power * e.expm1_rest + e.power;
}

// exp(x) - 1, accurate where x is small too.
template <class T>
LW_INLINE typename Simd<T>::V expm1(typename Simd<T>::V x) {
  const Reduced<T> e = reduce_exp(x);
  return e.power * e.expm1_rest + (e.power - T(1));
}

// x P(x^2) / Q(x^2), P and Q of degree 4, minimax on |x| <= 9: the fit is 2e-8 off, relative. Of N
// vectors at once, step by step, since each step waits for the one before.
template <int N>
LW_INLINE void hyperbolic_tangents(Simd<float>::V (&x)[N]) {
  static constexpr float numerator[] = {1.33546244e-08f, 2.06090534e-05f, 3.49558628e-03f,
                                        1.33810241e-01f, 9.99999979e-01f};
  static constexpr float denominator[] = {7.77654249e-07f, 3.28563186e-04f, 2.58769751e-02f,
                                          4.67143397e-01f, 1.0f};
  Simd<float>::V z[N], p[N], q[N];
  for (int n = 0; n < N; ++n) {
    x[n] = clamp<float>(x[n], -9.0f, 9.0f);
    z[n] = x[n] * x[n];
    p[n] = Simd<float>::splat(numerator[0]);
    q[n] = Simd<float>::splat(denominator[0]);
  }
#pragma GCC unroll 4
  for (int m = 1; m < 5; ++m)
    for (int n = 0; n < N; ++n) {
      p[n] = p[n] * z[n] + numerator[m];
      q[n] = q[n] * z[n] + denominator[m];
    }
  for (int n = 0; n < N; ++n) x[n] = x[n] * p[n] / q[n];
}
LW_INLINE Simd<float>::V hyperbolic_tangent(Simd<float>::V x) {
  Simd<float>::V only[1] = {x};
  hyperbolic_tangents(only);
  return only[0];
}

// expm1(2 |x|) / (expm1(2 |x|) + 2), with the sign of x.
LW_INLINE Simd<double>::V hyperbolic_tangent(Simd<double>::V x) {
  typedef Simd<double> S;
  const S::M sign = S::bits(x) & S::bits(S::splat(-0.0));
  const S::V size = S::min(S::splat(20.0), S::bits(S::bits(x) ^ sign));
  const S::V e = expm1<double>(size + size);
  return S::bits(S::bits(e / (e + 2.0)) | sign);
}

template <int N>
LW_INLINE void hyperbolic_tangents(Simd<double>::V (&x)[N]) {
  for (int n = 0; n < N; ++n) x[n] = hyperbolic_tangent(x[n]);
}

// 1 / (1 + exp(-x)), 1e-7 off in single precision: fewer instructions than an exponential and a
// division, and a chain of dependent ones half as long.
template <int N>
LW_INLINE void sigmoids(Simd<float>::V (&x)[N]) {
  for (int n = 0; n < N; ++n) x[n] *= 0.5f;
  hyperbolic_tangents(x);
  for (int n = 0; n < N; ++n) x[n] = 0.5f * x[n] + 0.5f;
}
template <int N>
LW_INLINE void sigmoids(Simd<double>::V (&x)[N]) {
  for (int n = 0; n < N; ++n) x[n] = 1.0 / (1.0 + exponential<double>(-x[n]));
}

// To the nearest whole number, ties to even, for magnitudes below 2^22.
LW_INLINE Simd<float>::V round_to_whole(Simd<float>::V x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23
  return (x + magic) - magic;
}
LW_INLINE Simd<double>::V round_to_whole(Simd<double>::V x) {
  const double magic = 6755399441055744.0;  // 1.5 * 2^52
  return (x + magic) - magic;
}

template <class T>
LW_INLINE typename Simd<T>::V round_down(typename Simd<T>::V x) {
  const typename Simd<T>::V near = round_to_whole(x);
  return near > x ? near - T(1) : near;
}

}  // namespace LW_LEVEL
}  // namespace latticework
