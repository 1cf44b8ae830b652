// The kernels of the cube for CUDA, on threads in turns: what tests call by ctypes.
#include <cstdio>
#include <string>

#include "cube_run.hpp"

namespace latticework {
namespace cuda {
namespace {

// Memory is the host's; what is taken begins as NaN.
struct Emulated {
  std::vector<std::unique_ptr<char[]>> taken;

  template <class Body>
  bool run(int blocks, size_t bytes, const typename Body::Call& call) {
    Grid::here().run(blocks, Body::kThreads, bytes, [&] { Body::run(call); });
    return true;
  }
  template <class Real>
  Real* room(size_t count) {
    taken.emplace_back(new char[count * sizeof(Real)]);
    std::memset(taken.back().get(), 0xff, count * sizeof(Real));
    return reinterpret_cast<Real*>(taken.back().get());
  }
  bool clear(void* at, size_t bytes) { return std::memset(at, 0, bytes), true; }
  bool copy(void* to, const void* from, size_t bytes) { return std::memcpy(to, from, bytes), true; }
  bool good() const { return true; }
};

enum Number {
  kDims, kBlock = 3, kBatch = 6, kOuter, kInner, kActivation, kIsGated, kResidual, kSeparate, kKeeps,
  kBackward
};

template <class Real>
void run(const int* numbers, double eps, void** arrays) {
  Problem<Real> problem{};
  for (int axis = 0; axis < 3; ++axis)
    problem.dims[axis] = numbers[kDims + axis], problem.block[axis] = numbers[kBlock + axis];
  problem.batch = numbers[kBatch], problem.outer_steps = numbers[kOuter];
  problem.inner_steps = numbers[kInner], problem.activation = numbers[kActivation];
  problem.is_gated = numbers[kIsGated], problem.residual = numbers[kResidual];
  problem.separate = numbers[kSeparate], problem.keeps = numbers[kKeeps];
  problem.eps = eps;
  const Real** in[] = {&problem.x0, &problem.weight, &problem.bias,
                       &problem.scale, &problem.norm_weight, &problem.norm_bias};
  for (const Real** one : in) *one = static_cast<const Real*>(*arrays++);
  problem.states = static_cast<Real*>(*arrays++);
  problem.stats = static_cast<Real*>(*arrays++);
  Emulated machine;
  if (numbers[kBackward]) {
    problem.d_out = static_cast<const Real*>(*arrays++);
    Real** back[] = {&problem.d_x0, &problem.d_weight, &problem.d_bias,
                     &problem.d_scale, &problem.d_norm_weight, &problem.d_norm_bias};
    for (Real** one : back) *one = static_cast<Real*>(*arrays++);
    Run<Real, Emulated>(machine, problem).backward();
  } else {
    problem.out = static_cast<Real*>(*arrays++);
    Run<Real, Emulated>(machine, problem).forward();
  }
}

}  // namespace
}  // namespace cuda
}  // namespace latticework

// 0, or 1 where threads disagree about a barrier or leave before their copies arrive.
extern "C" int lw_emulated_cube(int is_double, int order, const int* numbers, double eps,
                                void** arrays) {
  using namespace latticework::cuda;
  Grid::here().order = static_cast<Order>(order);
  try {
    is_double ? run<double>(numbers, eps, arrays) : run<float>(numbers, eps, arrays);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

// Shared memory of a team, as the library for a GPU says it.
extern "C" int lw_emulated_needs(const int* block, int inner_steps, int is_gated, int item) {
  return static_cast<int>(
      latticework::cuda::least_shared(block, inner_steps, is_gated != 0, item));
}
