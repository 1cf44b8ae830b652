// What device code may ask of the machine: its place in the grid, barriers, shared memory, copies.
//
// nvcc compiles it for a GPU. Any other compiler needs "emulated.hpp", which gives the same names a
// grid of fibers, so that the same code can be tested where there is no GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__

#include <cuda_runtime.h>

#define LW_DEVICE __device__ __forceinline__

namespace latticework {
namespace cuda {

LW_DEVICE int thread_number() { return static_cast<int>(threadIdx.x); }
LW_DEVICE int num_threads() { return static_cast<int>(blockDim.x); }
LW_DEVICE int block_number() { return static_cast<int>(blockIdx.x); }
LW_DEVICE int num_blocks() { return static_cast<int>(gridDim.x); }
LW_DEVICE void barrier() { __syncthreads(); }

// The value of the thread of this warp whose number differs in the bits of `mask`; all threads call.
template <class T>
LW_DEVICE T shuffle(T mine, int mask) {
  return __shfl_xor_sync(0xffffffffu, mine, mask);
}

// All of a block's shared memory.
template <class T>
LW_DEVICE T* shared_memory() {
  extern __shared__ __align__(16) unsigned char memory[];
  return reinterpret_cast<T*>(memory);
}

// Copies of 4 or 8 bytes into shared memory that go on while the thread does; a thread's copies
// are in groups, closed by `close_copies`, and `await_copies<n>` waits until all but the last n
// groups have arrived. Other threads see them after a barrier.
template <class T>
LW_DEVICE void start_copy(T* to, const T* from) {
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(to));
  if constexpr (sizeof(T) == 4)
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;\n" ::"r"(at), "l"(from) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8;\n" ::"r"(at), "l"(from) : "memory");
}
LW_DEVICE void close_copies() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
template <int kOpen>
LW_DEVICE void await_copies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kOpen) : "memory");
}

// Two numbers that lie side by side, at a multiple of their size.
template <class T>
struct Pair;
template <>
struct Pair<float> {
  typedef float2 Type;
};
template <>
struct Pair<double> {
  typedef double2 Type;
};

}  // namespace cuda
}  // namespace latticework

#else
#include "emulated.hpp"
#endif
