// The kernels as XLA custom calls: shapes are checked, memory is found, tasks are shared out.
#include "ffi.hpp"

#include <cstring>
#include <string>

#include "arena.hpp"
#include "dispatch.hpp"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace latticework {
namespace {

ffi::Error invalid(const std::string& what) {
  return ffi::Error::InvalidArgument("latticework native kernel: " + what);
}

// What the attributes of a call say.
struct Call {
  Plan plan;
  Options options;
  const Level* level = nullptr;
  int num_threads = 1;

  std::string read(ffi::Span<const int32_t> tables, ffi::Span<const double> numbers,
                   std::string_view simd) {
    if (const char* why = plan.parse(tables.begin(), tables.size())) return why;
    if (const char* why = options.parse(numbers.begin(), numbers.size())) return why;
    std::string why;
    level = choose_level(std::string(simd), &why);
    num_threads = options.num_threads > 0 ? options.num_threads : default_threads();
    return why;
  }
  const Kernels& kernels(bool twice) const { return twice ? *level->twice : *level->single; }
};

// Dimensions of an operand: `rank` at the end, and all before as one.
struct Shape {
  int64_t lead = 1;
  int64_t dims[4] = {0, 0, 0, 0};
  bool fits = false;

  Shape(const ffi::AnyBuffer& buffer, int rank) {
    const auto all = buffer.dimensions();
    const int there = static_cast<int>(all.size());
    fits = there >= rank;
    for (int n = 0; n < there; ++n) {
      if (n < there - rank)
        lead *= all[n];
      else
        dims[n - (there - rank)] = all[n];
    }
  }
};

bool is_float_type(const ffi::AnyBuffer& buffer, bool* twice) {
  *twice = buffer.element_type() == ffi::F64;
  return *twice || buffer.element_type() == ffi::F32;
}

ffi::Error no_memory() {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                    "latticework native kernel: out of memory; use a smaller batch");
}

ffi::Error update(ffi::AnyBuffer log_tau, ffi::AnyBuffer weight, ffi::AnyBuffer bias,
                  ffi::AnyBuffer inputs, ffi::AnyBuffer targets, ffi::AnyBuffer key,
                  ffi::Result<ffi::AnyBuffer> d_log_tau, ffi::Result<ffi::AnyBuffer> d_weight,
                  ffi::Result<ffi::AnyBuffer> d_bias, ffi::Result<ffi::AnyBuffer> loss,
                  ffi::Result<ffi::AnyBuffer> correct, ffi::Span<const int32_t> tables,
                  ffi::Span<const double> numbers, ffi::Span<const double> feedback,
                  std::string_view simd) {
  Call call;
  if (const std::string why = call.read(tables, numbers, simd); !why.empty()) return invalid(why);
  bool twice;
  if (!is_float_type(log_tau, &twice)) return invalid("parameters must be float32 or float64");
  const Shape cells(log_tau, 1), examples(targets, 1), sequences(inputs, 3);
  const Plan& plan = call.plan;
  if (!cells.fits || !examples.fits || !sequences.fits || cells.dims[0] != plan.num_cells ||
      sequences.dims[2] != plan.num_channels || sequences.dims[0] != examples.dims[0] ||
      examples.lead != cells.lead || sequences.lead != cells.lead)
    return invalid("the shapes of parameters, inputs and targets do not fit each other");
  if (call.options.broadcast &&
      feedback.size() != static_cast<size_t>(plan.num_cells) * plan.num_classes)
    return invalid("the feedback is not [cell, class]");
  Batch batch{};
  batch.plan = &plan;
  batch.options = &call.options;
  batch.feedback = feedback.begin();
  batch.num_seeds = static_cast<int>(cells.lead);
  batch.batch = static_cast<int>(examples.dims[0]);
  batch.num_steps = static_cast<int>(sequences.dims[1]);
  batch.log_tau = log_tau.untyped_data();
  batch.weight = weight.untyped_data();
  batch.bias = bias.untyped_data();
  batch.inputs = inputs.untyped_data();
  batch.targets = static_cast<const int32_t*>(targets.untyped_data());
  batch.key = static_cast<const uint32_t*>(key.untyped_data());
  batch.d_log_tau = d_log_tau->untyped_data();
  batch.d_weight = d_weight->untyped_data();
  batch.d_bias = d_bias->untyped_data();
  batch.loss = loss->untyped_data();
  batch.correct = correct->untyped_data();
  if (batch.num_seeds == 0) return ffi::Error::Success();
  const Kernels& kernels = call.kernels(twice);
  batch.partial = call_arena.at_least(kernels.partial_bytes(batch));
  if (!batch.partial) return no_memory();
  const int groups = cut_batch(batch.batch, kernels.width).num_groups;
  if (!share_out(batch.num_seeds * groups, call.num_threads, kernels.update_scratch(batch),
                 [&](int n, char* scratch) { kernels.update(batch, n, scratch); }))
    return no_memory();
  run_tasks(batch.num_seeds, call.num_threads, [&](int seed) { kernels.finish(batch, seed); });
  return ffi::Error::Success();
}

// Inputs come without a seed axis of their own; leading axes of vmap are seeds here.
ffi::Error score(ffi::AnyBuffer log_tau, ffi::AnyBuffer weight, ffi::AnyBuffer bias,
                 ffi::AnyBuffer inputs, ffi::Result<ffi::AnyBuffer> scores,
                 ffi::Span<const int32_t> tables, ffi::Span<const double> numbers,
                 std::string_view simd) {
  Call call;
  if (const std::string why = call.read(tables, numbers, simd); !why.empty()) return invalid(why);
  bool twice;
  if (!is_float_type(log_tau, &twice)) return invalid("parameters must be float32 or float64");
  const Shape cells(log_tau, 2), sequences(inputs, 3);
  if (!cells.fits || !sequences.fits || cells.dims[1] != call.plan.num_cells ||
      sequences.dims[2] != call.plan.num_channels || sequences.lead != cells.lead)
    return invalid("the shapes of parameters and inputs do not fit each other");
  const Kernels& kernels = call.kernels(twice);
  const size_t item = twice ? sizeof(double) : sizeof(float);
  for (int64_t at = 0; at < cells.lead; ++at) {
    const auto offset = [&](const ffi::AnyBuffer& buffer) {
      const size_t each = buffer.element_count() / cells.lead * item;
      return static_cast<char*>(buffer.untyped_data()) + at * each;
    };
    Batch batch{};
    batch.plan = &call.plan;
    batch.options = &call.options;
    batch.shares_inputs = true;
    batch.num_seeds = static_cast<int>(cells.dims[0]);
    batch.batch = static_cast<int>(sequences.dims[0]);
    batch.num_steps = static_cast<int>(sequences.dims[1]);
    batch.log_tau = offset(log_tau);
    batch.weight = offset(weight);
    batch.bias = offset(bias);
    batch.inputs = offset(inputs);
    batch.scores = offset(*scores);
    const int groups = cut_batch(batch.batch, kernels.width).num_groups;
    if (!share_out(batch.num_seeds * groups, call.num_threads, kernels.score_scratch(batch),
                   [&](int n, char* scratch) { kernels.score(batch, n, scratch); }))
      return no_memory();
  }
  return ffi::Error::Success();
}

ffi::Error train(ffi::AnyBuffer log_tau, ffi::AnyBuffer weight, ffi::AnyBuffer bias,
                 ffi::AnyBuffer pixels, ffi::AnyBuffer targets, ffi::AnyBuffer order,
                 ffi::AnyBuffer table, ffi::AnyBuffer bounds,
                 ffi::Result<ffi::AnyBuffer> new_log_tau, ffi::Result<ffi::AnyBuffer> new_weight,
                 ffi::Result<ffi::AnyBuffer> new_bias, ffi::Result<ffi::AnyBuffer> loss,
                 ffi::Result<ffi::AnyBuffer> correct, ffi::Span<const int32_t> tables,
                 ffi::Span<const double> numbers, ffi::Span<const double> feedback,
                 ffi::Span<const double> step_sizes, std::string_view simd) {
  Call call;
  if (const std::string why = call.read(tables, numbers, simd); !why.empty()) return invalid(why);
  bool twice;
  if (!is_float_type(log_tau, &twice)) return invalid("parameters must be float32 or float64");
  const Shape cells(log_tau, 2), images(pixels, 2), orders(order, 2), slots(weight, 3);
  const int num_channels = call.plan.num_channels;
  if (!cells.fits || !images.fits || !orders.fits || cells.lead != 1 || orders.lead != 1 ||
      images.lead != 1 || cells.dims[1] != call.plan.num_cells || orders.dims[0] != cells.dims[0] ||
      slots.dims[2] != call.plan.num_slots || images.dims[1] % num_channels != 0 ||
      targets.element_count() != static_cast<size_t>(images.dims[0]) ||
      table.element_count() != 256 || bounds.element_count() != 2 || step_sizes.size() != 3)
    return invalid("the shapes of parameters, images, classes and order do not fit each other");
  if (call.options.uses_traces || call.options.is_noisy())
    return invalid("noise and traces are not part of the fused loop");
  if (call.options.broadcast &&
      feedback.size() != static_cast<size_t>(call.plan.num_cells) * call.plan.num_classes)
    return invalid("the feedback is not [cell, class]");
  Epoch epoch{};
  epoch.plan = &call.plan;
  epoch.options = &call.options;
  epoch.feedback = feedback.begin();
  epoch.num_seeds = static_cast<int>(cells.dims[0]);
  epoch.num_examples = static_cast<int>(images.dims[0]);
  epoch.order_length = static_cast<int>(orders.dims[1]);
  epoch.num_steps = static_cast<int>(images.dims[1]) / num_channels;
  const int32_t* bound = static_cast<const int32_t*>(bounds.untyped_data());
  epoch.start = bound[0];
  epoch.stop = bound[1];
  if (epoch.start < 0 || epoch.stop > epoch.order_length)
    return invalid("the steps asked for are outside the epoch");
  epoch.step_log_tau = step_sizes.begin()[0];
  epoch.step_weight = step_sizes.begin()[1];
  epoch.step_bias = step_sizes.begin()[2];
  const auto copy = [](const ffi::AnyBuffer& from, ffi::AnyBuffer& to) {
    if (to.untyped_data() != from.untyped_data())
      std::memcpy(to.untyped_data(), from.untyped_data(), from.size_bytes());
    return to.untyped_data();
  };
  epoch.log_tau = copy(log_tau, *new_log_tau);
  epoch.weight = copy(weight, *new_weight);
  epoch.bias = copy(bias, *new_bias);
  epoch.pixels = static_cast<const uint8_t*>(pixels.untyped_data());
  epoch.table = table.untyped_data();
  epoch.targets = static_cast<const int32_t*>(targets.untyped_data());
  epoch.order = static_cast<const int32_t*>(order.untyped_data());
  epoch.loss = loss->untyped_data();
  epoch.correct = correct->untyped_data();
  const Kernels& kernels = call.kernels(twice);
  if (!share_out(epoch.num_seeds, call.num_threads, kernels.epoch_scratch(epoch),
                 [&](int seed, char* scratch) { kernels.epoch(epoch, seed, scratch); }))
    return no_memory();
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_update, update,
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
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int32_t>>("plan")
                                  .Attr<ffi::Span<const double>>("options")
                                  .Attr<ffi::Span<const double>>("feedback")
                                  .Attr<std::string_view>("simd"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_score, score,
                              ffi::Ffi::Bind()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int32_t>>("plan")
                                  .Attr<ffi::Span<const double>>("options")
                                  .Attr<std::string_view>("simd"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_train, train,
                              ffi::Ffi::Bind()
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
                                  .Attr<ffi::Span<const int32_t>>("plan")
                                  .Attr<ffi::Span<const double>>("options")
                                  .Attr<ffi::Span<const double>>("feedback")
                                  .Attr<ffi::Span<const double>>("step_sizes")
                                  .Attr<std::string_view>("simd"));

void* update_handler() { return reinterpret_cast<void*>(&latticework_update); }
void* train_handler() { return reinterpret_cast<void*>(&latticework_train); }
void* score_handler() { return reinterpret_cast<void*>(&latticework_score); }

}  // namespace latticework
