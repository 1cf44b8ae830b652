// The handlers of the cube for XLA on a GPU, and what Python asks of the device.
#include <cstdint>
#include <string>
#include <vector>

#include "cube_run.hpp"
#include "gpu.cuh"

namespace ffi = xla::ffi;

namespace latticework {
namespace cuda {
namespace {

typedef std::vector<int64_t> Dims;

// What a call is, from the numbers that come with it: kernels/cuda_cube.py writes them.
struct Numbers {
  enum { kDims, kBlock = 3, kOuter = 6, kInner, kActivation, kIsGated, kResidual, kSeparate, kCount };
  ffi::Span<const int32_t> all;
  double eps;
  int64_t batch = 0;

  int operator[](int at) const { return all.begin()[at]; }

  // One sentence where they are out of range.
  std::string wrong() const {
    if (all.size() != kCount) return "numbers has length " + std::to_string(all.size());
    int64_t cells = 1;
    for (int axis = 0; axis < 3; ++axis) {
      const int64_t size = (*this)[kDims + axis], part = (*this)[kBlock + axis];
      if (size < 1 || size > (1 << 20) || part < 1 || size % part)
        return "blocks of " + std::to_string(part) + " do not fill " + std::to_string(size);
      cells *= size;
      if (cells > (1 << 24)) return "there are more than 2^24 cells";
    }
    if (batch < 1 || batch > (1 << 20) || batch * cells > (int64_t{1} << 30))
      return "the batch is " + std::to_string(batch) + ", expected at least 1 and at most 2^30 cells in all";
    for (int step : {kOuter, kInner})
      if ((*this)[step] < 1 || (*this)[step] > (1 << 20)) return "the number of steps is out of range";
    if ((*this)[kActivation] < 0 || (*this)[kActivation] > 3) return "the activation is not known";
    for (int flag : {kIsGated, kResidual, kSeparate})
      if ((*this)[flag] < 0 || (*this)[flag] > 1) return "a flag is neither 0 nor 1";
    return eps >= 0 ? "" : "eps is negative";
  }
  Dims cells(Dims lead = {}) const {
    for (int axis = 0; axis < 3; ++axis) lead.push_back((*this)[kDims + axis]);
    return lead;
  }
  // Of the sweep's parameters.
  Dims own(Dims lead) const {
    if ((*this)[kSeparate]) lead.insert(lead.begin(), (*this)[kOuter]);
    return cells(lead);
  }
  Dims weight() const { return (*this)[kIsGated] ? own({kTaps, 2}) : own({kTaps}); }
  Dims bias() const { return (*this)[kIsGated] ? own({2}) : own({}); }
  Dims scale() const {
    Dims all = own({});
    if ((*this)[kIsGated]) all.back() = 0;
    return all;
  }
  Dims states() const { return cells({(*this)[kOuter], batch}); }
  Dims stats() const { return {(*this)[kOuter] + 1, 2, batch}; }
};

// Whether arrays are what the numbers say; the first that is not is told of.
struct Checker {
  ffi::DataType type;
  std::string wrong;

  template <class Buffer>
  void operator()(const char* name, const Buffer& buffer, const Dims& dims) {
    if (!wrong.empty()) return;
    const auto given = buffer.dimensions();
    bool same = buffer.element_type() == type && given.size() == dims.size();
    for (size_t n = 0; same && n < dims.size(); ++n) same = given.begin()[n] == dims[n];
    if (same) return;
    wrong = std::string(name) + " has another type or shape; expected (";
    for (int64_t size : dims) wrong += std::to_string(size) + ", ";
    wrong += ")";
  }
};

ffi::Error refused(const std::string& why) {
  return ffi::Error::InvalidArgument("latticework_cuda_cube: " + why);
}

template <class Real>
Problem<Real> problem_of(const Numbers& numbers) {
  Problem<Real> problem{};
  for (int axis = 0; axis < 3; ++axis) {
    problem.dims[axis] = numbers[Numbers::kDims + axis];
    problem.block[axis] = numbers[Numbers::kBlock + axis];
  }
  problem.batch = static_cast<int>(numbers.batch);
  problem.outer_steps = numbers[Numbers::kOuter], problem.inner_steps = numbers[Numbers::kInner];
  problem.activation = numbers[Numbers::kActivation], problem.is_gated = numbers[Numbers::kIsGated];
  problem.residual = numbers[Numbers::kResidual], problem.separate = numbers[Numbers::kSeparate];
  problem.eps = numbers.eps;
  return problem;
}

// The arrays that both directions are given.
struct Given {
  ffi::AnyBuffer x0, weight, bias, scale, norm_weight, norm_bias;

  void check(Checker& check, const Numbers& numbers) const {
    check("x0", x0, numbers.cells({numbers.batch}));
    check("weight", weight, numbers.weight());
    check("bias", bias, numbers.bias());
    check("scale", scale, numbers.scale());
    check("norm_weight", norm_weight, numbers.cells());
    check("norm_bias", norm_bias, numbers.cells());
  }
  template <class Real>
  Problem<Real> problem(const Numbers& numbers) const {
    Problem<Real> problem = problem_of<Real>(numbers);
    const auto at = [](const ffi::AnyBuffer& one) {
      return static_cast<const Real*>(one.untyped_data());
    };
    problem.x0 = at(x0), problem.weight = at(weight), problem.bias = at(bias);
    problem.scale = at(scale);
    problem.norm_weight = at(norm_weight), problem.norm_bias = at(norm_bias);
    return problem;
  }
};

typedef ffi::Result<ffi::AnyBuffer> Out;

template <class Real, class Buffer>
Real* data(Buffer& one) {
  return static_cast<Real*>(one->untyped_data());
}

template <class Real>
ffi::Error forward_in(cudaStream_t stream, ffi::ScratchAllocator& scratch, const Numbers& numbers,
                      const Given& given, Out out, Out states, Out stats) {
  Problem<Real> problem = given.problem<Real>(numbers);
  problem.keeps = states->element_count() > 0;
  problem.out = data<Real>(out), problem.states = data<Real>(states);
  problem.stats = data<Real>(stats);
  Gpu gpu(stream, scratch);
  Run<Real, Gpu>(gpu, problem).forward();
  return gpu.verdict();
}

Numbers numbers_of(const ffi::AnyBuffer& x0, ffi::Span<const int32_t> all, double eps) {
  return {all, eps, x0.dimensions().size() == 4 ? x0.dimensions().front() : 0};
}

std::string wrong_type(const ffi::AnyBuffer& x0) {
  return x0.element_type() == ffi::DataType::F32 || x0.element_type() == ffi::DataType::F64
             ? ""
             : "arrays are neither float32 nor float64";
}

ffi::Error forward(cudaStream_t stream, ffi::ScratchAllocator scratch, ffi::AnyBuffer x0,
                   ffi::AnyBuffer weight, ffi::AnyBuffer bias, ffi::AnyBuffer scale,
                   ffi::AnyBuffer norm_weight, ffi::AnyBuffer norm_bias, Out out, Out states,
                   Out stats, ffi::Span<const int32_t> all, double eps) {
  const Numbers numbers = numbers_of(x0, all, eps);
  const Given given{x0, weight, bias, scale, norm_weight, norm_bias};
  Checker check{x0.element_type(), wrong_type(x0) + numbers.wrong()};
  if (check.wrong.empty()) {
    given.check(check, numbers);
    check("out", *out, numbers.cells({numbers.batch}));
    if (states->element_count() > 0) {
      check("states", *states, numbers.states());
      check("stats", *stats, numbers.stats());
    }
  }
  if (!check.wrong.empty()) return refused(check.wrong);
  return (check.type == ffi::DataType::F64 ? forward_in<double> : forward_in<float>)(
      stream, scratch, numbers, given, out, states, stats);
}

struct Pulled6 {
  Out x0, weight, bias, scale, norm_weight, norm_bias;
};

template <class Real>
ffi::Error backward_in(cudaStream_t stream, ffi::ScratchAllocator& scratch, const Numbers& numbers,
                       const Given& given, const ffi::AnyBuffer& states,
                       const ffi::AnyBuffer& stats, const ffi::AnyBuffer& d_out, Pulled6& back) {
  Problem<Real> problem = given.problem<Real>(numbers);
  problem.keeps = true;
  problem.states = static_cast<Real*>(states.untyped_data());
  problem.stats = static_cast<Real*>(stats.untyped_data());
  problem.d_out = static_cast<const Real*>(d_out.untyped_data());
  problem.d_x0 = data<Real>(back.x0), problem.d_weight = data<Real>(back.weight);
  problem.d_bias = data<Real>(back.bias), problem.d_scale = data<Real>(back.scale);
  problem.d_norm_weight = data<Real>(back.norm_weight);
  problem.d_norm_bias = data<Real>(back.norm_bias);
  Gpu gpu(stream, scratch);
  Run<Real, Gpu>(gpu, problem).backward();
  return gpu.verdict();
}

ffi::Error backward(cudaStream_t stream, ffi::ScratchAllocator scratch, ffi::AnyBuffer x0,
                    ffi::AnyBuffer weight, ffi::AnyBuffer bias, ffi::AnyBuffer scale,
                    ffi::AnyBuffer norm_weight, ffi::AnyBuffer norm_bias, ffi::AnyBuffer states,
                    ffi::AnyBuffer stats, ffi::AnyBuffer d_out, Out d_x0, Out d_weight, Out d_bias,
                    Out d_scale, Out d_norm_weight, Out d_norm_bias,
                    ffi::Span<const int32_t> all, double eps) {
  const Numbers numbers = numbers_of(x0, all, eps);
  const Given given{x0, weight, bias, scale, norm_weight, norm_bias};
  Checker check{x0.element_type(), wrong_type(x0) + numbers.wrong()};
  if (check.wrong.empty()) {
    given.check(check, numbers);
    check("states", states, numbers.states());
    check("stats", stats, numbers.stats());
    check("d_out", d_out, numbers.cells({numbers.batch}));
    Given{*d_x0, *d_weight, *d_bias, *d_scale, *d_norm_weight, *d_norm_bias}.check(check, numbers);
  }
  if (!check.wrong.empty()) return refused(check.wrong);
  Pulled6 back{d_x0, d_weight, d_bias, d_scale, d_norm_weight, d_norm_bias};
  return (check.type == ffi::DataType::F64 ? backward_in<double> : backward_in<float>)(
      stream, scratch, numbers, given, states, stats, d_out, back);
}

auto bound() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::PlatformStream<cudaStream_t>>()
      .Ctx<ffi::ScratchAllocator>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>();
}

}  // namespace
}  // namespace cuda
}  // namespace latticework

#define LW_PUBLIC extern "C" __attribute__((visibility("default")))

LW_PUBLIC XLA_FFI_Error* latticework_cuda_cube_forward(XLA_FFI_CallFrame* frame) {
  using namespace latticework::cuda;
  static auto* const handler = bound()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Attr<ffi::Span<const int32_t>>("numbers")
                                   .Attr<double>("eps")
                                   .To(forward)
                                   .release();
  return handler->Call(frame);
}

LW_PUBLIC XLA_FFI_Error* latticework_cuda_cube_backward(XLA_FFI_CallFrame* frame) {
  using namespace latticework::cuda;
  static auto* const handler = bound()
                                   .Arg<ffi::AnyBuffer>()
                                   .Arg<ffi::AnyBuffer>()
                                   .Arg<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Ret<ffi::AnyBuffer>()
                                   .Attr<ffi::Span<const int32_t>>("numbers")
                                   .Attr<double>("eps")
                                   .To(backward)
                                   .release();
  return handler->Call(frame);
}

// Bytes of shared memory that a block of cells needs, and the most that the device gives a team; 0
// where there is no device.
LW_PUBLIC int64_t latticework_cuda_cube_needs(const int32_t* block, int32_t inner_steps,
                                              int32_t is_gated, int32_t item) {
  return static_cast<int64_t>(latticework::cuda::least_shared(block, inner_steps, is_gated != 0, item));
}

LW_PUBLIC int64_t latticework_cuda_shared_memory() {
  int device = 0, bytes = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) != cudaSuccess)
    return 0;
  return bytes;
}
