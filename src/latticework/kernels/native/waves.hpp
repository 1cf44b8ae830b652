// Temporal neural networks: wiring, schedule and memory of one call. See wave_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>

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
  const int* links;  // that lead to it
  int num_links;
};

struct WaveBuffer {
  int population, of;
  bool silent;
};

// Probabilities are float32, as in the reference.
struct WaveRule {
  float capture, minus, search, backoff, rest, most;  // rest = 1 - u_min
};

// Plain arrays: levels share no code with the standard library.
struct WavePlan {
  int length, last_step, num_channels;
  bool right_winners, separate, random_ties;
  int num_populations, num_inputs, num_columns, num_buffers, num_links, num_records;
  int num_units, num_weights, num_recorded;
  const int *sizes, *offsets;  // units of each population, and where they begin
  const float* heights;        // [population]
  const int* channels;         // [unit of the inputs], which are the first populations
  const WaveColumn* columns;   // in the order in which they are computed
  const WaveBuffer* buffers;
  const WaveLink* links;
  const WaveBlock* blocks;
  const WaveRule* rules;
  const int* records;  // populations
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

// One seed, examples first..last-1, with so much scratch memory; one pair per SIMD level.
struct WaveKernels {
  size_t (*scratch)(const WaveJob&);
  void (*run)(const WaveJob& job, int seed, int first, int last, char* memory);
};

#define LW_DECLARE_WAVES(name)                  \
  size_t waves_scratch_##name(const WaveJob&);  \
  void run_waves_##name(const WaveJob&, int, int, int, char*);
LW_DECLARE_WAVES(avx512)
LW_DECLARE_WAVES(avx2)
LW_DECLARE_WAVES(baseline)
#undef LW_DECLARE_WAVES

}  // namespace latticework
