// The nets of GLOM as XLA custom calls.
#include <string>

#include "arena.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace latticework {
namespace {

ffi::Error invalid(const std::string& what) {
  return ffi::Error::InvalidArgument("latticework native kernel of GLOM: " + what);
}

ffi::Error no_memory() {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                    "latticework native kernel of GLOM: out of memory; use a smaller batch");
}

struct Call {
  Glom glom{};
  const Level* level = nullptr;
  int num_threads = 1;

  // One sentence if something does not fit, else nothing.
  std::string read(ffi::RemainingArgs args, ffi::Span<const int32_t> reads,
                   ffi::Span<const int32_t> writes, ffi::Span<const double> numbers,
                   std::string_view simd) {
    if (numbers.size() != 4 || reads.size() != writes.size()) return "its attributes do not fit";
    const auto buffer = [&](int n) { return *args.get<ffi::AnyBuffer>(n); };
    const auto dims = buffer(kGlomGroups).dimensions();
    if (dims.size() != 5) return "the state is not [level, channel, batch, row, col]";
    glom.levels = static_cast<int>(dims[0]);
    glom.channels = static_cast<int>(dims[1]);
    glom.batch = static_cast<int>(dims[2]);
    glom.rows = static_cast<int>(dims[3]);
    glom.cols = static_cast<int>(dims[4]);
    glom.nets = static_cast<int>(reads.size());
    glom.reads = reads.begin();
    glom.writes = writes.begin();
    for (int n = 0; n < glom.nets; ++n)
      if (reads[n] < 0 || reads[n] >= glom.levels || writes[n] < 0 || writes[n] >= glom.levels)
        return "a net reads or writes a level that does not exist";
    if (glom.channels > 64 || glom.channels < 1) return "a vector has 1 to 64 entries";
    const int64_t d = glom.channels;
    for (int group = 0; group < kGlomGroups; ++group) {
      const int64_t size = group % 2 ? d : group == 0 ? d * 9 * d : d * d;
      if (buffer(group).element_type() != ffi::F32 ||
          static_cast<int64_t>(buffer(group).element_count()) != size * glom.nets)
        return "a parameter is not float32 of the shape that the state asks for";
      glom.params[group] = static_cast<const float*>(buffer(group).untyped_data());
    }
    if (buffer(kGlomGroups).element_type() != ffi::F32) return "the state is not float32";
    glom.state = static_cast<const float*>(buffer(kGlomGroups).untyped_data());
    if (buffer(kGlomGroups + 1).element_type() != ffi::U32) return "the seed is not uint32";
    glom.seed = *static_cast<const uint32_t*>(buffer(kGlomGroups + 1).untyped_data());
    glom.scale = static_cast<float>(numbers[0]);
    glom.threshold = static_cast<uint32_t>(numbers[1]);
    glom.kept = static_cast<float>(numbers[2]);
    glom.drops = glom.threshold > 0;
    std::string why;
    level = choose_level(std::string(simd), &why);
    num_threads = numbers[3] > 0 ? static_cast<int>(numbers[3]) : default_threads();
    return why;
  }
};

ffi::Error forward(ffi::RemainingArgs args, ffi::Result<ffi::AnyBuffer> delta,
                   ffi::Span<const int32_t> reads, ffi::Span<const int32_t> writes,
                   ffi::Span<const double> numbers, std::string_view simd) {
  if (args.size() != kGlomGroups + 2) return invalid("it takes eight operands");
  Call call;
  const std::string why = call.read(args, reads, writes, numbers, simd);
  if (!why.empty()) return invalid(why);
  Glom& glom = call.glom;
  glom.result = static_cast<float*>(delta->untyped_data());
  const GlomKernels& kernels = *call.level->glom;
  if (!share_out(glom.tasks(), call.num_threads, kernels.scratch(glom, false),
                 [&](int task, char* scratch) { kernels.forward(glom, task, scratch); }))
    return no_memory();
  return ffi::Error::Success();
}

ffi::Error backward(ffi::RemainingArgs args, ffi::RemainingRets results,
                    ffi::Span<const int32_t> reads, ffi::Span<const int32_t> writes,
                    ffi::Span<const double> numbers, std::string_view simd) {
  if (args.size() != kGlomGroups + 3 || results.size() != kGlomGroups + 1)
    return invalid("it takes nine operands and gives seven results");
  Call call;
  const std::string why = call.read(args, reads, writes, numbers, simd);
  if (!why.empty()) return invalid(why);
  Glom& glom = call.glom;
  glom.cotangent = static_cast<const float*>((*args.get<ffi::AnyBuffer>(8)).untyped_data());
  for (int group = 0; group < kGlomGroups; ++group)
    glom.gradient[group] =
        static_cast<float*>((*results.get<ffi::AnyBuffer>(group))->untyped_data());
  glom.result =
      static_cast<float*>((*results.get<ffi::AnyBuffer>(kGlomGroups))->untyped_data());
  const size_t partial =
      static_cast<size_t>(glom.tasks()) * glom.nets * glom.net_params() * sizeof(float);
  glom.partial = reinterpret_cast<float*>(call_arena.at_least(partial));
  if (!glom.partial && partial) return no_memory();
  const GlomKernels& kernels = *call.level->glom;
  if (!share_out(glom.tasks(), call.num_threads, kernels.scratch(glom, true),
                 [&](int task, char* scratch) { kernels.backward(glom, task, scratch); }))
    return no_memory();
  kernels.finish(glom);
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_glom, forward,
                              ffi::Ffi::Bind()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int32_t>>("reads")
                                  .Attr<ffi::Span<const int32_t>>("writes")
                                  .Attr<ffi::Span<const double>>("numbers")
                                  .Attr<std::string_view>("simd"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_glom_back, backward,
                              ffi::Ffi::Bind()
                                  .RemainingArgs()
                                  .RemainingRets()
                                  .Attr<ffi::Span<const int32_t>>("reads")
                                  .Attr<ffi::Span<const int32_t>>("writes")
                                  .Attr<ffi::Span<const double>>("numbers")
                                  .Attr<std::string_view>("simd"));

void* glom_handler() { return reinterpret_cast<void*>(&latticework_glom); }
void* glom_back_handler() { return reinterpret_cast<void*>(&latticework_glom_back); }

}  // namespace latticework
