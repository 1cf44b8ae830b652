// Linear recurrences along the lanes of a vector: s(t) = a s(t-1) + x(t), and backwards in time.
#pragma once

#include "simd.hpp"

namespace latticework {
namespace LW_LEVEL {

// Powers of one decay. Lanes are time steps.
template <class T>
struct Powers {
  typedef Simd<T> S;
  typedef typename S::V V;

  V once, twice, four, eight;
  V rising;   // a^(lane + 1): what the state before the vector is worth in each lane
  V falling;  // a^(width - lane): likewise from behind

  explicit LW_INLINE Powers(T a) {
    once = S::splat(a);
    twice = once * once;
    four = twice * twice;
    eight = four * four;
    typename S::M lane;
    for (int n = 0; n < S::width; ++n) lane[n] = n;
    const typename S::M back = (S::width - 1) - lane;
    rising = falling = once;
    const V one = S::splat(T(1));
    rising *= (lane & 1) != 0 ? once : one;
    falling *= (back & 1) != 0 ? once : one;
    if (S::width > 2) rising *= (lane & 2) != 0 ? twice : one;
    if (S::width > 2) falling *= (back & 2) != 0 ? twice : one;
    if (S::width > 4) rising *= (lane & 4) != 0 ? four : one;
    if (S::width > 4) falling *= (back & 4) != 0 ? four : one;
    if (S::width > 8) rising *= (lane & 8) != 0 ? eight : one;
    if (S::width > 8) falling *= (back & 8) != 0 ? eight : one;
  }

  // s from x, given the state before the first lane.
  LW_INLINE V forwards(V x, T before) const {
    x = once * Shift<T, 1>::up(x) + x;
    if constexpr (S::width > 2) x = twice * Shift<T, 2>::up(x) + x;
    if constexpr (S::width > 4) x = four * Shift<T, 4>::up(x) + x;
    if constexpr (S::width > 8) x = eight * Shift<T, 8>::up(x) + x;
    return rising * before + x;
  }

  // s(t) = a s(t+1) + x(t), given the state behind the last lane.
  LW_INLINE V backwards(V x, T behind) const {
    x = once * Shift<T, 1>::down(x) + x;
    if constexpr (S::width > 2) x = twice * Shift<T, 2>::down(x) + x;
    if constexpr (S::width > 4) x = four * Shift<T, 4>::down(x) + x;
    if constexpr (S::width > 8) x = eight * Shift<T, 8>::down(x) + x;
    return falling * behind + x;
  }
};

}  // namespace LW_LEVEL
}  // namespace latticework
