// The handlers of the cube.
#include <cstring>
#include <string>

#include "arena.hpp"
#include "cube.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "frame.hpp"

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

Cube cube_of(const Call& call) {
  Cube cube{};
  const auto whole = [&](const char* name) { return static_cast<int>(call.number(name)); };
  const auto is_set = [&](const char* name) { return call.number(name) != 0; };
  cube.dims[0] = whole("numbers.i"), cube.dims[1] = whole("numbers.j"), cube.dims[2] = whole("numbers.k");
  cube.block[0] = whole("numbers.block_i"), cube.block[1] = whole("numbers.block_j");
  cube.block[2] = whole("numbers.block_k");
  cube.batch = static_cast<int>(call.size("batch"));
  cube.outer_steps = whole("numbers.outer_steps");
  cube.inner_steps = whole("numbers.inner_steps");
  cube.activation = whole("numbers.activation");
  cube.is_gated = is_set("numbers.is_gated");
  cube.block_norm = is_set("numbers.block_norm");
  cube.residual = is_set("numbers.residual");
  cube.separate = is_set("numbers.separate");
  cube.num_threads = threads_of(call.number("numbers.num_threads"));
  cube.block_eps = call.number("eps.block");
  cube.norm_eps = call.number("eps.norm");
  cube.x0 = call.argument<void>("x0");
  cube.weight = call.argument<void>("weight");
  cube.bias = call.argument<void>("bias");
  cube.scale = call.argument<void>("scale");
  cube.norm_weight = call.argument<void>("norm_weight");
  cube.norm_bias = call.argument<void>("norm_bias");
  cube.share_out = run_all;
  cube.thread_memory = thread_memory;
  return cube;
}

bool run(const Call& call, Cube& cube, bool backward) {
  const CubeLevel* both = cube_level(call.level->name);
  const CubeKernels& kernels = call.is_double() ? *both->twice : *both->single;
  const Loan memory(kernels.call_bytes(cube, backward));
  cube.memory = memory.get();
  return cube.memory && (backward ? kernels.backward : kernels.forward)(cube);
}

bool forward(Call& call) {
  Cube cube = cube_of(call);
  cube.keeps = call.size("kept") > 0;
  cube.out = call.result<void>("out");
  if (cube.keeps) {
    const size_t item = call.is_double() ? sizeof(double) : sizeof(float);
    cube.states = call.result<void>("states");
    cube.stats = call.result<void>("stats");
    std::memset(cube.stats, 0, elements(call.operand(Place::kResult, "stats")) * item);
    ask_for_huge_pages(cube.states, elements(call.operand(Place::kResult, "states")) * item);
  }
  return run(call, cube, false);
}

bool backward(Call& call) {
  Cube cube = cube_of(call);
  cube.keeps = true;
  cube.states = call.argument<void>("states");
  cube.stats = call.argument<void>("stats");
  cube.d_out = call.argument<void>("d_out");
  cube.d_x0 = call.result<void>("d_x0");
  cube.d_weight = call.result<void>("d_weight");
  cube.d_bias = call.result<void>("d_bias");
  cube.d_scale = call.result<void>("d_scale");
  cube.d_norm_weight = call.result<void>("d_norm_weight");
  cube.d_norm_bias = call.result<void>("d_norm_bias");
  return run(call, cube, true);
}

}  // namespace

LW_DEFINE_HANDLER(cube_forward, cube_forward_table, forward)
LW_DEFINE_HANDLER(cube_backward, cube_backward_table, backward)

}  // namespace latticework
