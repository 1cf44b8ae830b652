// The handlers of GLOM's nets.
#include "arena.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "frame.hpp"

namespace latticework {
namespace {

Glom glom_of(const Call& call) {
  Glom glom{};
  const auto size = [&](const char* name) { return static_cast<int>(call.size(name)); };
  glom.levels = size("level");
  glom.channels = size("channel");
  glom.batch = size("batch");
  glom.rows = size("row");
  glom.cols = size("col");
  glom.nets = size("net");
  glom.reads = call.array<int32_t>("reads");
  glom.writes = call.array<int32_t>("writes");
  glom.scale = static_cast<float>(call.number("numbers.scale"));
  glom.threshold = static_cast<uint32_t>(call.number("numbers.threshold"));
  glom.drops = glom.threshold > 0;
  glom.kept = static_cast<float>(call.number("numbers.kept"));
  glom.seed = *call.argument<uint32_t>("seed");
  const char* const groups[] = {"weight1", "bias1", "weight2", "bias2", "weight3", "bias3"};
  for (int n = 0; n < kGlomGroups; ++n) glom.params[n] = call.argument<float>(groups[n]);
  glom.state = call.argument<float>("state");
  return glom;
}

bool forward(Call& call) {
  Glom glom = glom_of(call);
  glom.result = call.result<float>("delta");
  const GlomKernels& kernels = *call.level->glom;
  return share_out(glom.tasks(), threads_of(call.number("numbers.num_threads")),
                   kernels.scratch(glom, false),
                   [&](int task, char* scratch) { kernels.forward(glom, task, scratch); });
}

bool backward(Call& call) {
  Glom glom = glom_of(call);
  glom.cotangent = call.argument<float>("cotangent");
  const char* const groups[] = {"d_weight1", "d_bias1", "d_weight2",
                                "d_bias2",   "d_weight3", "d_bias3"};
  for (int n = 0; n < kGlomGroups; ++n) glom.gradient[n] = call.result<float>(groups[n]);
  glom.result = call.result<float>("d_state");
  const size_t partial =
      static_cast<size_t>(glom.tasks()) * glom.nets * glom.net_params() * sizeof(float);
  glom.partial = reinterpret_cast<float*>(call_arena.at_least(partial));
  if (!glom.partial) return false;
  const GlomKernels& kernels = *call.level->glom;
  if (!share_out(glom.tasks(), threads_of(call.number("numbers.num_threads")),
                 kernels.scratch(glom, true),
                 [&](int task, char* scratch) { kernels.backward(glom, task, scratch); }))
    return false;
  kernels.finish(glom);
  return true;
}

}  // namespace

LW_DEFINE_HANDLER(glom, glom_table, forward)
LW_DEFINE_HANDLER(glom_back, glom_back_table, backward)

}  // namespace latticework
