// One SIMD level of the cube's kernels; compiled several times, as level.cpp is.
#include "cube_fold_back.hpp"

#define LW_JOIN_OF(a, b) a##b
#define LW_JOIN(a, b) LW_JOIN_OF(a, b)

namespace latticework {
namespace LW_LEVEL {
namespace {

template <class T>
const CubeKernels* cube_kernels() {
  static constexpr CubeKernels all = {
      Simd<T>::width,
      sizeof(T),
      [](const Cube& cube, bool backward) { return Frame<T>(cube, backward).bytes; },
      forward<T>,
      [](const Cube& cube) { return cube.folds() ? folded_backward<T>(cube) : backward<T>(cube); },
  };
  return &all;
}

}  // namespace
}  // namespace LW_LEVEL

const CubeLevel* LW_JOIN(cube_level_, LW_LEVEL)() {
  static const CubeLevel level = {LW_LEVEL::cube_kernels<float>(),
                                  LW_LEVEL::cube_kernels<double>()};
  return &level;
}

}  // namespace latticework
