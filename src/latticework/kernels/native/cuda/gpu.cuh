// The machine of cube_run.hpp on a GPU: kernels on XLA's stream, memory from XLA.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "xla/ffi/api/ffi.h"

namespace latticework {
namespace cuda {

template <class Body>
__global__ void __launch_bounds__(Body::kThreads, Body::kBlocks)
    enter(const __grid_constant__ typename Body::Call call) {
  Body::run(call);
}

class Gpu {
 public:
  Gpu(cudaStream_t stream, xla::ffi::ScratchAllocator& scratch)
      : stream(stream), scratch(scratch) {}

  template <class Body>
  bool run(int blocks, size_t bytes, const typename Body::Call& call) {
    constexpr size_t kWithoutAsking = 48 * 1024;
    if (good() && bytes > kWithoutAsking)
      note(cudaFuncSetAttribute(enter<Body>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                static_cast<int>(bytes)));
    if (!good()) return false;
    enter<Body><<<blocks, Body::kThreads, bytes, stream>>>(call);
    return note(cudaGetLastError());
  }

  template <class Real>
  Real* room(size_t count) {
    if (!good() || count == 0) return nullptr;
    const auto found = scratch.Allocate(count * sizeof(Real), 256);
    if (!found) has_room = false;
    return found ? static_cast<Real*>(*found) : nullptr;
  }
  bool clear(void* at, size_t bytes) {
    return good() && note(cudaMemsetAsync(at, 0, bytes, stream));
  }
  bool copy(void* to, const void* from, size_t bytes) {
    return good() && note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream));
  }

  bool good() const { return has_room && error == cudaSuccess; }

  xla::ffi::Error verdict() const {
    if (!has_room)
      return xla::ffi::Error(xla::ffi::ErrorCode::kResourceExhausted,
                             "latticework: the device's memory is full; use a smaller batch");
    if (error != cudaSuccess)
      return xla::ffi::Error::Internal(std::string("latticework: the GPU says: ") +
                                       cudaGetErrorString(error));
    return xla::ffi::Error::Success();
  }

 private:
  bool note(cudaError_t one) {
    if (error == cudaSuccess) error = one;
    return one == cudaSuccess;
  }

  cudaStream_t stream;
  xla::ffi::ScratchAllocator& scratch;
  cudaError_t error = cudaSuccess;
  bool has_room = true;
};

}  // namespace cuda
}  // namespace latticework
