// The handler of waves: seeds are shared out, and examples where nothing learns.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "arena.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "frame.hpp"
#include "waves.hpp"

namespace latticework {
namespace {

constexpr int kExamplesPerTask = 64;

WaveKernels kernels_of(const Level& level) {
#ifdef LW_HAS_AVX512
  if (std::string(level.name) == "avx512") return {waves_scratch_avx512, run_waves_avx512};
#endif
#ifdef LW_HAS_AVX2
  if (std::string(level.name) == "avx2") return {waves_scratch_avx2, run_waves_avx2};
#endif
  (void)level;
  return {waves_scratch_baseline, run_waves_baseline};
}

// The plan of a call, whose rows hold, with what it points at.
class Tables {
 public:
  explicit Tables(const Call& call) {
    const auto size = [&](const char* name) { return static_cast<int>(call.size(name)); };
    plan.length = size("length");
    plan.last_step = size("last_step");
    plan.num_channels = size("channel");
    plan.right_winners = size("right_winners") == 1;
    plan.separate = size("separate") == 1;
    plan.random_ties = size("random_ties") == 1;
    plan.num_populations = size("population");
    plan.num_inputs = size("input");
    plan.num_columns = size("column");
    plan.num_buffers = size("buffer");
    plan.num_links = size("link");
    plan.num_records = size("record");
    plan.num_units = size("unit");
    plan.num_weights = size("weight");
    plan.num_recorded = size("recorded");
    plan.sizes = call.array<int32_t>("plan.sizes");
    plan.channels = call.array<int32_t>("plan.inputs");
    plan.records = call.array<int32_t>("plan.records");
    int offset = 0;
    for (int n = 0; n < plan.num_populations; ++n) {
      offsets_.push_back(offset);
      offset += plan.sizes[n];
      heights_.push_back(static_cast<float>(call.array<double>("numbers.heights")[n]));
    }
    read_links(call, size("block"), size("rule"));
    read_columns(call);
    const int32_t* buffers = call.array<int32_t>("plan.buffers");
    for (int n = 0; n < plan.num_buffers; ++n, buffers += 3)
      buffers_.push_back({buffers[0], buffers[1], buffers[2] != 0});
    plan.offsets = offsets_.data();
    plan.heights = heights_.data();
    plan.columns = columns_.data();
    plan.buffers = buffers_.data();
    plan.links = links_.data();
    plan.blocks = blocks_.data();
    plan.rules = rules_.data();
  }
  WavePlan plan{};

 private:
  void read_links(const Call& call, int num_blocks, int num_rules) {
    const int32_t* links = call.array<int32_t>("plan.links");
    for (int n = 0; n < plan.num_links; ++n, links += 5)
      links_.push_back({links[0], links[1], links[2], links[3], links[4]});
    const int32_t* blocks = call.array<int32_t>("plan.blocks");
    int offset = 0;
    for (int n = 0; n < num_blocks; ++n, blocks += 2) {
      blocks_.push_back({offset, blocks[0], blocks[1]});
      offset += blocks[0] * blocks[1];
    }
    const double* rules = call.array<double>("numbers.rules");
    for (int n = 0; n < num_rules; ++n, rules += 6)
      rules_.push_back({static_cast<float>(rules[0]), static_cast<float>(rules[1]),
                        static_cast<float>(rules[2]), static_cast<float>(rules[3]),
                        static_cast<float>(rules[4]), static_cast<float>(rules[5])});
  }
  void read_columns(const Call& call) {
    const int32_t* columns = call.array<int32_t>("plan.columns");
    const double* thresholds = call.array<double>("numbers.thresholds");
    std::vector<size_t> begins;
    for (int n = 0; n < plan.num_columns; ++n) {
      begins.push_back(column_links_.size());
      for (int m = 0; m < plan.num_links; ++m)
        if (links_[m].target == columns[2 * n]) column_links_.push_back(m);
    }
    begins.push_back(column_links_.size());
    for (int n = 0; n < plan.num_columns; ++n)
      columns_.push_back({columns[2 * n], columns[2 * n + 1], static_cast<float>(thresholds[n]),
                          column_links_.data() + begins[n],
                          static_cast<int>(begins[n + 1] - begins[n])});
  }

  std::vector<int> offsets_, column_links_;
  std::vector<float> heights_;
  std::vector<WaveColumn> columns_;
  std::vector<WaveBuffer> buffers_;
  std::vector<WaveLink> links_;
  std::vector<WaveBlock> blocks_;
  std::vector<WaveRule> rules_;
};

bool waves(Call& call) {
  const Tables tables(call);
  WaveJob job{};
  job.plan = &tables.plan;
  job.num_seeds = static_cast<int>(call.size("seed"));
  job.num_examples = static_cast<int>(call.size("example"));
  job.num_waves = static_cast<int>(call.size("wave"));
  job.learns = call.size("learned") > 0;
  job.shares_inputs = call.size("shared") == 1;
  job.trains = call.argument<uint32_t>("trains");
  job.keys = call.argument<uint32_t>("keys");
  job.first = *call.argument<uint32_t>("first");
  job.weights = call.argument<float>("weights");
  job.new_weights = call.result<float>("new_weights");
  job.seen = call.result<uint32_t>("seen");
  const WaveKernels kernels = kernels_of(*call.level);
  // Learning goes through the examples in order; without it they can be shared out, too.
  const int per_task = job.learns ? job.num_examples : kExamplesPerTask;
  const int parts = per_task ? (job.num_examples + per_task - 1) / per_task : 0;
  if (parts == 0 && job.learns)
    std::memcpy(job.new_weights, job.weights,
                sizeof(float) * elements(call.operand(Place::kArgument, "weights")));
  return share_out(job.num_seeds * parts, threads_of(call.number("num_threads")),
                   kernels.scratch(job), [&](int n, char* memory) {
                     const int begin = n % parts * per_task;
                     kernels.run(job, n / parts, begin,
                                 std::min(begin + per_task, job.num_examples), memory);
                   });
}

}  // namespace

LW_DEFINE_HANDLER(waves, waves_table, waves)

}  // namespace latticework
