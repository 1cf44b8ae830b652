// Waves as an XLA custom call: the plan is read, shapes are checked, seeds are shared out.
#include <algorithm>
#include <cstdint>
#include <new>
#include <string>

#include "dispatch.hpp"
#include "ffi.hpp"
#include "pool.hpp"
#include "waves.hpp"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace latticework {
namespace {

constexpr int kExamplesPerTask = 64;

// Reads integers one after the other; past the end they are -1 and `fits` turns false.
struct Reader {
  const int32_t* at;
  const int32_t* end;
  bool fits = true;
  int next() {
    if (at < end) return *at++;
    fits = false;
    return -1;
  }
};

RunWaves runner(const Level& level) {
#ifdef LW_HAS_AVX512
  if (std::string(level.name) == "avx512") return run_waves_avx512;
#endif
#ifdef LW_HAS_AVX2
  if (std::string(level.name) == "avx2") return run_waves_avx2;
#endif
  (void)level;
  return run_waves_baseline;
}

ffi::Error invalid(const std::string& what) {
  return ffi::Error::InvalidArgument("latticework native kernel: " + what);
}

bool within(int value, size_t count) { return value >= 0 && value < static_cast<int>(count); }

// Whether every number that is used as an index is one.
bool is_whole(const WavePlan& plan) {
  const size_t populations = plan.sizes.size();
  bool fine = plan.length >= 2 && plan.length <= 32 && plan.num_channels > 0 &&
              (plan.last_step == plan.length || plan.last_step == plan.length - 1);
  for (int size : plan.sizes) fine = fine && size > 0 && size <= 1 << 20;
  for (size_t n = 0; n < plan.inputs.size(); ++n)
    for (int channel : plan.inputs[n]) fine = fine && within(channel, plan.num_channels);
  for (const WaveColumn& column : plan.columns) fine = fine && within(column.population, populations);
  for (const WaveBuffer& buffer : plan.buffers)
    fine = fine && within(buffer.population, populations) && within(buffer.of, populations) &&
           plan.sizes[buffer.population] == plan.sizes[buffer.of];
  for (const WaveLink& link : plan.links)
    fine = fine && within(link.source, populations) && within(link.target, populations) &&
           within(link.block, plan.blocks.size()) && link.rule < static_cast<int>(plan.rules.size()) &&
           plan.blocks[link.block].rows == plan.sizes[link.source] &&
           plan.blocks[link.block].cols == plan.sizes[link.target];
  for (int population : plan.recorded) fine = fine && within(population, populations);
  return fine;
}

ffi::Error waves(ffi::Buffer<ffi::F32> weights, ffi::Buffer<ffi::U32> trains,
                 ffi::Buffer<ffi::U32> keys, ffi::Buffer<ffi::U32> first,
                 ffi::Result<ffi::Buffer<ffi::F32>> new_weights,
                 ffi::Result<ffi::Buffer<ffi::U32>> seen, ffi::Span<const int32_t> tables,
                 ffi::Span<const double> numbers, int32_t num_threads, std::string_view simd) {
  WavePlan plan;
  if (const std::string why =
          plan.parse(tables.begin(), tables.size(), numbers.begin(), numbers.size());
      !why.empty())
    return invalid(why);
  std::string why;
  const Level* level = choose_level(std::string(simd), &why);
  if (!level) return invalid(why);
  const auto w = weights.dimensions(), t = trains.dimensions();
  if (w.size() != 2 || t.size() != 4 || w[1] != plan.num_weights || t[3] != plan.num_channels ||
      (t[0] != w[0] && t[0] != 1) || keys.element_count() != static_cast<size_t>(2 * w[0]) ||
      first.element_count() != 1)
    return invalid("weights, trains and keys do not fit each other");
  WaveJob job{};
  job.plan = &plan;
  job.num_seeds = static_cast<int>(w[0]);
  job.num_examples = static_cast<int>(t[1]);
  job.num_waves = static_cast<int>(t[2]);
  job.learns = new_weights->element_count() > 0;
  job.shares_inputs = t[0] == 1 && w[0] > 1;
  job.trains = trains.typed_data();
  job.keys = keys.typed_data();
  job.first = *first.typed_data();
  job.weights = weights.typed_data();
  job.new_weights = new_weights->typed_data();
  job.seen = seen->typed_data();
  const size_t expected =
      static_cast<size_t>(w[0]) * t[1] * t[2] * static_cast<size_t>(plan.num_recorded);
  if (seen->element_count() != expected ||
      (job.learns && new_weights->element_count() != weights.element_count()))
    return invalid("the results have other shapes than the plan says");
  const int threads = num_threads > 0 ? num_threads : default_threads();
  const RunWaves run = runner(*level);
  // Learning goes through the examples in order; without it they can be shared out, too.
  const int per_task = job.learns ? job.num_examples : kExamplesPerTask;
  const int parts = per_task ? (job.num_examples + per_task - 1) / per_task : 0;
  try {
    if (parts == 0 && job.learns)
      std::copy(job.weights, job.weights + weights.element_count(), job.new_weights);
    run_tasks(job.num_seeds * parts, threads, [&](int n) {
      const int begin = n % parts * per_task;
      run(job, n / parts, begin, std::min(begin + per_task, job.num_examples));
    });
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted,
                      "latticework native kernel: out of memory; show fewer examples at once");
  }
  return ffi::Error::Success();
}

}  // namespace

std::string WavePlan::parse(const int32_t* at, size_t count, const double* numbers,
                            size_t num_numbers) {
  Reader in{at, at + count};
  length = in.next();
  last_step = in.next();
  num_channels = in.next();
  right_winners = in.next();
  separate = in.next();
  random_ties = in.next();
  int lengths[7];  // populations, inputs, columns, buffers, links, blocks, rules
  for (int& value : lengths) value = in.next();
  const int num_recorded_populations = in.next();
  for (int value : lengths)
    if (value < 0 || value > 1 << 16) return "the plan is too short";
  for (int n = 0; n < lengths[0]; ++n) {
    sizes.push_back(in.next());
    offsets.push_back(num_units);
    num_units += sizes.back();
  }
  for (int n = 0; n < lengths[1] && n < lengths[0]; ++n) {
    inputs.emplace_back();
    for (int m = 0; m < sizes[n] && in.fits; ++m) inputs.back().push_back(in.next());
  }
  for (int n = 0; n < lengths[2]; ++n) {
    WaveColumn column;
    column.population = in.next();
    column.winners = in.next();
    columns.push_back(column);
  }
  for (int n = 0; n < lengths[3]; ++n) {
    const int population = in.next(), of = in.next();
    buffers.push_back({population, of, in.next() != 0});
  }
  for (int n = 0; n < lengths[4]; ++n) {
    const int source = in.next(), target = in.next(), block = in.next(), rule = in.next();
    links.push_back({source, target, block, rule, in.next()});
    for (WaveColumn& column : columns)
      if (column.population == target) column.links.push_back(n);
  }
  for (int n = 0; n < lengths[5]; ++n) {
    const int rows = in.next();
    blocks.push_back({num_weights, rows, in.next()});
    num_weights += rows * blocks.back().cols;
  }
  for (int n = 0; n < num_recorded_populations; ++n) {
    recorded.push_back(in.next());
    if (within(recorded.back(), sizes.size())) num_recorded += sizes[recorded.back()];
  }
  const size_t wanted = columns.size() + sizes.size() + 6 * static_cast<size_t>(lengths[6]);
  if (!in.fits || in.at != in.end || num_numbers != wanted) return "the plan has another length";
  for (WaveColumn& column : columns) column.threshold = static_cast<float>(*numbers++);
  for (size_t n = 0; n < sizes.size(); ++n) heights.push_back(static_cast<float>(*numbers++));
  for (int n = 0; n < lengths[6]; ++n, numbers += 6)
    rules.push_back({static_cast<float>(numbers[0]), static_cast<float>(numbers[1]),
                     static_cast<float>(numbers[2]), static_cast<float>(numbers[3]),
                     static_cast<float>(numbers[4]), static_cast<float>(numbers[5])});
  return is_whole(*this) ? "" : "the plan points outside its own tables";
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(latticework_waves, waves,
                              ffi::Ffi::Bind()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Arg<ffi::Buffer<ffi::U32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::U32>>()
                                  .Attr<ffi::Span<const int32_t>>("plan")
                                  .Attr<ffi::Span<const double>>("numbers")
                                  .Attr<int32_t>("num_threads")
                                  .Attr<std::string_view>("simd"));

void* waves_handler() { return reinterpret_cast<void*>(&latticework_waves); }

}  // namespace latticework
