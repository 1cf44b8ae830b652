// The handlers of the leaky family: memory is found, tasks are shared out.
#include "ffi.hpp"

#include <cstring>

#include "arena.hpp"
#include "dispatch.hpp"
#include "frame.hpp"

namespace latticework {
namespace {

const Kernels& kernels_of(const Call& call) {
  return call.is_double() ? *call.level->twice : *call.level->single;
}

bool update(Call& call) {
  const Plan plan = plan_of(call);
  const Options options = options_of(call);
  const int num_threads = threads_of(options.num_threads);
  Batch batch{};
  batch.plan = &plan;
  batch.options = &options;
  batch.feedback = call.array<double>("feedback");
  batch.num_seeds = static_cast<int>(call.group_count());
  batch.batch = static_cast<int>(call.size("batch"));
  batch.num_steps = static_cast<int>(call.size("time"));
  batch.log_tau = call.argument<void>("log_tau");
  batch.weight = call.argument<void>("weight");
  batch.bias = call.argument<void>("bias");
  batch.inputs = call.argument<void>("inputs");
  batch.targets = call.argument<int32_t>("targets");
  batch.key = call.argument<uint32_t>("key");
  batch.d_log_tau = call.result<void>("d_log_tau");
  batch.d_weight = call.result<void>("d_weight");
  batch.d_bias = call.result<void>("d_bias");
  batch.loss = call.result<void>("loss");
  batch.correct = call.result<void>("correct");
  const Kernels& kernels = kernels_of(call);
  batch.partial = call_arena.at_least(kernels.partial_bytes(batch));
  if (!batch.partial) return false;
  const int groups = cut_batch(batch.batch, kernels.width).num_groups;
  if (!share_out(batch.num_seeds * groups, num_threads, kernels.update_scratch(batch),
                 [&](int n, char* scratch) { kernels.update(batch, n, scratch); }))
    return false;
  run_tasks(batch.num_seeds, num_threads, [&](int seed) { kernels.finish(batch, seed); });
  return true;
}

// Inputs come without a seed axis of their own; axes of vmap are calls of their own.
bool score(Call& call) {
  const Plan plan = plan_of(call);
  const Options options = options_of(call);
  const Kernels& kernels = kernels_of(call);
  const size_t item = call.is_double() ? sizeof(double) : sizeof(float);
  const int64_t calls = call.group_count();
  for (int64_t at = 0; at < calls; ++at) {
    const auto offset = [&](const Operand& operand) {
      const size_t each = static_cast<size_t>(elements(operand) / calls) * item;
      return static_cast<char*>(operand.data) + at * each;
    };
    Batch batch{};
    batch.plan = &plan;
    batch.options = &options;
    batch.shares_inputs = true;
    batch.num_seeds = static_cast<int>(call.size("seed"));
    batch.batch = static_cast<int>(call.size("batch"));
    batch.num_steps = static_cast<int>(call.size("time"));
    batch.log_tau = offset(call.operand(Place::kArgument, "log_tau"));
    batch.weight = offset(call.operand(Place::kArgument, "weight"));
    batch.bias = offset(call.operand(Place::kArgument, "bias"));
    batch.inputs = offset(call.operand(Place::kArgument, "inputs"));
    batch.scores = offset(call.operand(Place::kResult, "scores"));
    const int groups = cut_batch(batch.batch, kernels.width).num_groups;
    if (!share_out(batch.num_seeds * groups, threads_of(options.num_threads),
                   kernels.score_scratch(batch),
                   [&](int n, char* scratch) { kernels.score(batch, n, scratch); }))
      return false;
  }
  return true;
}

// The result with the argument's content; the two may be the same memory.
void* begin_with(const Call& call, const char* argument, const char* result, size_t item) {
  const Operand& from = call.operand(Place::kArgument, argument);
  void* to = call.result<void>(result);
  if (to != from.data && elements(from) > 0)
    std::memcpy(to, from.data, static_cast<size_t>(elements(from)) * item);
  return to;
}

bool train(Call& call) {
  const Plan plan = plan_of(call);
  const Options options = options_of(call);
  const Kernels& kernels = kernels_of(call);
  const size_t item = call.is_double() ? sizeof(double) : sizeof(float);
  Epoch epoch{};
  epoch.plan = &plan;
  epoch.options = &options;
  epoch.feedback = call.array<double>("feedback");
  epoch.num_seeds = static_cast<int>(call.size("seed"));
  epoch.num_examples = static_cast<int>(call.size("example"));
  epoch.order_length = static_cast<int>(call.size("length"));
  epoch.num_steps = static_cast<int>(call.size("time"));
  epoch.num_bytes = static_cast<int>(call.size("byte"));
  epoch.num_values = static_cast<int>(call.size("value"));
  epoch.code = call.array<int32_t>("layout.code");
  epoch.start = call.argument<int32_t>("bounds")[0];
  epoch.stop = call.argument<int32_t>("bounds")[1];
  epoch.step_log_tau = call.number("step_sizes.log_tau");
  epoch.step_weight = call.number("step_sizes.weight");
  epoch.step_bias = call.number("step_sizes.bias");
  epoch.log_tau = begin_with(call, "log_tau", "new_log_tau", item);
  epoch.weight = begin_with(call, "weight", "new_weight", item);
  epoch.bias = begin_with(call, "bias", "new_bias", item);
  epoch.pixels = call.argument<uint8_t>("pixels");
  epoch.table = call.argument<void>("table");
  epoch.targets = call.argument<int32_t>("targets");
  epoch.order = call.argument<int32_t>("order");
  epoch.loss = call.result<void>("loss");
  epoch.correct = call.result<void>("correct");
  return share_out(epoch.num_seeds, threads_of(options.num_threads), kernels.epoch_scratch(epoch),
                   [&](int seed, char* scratch) { kernels.epoch(epoch, seed, scratch); });
}

}  // namespace

LW_DEFINE_HANDLER(update, update_table, update)
LW_DEFINE_HANDLER(score, score_table, score)
LW_DEFINE_HANDLER(train, train_table, train)

}  // namespace latticework
