// The nets of GLOM: what is to be computed, and what a SIMD level offers for it. Float only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latticework {

constexpr int kGlomGroups = 6;  // weight1, bias1, weight2, bias2, weight3, bias3

struct Glom {
  int levels, channels, batch, rows, cols, nets;
  const int32_t* reads;   // [net], the level that a net reads
  const int32_t* writes;  // [net], the level that it writes
  float scale;
  bool drops;
  uint32_t threshold;  // halves of a word below this are dropped
  float kept;          // factor on what is kept
  uint32_t seed;

  const float* params[kGlomGroups];  // [net, ...]
  const float* state;                // [level, channel, batch, row, col]
  const float* cotangent;            // as state; backward only
  float* result;                     // as state: what the nets add, or the gradient by the state
  float* gradient[kGlomGroups];      // as params; backward only
  float* partial;                    // [task, param], from the tasks to `finish`

  int entries() const { return 9 * channels; }
  int net_params() const { return channels * (entries() + 2 * channels + 3); }

  // A task is a few whole images, the same whatever the number of threads.
  int padded() const { return (rows + 2) * (cols + 2); }
  int images_per_task() const {
    const int wanted = (640 + padded() - 1) / padded();
    return wanted < batch ? wanted : batch;
  }
  int tasks() const {
    return batch ? (batch + images_per_task() - 1) / images_per_task() : 0;
  }
};

struct GlomKernels {
  size_t (*scratch)(const Glom&, bool backward);
  void (*forward)(const Glom&, int task, char* scratch);
  void (*backward)(const Glom&, int task, char* scratch);
  void (*finish)(const Glom&);
};

}  // namespace latticework
