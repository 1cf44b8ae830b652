// The cube's kernels as XLA custom calls.
#include <cstring>
#include <string>

#include "arena.hpp"
#include "cube.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "pool.hpp"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace latticework {

#define LW_DECLARE(name) const CubeLevel* cube_level_##name();
#ifdef LW_HAS_AVX512
LW_DECLARE(avx512)
#endif
#ifdef LW_HAS_AVX2
LW_DECLARE(avx2)
#endif
LW_DECLARE(baseline)

const CubeLevel* cube_level(const char* name) {
  const std::string wanted = name;
#ifdef LW_HAS_AVX512
  if (wanted == "avx512") return cube_level_avx512();
#endif
#ifdef LW_HAS_AVX2
  if (wanted == "avx2") return cube_level_avx2();
#endif
  return cube_level_baseline();
}

namespace {

char* thread_memory(size_t size) { return task_arena.at_least(size); }

void run_all(int count, int num_threads, void (*task)(void*, int), void* context) {
  run_tasks(count, num_threads, [=](int n) { task(context, n); });
}

ffi::Error invalid(const std::string& what) {
  return ffi::Error::InvalidArgument("latticework native cube: " + what);
}

ffi::Error no_memory() {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                    "latticework native cube: out of memory; use a smaller batch");
}

constexpr size_t kNumbers = 14;

// What attributes and operands say; a sentence where they do not fit.
struct Call {
  Cube cube{};
  const CubeKernels* kernels = nullptr;

  std::string read(ffi::Span<const int32_t> numbers, ffi::Span<const double> eps,
                   std::string_view simd, const ffi::AnyBuffer& x0, const ffi::AnyBuffer& weight,
                   const ffi::AnyBuffer& bias, const ffi::AnyBuffer& scale,
                   const ffi::AnyBuffer& norm_weight, const ffi::AnyBuffer& norm_bias) {
    if (numbers.size() != kNumbers || eps.size() != 2) return "the attributes are incomplete";
    const int32_t* at = numbers.begin();
    for (int axis = 0; axis < 3; ++axis) {
      cube.dims[axis] = *at++;
      if (cube.dims[axis] < 1) return "the cube is empty";
    }
    for (int axis = 0; axis < 3; ++axis) {
      cube.block[axis] = *at++;
      if (cube.block[axis] < 1 || cube.dims[axis] % cube.block[axis])
        return "the blocks do not fill the cube";
    }
    cube.outer_steps = *at++;
    cube.inner_steps = *at++;
    cube.activation = *at++;
    cube.is_gated = *at++;
    cube.block_norm = *at++;
    cube.residual = *at++;
    cube.separate = *at++;
    cube.num_threads = *at > 0 ? *at : default_threads();
    cube.block_eps = eps.begin()[0];
    cube.norm_eps = eps.begin()[1];
    if (cube.outer_steps < 1 || cube.inner_steps < 1) return "there is no step to take";
    std::string why;
    const Level* level = choose_level(std::string(simd), &why);
    if (!level) return why;
    const bool twice = x0.element_type() == ffi::F64;
    if (!twice && x0.element_type() != ffi::F32) return "states must be float32 or float64";
    const CubeLevel* both = cube_level(level->name);
    kernels = twice ? both->twice : both->single;
    const size_t cells = cube.num_cells(), steps = cube.separate ? cube.outer_steps : 1;
    const size_t planes = steps * cube.num_channels() * cells;
    if (x0.element_count() % cells || weight.element_count() != kTaps * planes ||
        bias.element_count() != planes || norm_weight.element_count() != cells ||
        norm_bias.element_count() != cells ||
        (!cube.is_gated && scale.element_count() != steps * cells))
      return "the shapes of states and parameters do not fit each other";
    for (const ffi::AnyBuffer* one : {&weight, &bias, &norm_weight, &norm_bias})
      if (one->element_type() != x0.element_type()) return "states and parameters differ in type";
    cube.batch = static_cast<int>(x0.element_count() / cells);
    cube.x0 = x0.untyped_data();
    cube.weight = weight.untyped_data();
    cube.bias = bias.untyped_data();
    cube.scale = scale.untyped_data();
    cube.norm_weight = norm_weight.untyped_data();
    cube.norm_bias = norm_bias.untyped_data();
    cube.share_out = run_all;
    cube.thread_memory = thread_memory;
    return why;
  }

  // Sizes of what a forward pass keeps.
  size_t states_size() const {
    const Tiling tiling = tile_batch(cube.batch, kernels->width);
    const StateLayout layout(cube.dims, static_cast<int64_t>(kernels->item_size) * tiling.lanes);
    return layout.room(static_cast<int64_t>(cube.outer_steps) * tiling.count) * tiling.lanes;
  }
  size_t stats_size() const {
    const Tiling tiling = tile_batch(cube.batch, kernels->width);
    return static_cast<size_t>(cube.outer_steps + 1) * tiling.count * tiling.lanes * 2;
  }
  ffi::Error run(bool backward) {
    if (cube.batch == 0) return ffi::Error::Success();
    const Loan memory(kernels->call_bytes(cube, backward));
    cube.memory = memory.get();
    if (!cube.memory) return no_memory();
    return (backward ? kernels->backward : kernels->forward)(cube) ? ffi::Error::Success()
                                                                   : no_memory();
  }
};

ffi::Error forward(ffi::AnyBuffer x0, ffi::AnyBuffer weight, ffi::AnyBuffer bias,
                   ffi::AnyBuffer scale, ffi::AnyBuffer norm_weight, ffi::AnyBuffer norm_bias,
                   ffi::Result<ffi::AnyBuffer> out, ffi::Result<ffi::AnyBuffer> states,
                   ffi::Result<ffi::AnyBuffer> stats, ffi::Span<const int32_t> numbers,
                   ffi::Span<const double> eps, std::string_view simd) {
  Call call;
  const std::string why =
      call.read(numbers, eps, simd, x0, weight, bias, scale, norm_weight, norm_bias);
  if (!why.empty()) return invalid(why);
  call.cube.keeps = states->element_count() > 0;
  if (call.cube.keeps && (states->element_count() != call.states_size() ||
                          stats->element_count() != call.stats_size()))
    return invalid("there is no room for the states to keep");
  call.cube.out = out->untyped_data();
  if (call.cube.keeps) {
    call.cube.states = states->untyped_data();
    call.cube.stats = stats->untyped_data();
    std::memset(call.cube.stats, 0, stats->size_bytes());
    ask_for_huge_pages(call.cube.states, states->size_bytes());
  }
  return call.run(false);
}

ffi::Error backward(ffi::AnyBuffer x0, ffi::AnyBuffer weight, ffi::AnyBuffer bias,
                    ffi::AnyBuffer scale, ffi::AnyBuffer norm_weight, ffi::AnyBuffer norm_bias,
                    ffi::AnyBuffer states, ffi::AnyBuffer stats, ffi::AnyBuffer d_out,
                    ffi::Result<ffi::AnyBuffer> d_x0, ffi::Result<ffi::AnyBuffer> d_weight,
                    ffi::Result<ffi::AnyBuffer> d_bias, ffi::Result<ffi::AnyBuffer> d_scale,
                    ffi::Result<ffi::AnyBuffer> d_norm_weight,
                    ffi::Result<ffi::AnyBuffer> d_norm_bias, ffi::Span<const int32_t> numbers,
                    ffi::Span<const double> eps, std::string_view simd) {
  Call call;
  const std::string why =
      call.read(numbers, eps, simd, x0, weight, bias, scale, norm_weight, norm_bias);
  if (!why.empty()) return invalid(why);
  if (states.element_count() != call.states_size() || stats.element_count() != call.stats_size() ||
      d_out.element_count() != x0.element_count())
    return invalid("what was kept does not fit the batch");
  call.cube.keeps = true;
  call.cube.states = states.untyped_data();
  call.cube.stats = stats.untyped_data();
  call.cube.d_out = d_out.untyped_data();
  call.cube.d_x0 = d_x0->untyped_data();
  call.cube.d_weight = d_weight->untyped_data();
  call.cube.d_bias = d_bias->untyped_data();
  call.cube.d_scale = d_scale->untyped_data();
  call.cube.d_norm_weight = d_norm_weight->untyped_data();
  call.cube.d_norm_bias = d_norm_bias->untyped_data();
  return call.run(true);
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_cube_forward, forward,
                              ffi::Ffi::Bind()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int32_t>>("numbers")
                                  .Attr<ffi::Span<const double>>("eps")
                                  .Attr<std::string_view>("simd"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_cube_backward, backward,
                              ffi::Ffi::Bind()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
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
                                  .Attr<ffi::Span<const double>>("eps")
                                  .Attr<std::string_view>("simd"));

void* cube_forward_handler() { return reinterpret_cast<void*>(&latticework_cube_forward); }
void* cube_backward_handler() { return reinterpret_cast<void*>(&latticework_cube_backward); }

}  // namespace latticework
