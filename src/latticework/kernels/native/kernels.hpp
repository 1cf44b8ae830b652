// What a SIMD level offers: plain function pointers, so that levels can be chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "glom.hpp"
#include "plan.hpp"

namespace latticework {

// Several sequences that share nothing but the wiring: `num_seeds` sets of parameters, and
// `batch` examples for each. T is float or double everywhere.
struct Batch {
  const Plan* plan;
  const Options* options;
  const double* feedback;  // [cell, class], broadcast only
  int num_seeds, batch, num_steps;
  bool shares_inputs;      // all seeds see the same examples (scores)
  const void* log_tau;     // [seed, cell]
  const void* weight;      // [seed, cell, slot]
  const void* bias;        // [seed, cell]
  const void* inputs;      // [seed, batch, time, channel], without seed if shared
  const int32_t* targets;  // [seed, batch]
  const uint32_t* key;     // [seed, 2], noise only

  // Results.
  void* d_log_tau;
  void* d_weight;
  void* d_bias;
  void* loss;     // [seed]
  void* correct;  // [seed]
  void* scores;   // [seed, batch, class]

  // Partial results, from here to `finish`; see UpdateLayout.
  char* partial;
};

// How the work is cut: the same whatever the number of threads, so that sums are, too.
struct Cut {
  int num_blocks;  // per seed; a block is one vector of examples
  int num_groups;  // per seed; a group of blocks is summed by one thread, in order
  int first_block(int group) const {
    return static_cast<int>(static_cast<int64_t>(num_blocks) * group / num_groups);
  }
};

// Plain SGD, one example after the other; lanes are time steps.
struct Epoch {
  const Plan* plan;
  const Options* options;
  const double* feedback;  // [cell, class], broadcast only
  int num_seeds, num_examples, order_length, num_steps, num_bytes, num_values;
  int start, stop;
  double step_log_tau, step_weight, step_bias;
  void* log_tau;  // in place
  void* weight;
  void* bias;
  const uint8_t* pixels;   // [example, byte]
  const int32_t* code;     // [time, channel] a value, or num_values more than a byte's number
  const void* table;       // [num_values] what the 256 bytes mean, and constants
  const int32_t* targets;  // [example]
  const int32_t* order;    // [seed, order_length]
  void* loss;              // [seed]
  void* correct;           // [seed]
};

// All of it for one type; `scratch` is aligned to a vector.
struct Kernels {
  int width;  // lanes of a vector

  size_t (*partial_bytes)(const Batch&);
  size_t (*update_scratch)(const Batch&);
  void (*update)(const Batch&, int task, char* scratch);
  void (*finish)(const Batch&, int seed);
  size_t (*score_scratch)(const Batch&);
  void (*score)(const Batch&, int task, char* scratch);
  size_t (*epoch_scratch)(const Epoch&);
  void (*epoch)(const Epoch&, int seed, char* scratch);
};

struct Level {
  const char* name;
  const Kernels* single;
  const Kernels* twice;  // double precision
  const GlomKernels* glom;
  void (*tanh)(bool twice, const void* in, void* out, size_t count);
  // Repeats fused multiply-adds on independent registers; returns the flops it did.
  double (*multiply_add)(bool twice, int64_t repeats, void* sink);
};

constexpr int kMaxGroups = 16;

inline Cut cut_batch(int batch, int width) {
  Cut cut;
  cut.num_blocks = (batch + width - 1) / width;
  cut.num_groups = cut.num_blocks < kMaxGroups ? cut.num_blocks : kMaxGroups;
  return cut;
}

}  // namespace latticework
