// Temporal neural networks: wiring, schedule and memory of one call. See wave_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace latticework {

struct WaveLink {
  int source, target, block, rule, lag;  // rule -1: fixed
};

struct WaveBlock {
  int offset, rows, cols;
};

struct WaveColumn {
  int population, winners;  // 0: no inhibition
  float threshold;
  std::vector<int> links;
};

struct WaveBuffer {
  int population, of;
  bool silent;
};

// Probabilities are float32, as in the reference.
struct WaveRule {
  float capture, minus, search, backoff, rest, most;  // rest = 1 - u_min
};

struct WavePlan {
  int length, last_step, num_channels;
  bool right_winners, separate, random_ties;
  std::vector<int> sizes, offsets;  // units of each population, and where they begin
  std::vector<float> heights;
  int num_units = 0, num_weights = 0, num_recorded = 0;
  std::vector<std::vector<int>> inputs;  // channels of each; inputs are the first populations
  std::vector<WaveColumn> columns;       // in the order in which they are computed
  std::vector<WaveBuffer> buffers;
  std::vector<WaveLink> links;
  std::vector<WaveBlock> blocks;
  std::vector<WaveRule> rules;
  std::vector<int> recorded;  // populations

  // Empty, or what is wrong.
  std::string parse(const int32_t* at, size_t count, const double* numbers, size_t num_numbers);
};

struct WaveJob {
  const WavePlan* plan;
  int num_seeds, num_examples, num_waves;
  bool learns, shares_inputs;  // shares_inputs: trains have no seed axis
  const uint32_t* trains;      // [seed, example, wave, channel]
  const uint32_t* keys;        // [seed, 2]
  uint32_t first;
  const float* weights;  // [seed, weight]
  float* new_weights;    // likewise, when learning
  uint32_t* seen;        // [seed, example, wave, recorded unit]
};

// One seed, examples first..last-1; one function per SIMD level.
typedef void (*RunWaves)(const WaveJob& job, int seed, int first, int last);

#define LW_DECLARE_WAVES(name) void run_waves_##name(const WaveJob&, int, int, int);
LW_DECLARE_WAVES(avx512)
LW_DECLARE_WAVES(avx2)
LW_DECLARE_WAVES(baseline)
#undef LW_DECLARE_WAVES

}  // namespace latticework
