// Waves of spikes on one SIMD level; loops are plain and left to the compiler to widen.
//
// Compiled without contraction: sums, probabilities and draws are those of the reference.
// Nothing of the standard library is instantiated here, see simd.hpp.
#include <cstring>

#include "scratch.hpp"
#include "waves.hpp"

#define LW_JOIN_OF(a, b) a##b
#define LW_JOIN(a, b) LW_JOIN_OF(a, b)
#define LW_ALWAYS inline __attribute__((always_inline))

namespace latticework {
namespace LW_LEVEL {
namespace {

constexpr uint32_t kGolden = 0x9E3779B9u;
constexpr int kStepsPerWave = 32;
constexpr int kIndexBits = 11;

LW_ALWAYS uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = (x ^ (x >> 15)) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// core/chance.py, word for word.
struct Stream {
  uint32_t first, second;
  Stream(const uint32_t* key, uint32_t example, uint32_t moment, uint32_t stream) {
    first = mix(key[0] + example * kGolden);
    first = mix(first ^ (moment * 0x85EBCA6Bu + stream * 0xC2B2AE35u));
    second = mix(first + key[1]);
  }
  LW_ALWAYS uint32_t word(uint32_t index) const {
    uint32_t x = mix(index * kGolden + first) ^ second;
    x = (x ^ (x >> 16)) * 0x21F0AAADu;
    x = (x ^ (x >> 15)) * 0x735A2D97u;
    return x ^ (x >> 15);
  }
  LW_ALWAYS float uniform(uint32_t index) const {
    return static_cast<float>(static_cast<int32_t>(word(index) >> 8)) * 0x1p-24f;
  }
};

struct Active {
  int unit;
  uint32_t train;  // as its targets see it
};

// What a population shows to its targets in this wave.
struct Shown {
  Active* active;  // with room for all units
  int count;
  uint32_t turns_on, turns_off;  // steps at which any unit does
};

template <class T>
LW_ALWAYS void fill(T* at, int count, T value) {
  for (int n = 0; n < count; ++n) at[n] = value;
}

// The value of rank `rank`, counted from 0, among different numbers; these are moved about.
uint32_t ranked(uint32_t* numbers, int count, int rank) {
  int low = 0, high = count - 1;
  while (low < high) {
    const uint32_t middle = numbers[low + (high - low) / 2];
    int left = low, right = high;
    while (left <= right) {
      while (numbers[left] < middle) ++left;
      while (numbers[right] > middle) --right;
      if (left > right) break;
      const uint32_t moved = numbers[left];
      numbers[left++] = numbers[right];
      numbers[right--] = moved;
    }
    if (rank <= right)
      high = right;
    else if (rank >= left)
      low = left;
    else
      break;
  }
  return numbers[rank];
}

class Run {
 public:
  Run(const WaveJob& job, int seed, Scratch& scratch)
      : job_(job), plan_(*job.plan), key_(job.keys + 2 * seed) {
    int most = 1;
    for (int n = 0; n < plan_.num_populations; ++n) most = plan_.sizes[n] > most ? plan_.sizes[n] : most;
    const size_t units = plan_.num_units;
    shown_ = scratch.take<Shown>(plan_.num_populations);
    active_ = scratch.take<Active>(units);
    out_ = scratch.take<uint32_t>(units);
    last_ = scratch.take<uint32_t>(units);
    kept_ = scratch.take<uint32_t>(units);
    counts_ = scratch.take<int>(units);
    drive_ = scratch.take<float>(most);
    above_ = scratch.take<int>(most);
    time_ = scratch.take<int>(most);
    winners_ = scratch.take<int>(most);
    positions_ = scratch.take<int>(most);
    candidates_ = scratch.take<uint32_t>(most);
    priorities_ = scratch.take<uint32_t>(most);
    const size_t offset = static_cast<size_t>(seed) * plan_.num_weights;
    weights_ = job.weights + offset;
    learned_ = job.learns ? job.new_weights + offset : nullptr;
  }

  void begin() {
    for (int n = 0; n < plan_.num_populations; ++n)
      shown_[n] = {active_ + plan_.offsets[n], 0, 0, 0};
    fill(out_, plan_.num_units, 0u);
    if (!job_.learns) return;
    if (plan_.num_weights) std::memcpy(learned_, weights_, sizeof(float) * plan_.num_weights);
    weights_ = learned_;
  }

  void example(int number, const uint32_t* trains, uint32_t* seen) {
    example_ = job_.first + static_cast<uint32_t>(number);
    fill(last_, plan_.num_units, 0u);
    fill(kept_, plan_.num_units, 0u);
    for (int wave = 0; wave < job_.num_waves; ++wave) {
      moment_ = static_cast<uint32_t>(wave) * kStepsPerWave;
      one_wave(trains + static_cast<size_t>(wave) * plan_.num_channels);
      for (int n = 0; n < plan_.num_records; ++n) {
        const int population = plan_.records[n];
        const int size = plan_.sizes[population];
        std::memcpy(seen, &out_[plan_.offsets[population]], sizeof(uint32_t) * size);
        seen += size;
      }
    }
  }

 private:
  void one_wave(const uint32_t* channels) {
    // Inputs are the first populations.
    const int num_inputs = plan_.num_inputs;
    const int num_shown = num_inputs < plan_.num_populations ? plan_.offsets[num_inputs] : plan_.num_units;
    for (int n = 0; n < num_shown; ++n) out_[n] = channels[plan_.channels[n]];
    for (int n = 0; n < plan_.num_buffers; ++n) {
      const WaveBuffer& buffer = plan_.buffers[n];
      std::memcpy(&out_[plan_.offsets[buffer.population]], &kept_[plan_.offsets[buffer.population]],
                  sizeof(uint32_t) * plan_.sizes[buffer.population]);
    }
    for (int n = 0; n < num_inputs; ++n) show(n);
    for (int n = 0; n < plan_.num_buffers; ++n) show(plan_.buffers[n].population);
    for (int n = 0; n < plan_.num_columns; ++n) {
      fire(plan_.columns[n]);
      show(plan_.columns[n].population);
    }
    for (int n = 0; n < plan_.num_buffers; ++n) {
      const WaveBuffer& buffer = plan_.buffers[n];
      uint32_t* kept = &kept_[plan_.offsets[buffer.population]];
      fill(kept, plan_.sizes[buffer.population], 0u);
      if (buffer.silent) continue;
      const Shown& shown = shown_[buffer.of];
      for (int m = 0; m < shown.count; ++m) kept[shown.active[m].unit] = shown.active[m].train;
    }
    if (job_.learns) learn();
    std::memcpy(last_, out_, sizeof(uint32_t) * plan_.num_units);
  }

  // One step late, and at step 0 the last step of the wave before.
  void show(int population) {
    Shown& shown = shown_[population];
    shown.count = 0;
    shown.turns_on = shown.turns_off = 0;
    const int size = plan_.sizes[population], offset = plan_.offsets[population];
    const uint32_t full = plan_.length == 32 ? ~0u : (1u << plan_.length) - 1;
    for (int unit = 0; unit < size; ++unit) {
      uint32_t train = (out_[offset + unit] << 1) & full;
      if (!plan_.separate) train |= last_[offset + unit] >> (plan_.length - 1) & 1u;
      if (!train) continue;
      shown.active[shown.count++] = {unit, train};
      shown.turns_on |= train & ~(train << 1);
      shown.turns_off |= ~train & train << 1 & full;
    }
  }

  void fire(const WaveColumn& column) {
    const int size = plan_.sizes[column.population];
    uint32_t* out = &out_[plan_.offsets[column.population]];
    fill(out, size, 0u);
    uint32_t turns_on = 0, turns_off = 0;
    for (int n = 0; n < column.num_links; ++n) {
      turns_on |= shown_[plan_.links[column.links[n]].source].turns_on;
      turns_off |= shown_[plan_.links[column.links[n]].source].turns_off;
    }
    if (!turns_on) return;
    fill(drive_, size, 0.0f);
    fill(above_, size, 0);
    fill(time_, size, -1);
    const bool inhibits = column.winners > 0;
    const bool slips = inhibits && !plan_.right_winners;
    int latched = 0;
    for (int step = 0; step < plan_.length; ++step) {
      if (turns_off >> step & 1) {
        fill(drive_, size, 0.0f);
        gather(column, step, false);
      } else if (turns_on >> step & 1) {
        gather(column, step, true);
      } else if (!slips) {
        continue;  // nobody crosses without a change
      }
      if (!inhibits) {
        latch_all(column.threshold, size, step);
      } else if (!latch_winners(column, size, step, slips, &latched)) {
        break;
      }
    }
    for (int unit = 0; unit < size; ++unit)
      if (time_[unit] >= 0 && time_[unit] < plan_.last_step)
        out[unit] = (~0u >> (32 - plan_.last_step)) & (~0u << time_[unit]);
  }

  // Adds the weights of units that are on, or of those alone that turn on at this step.
  void gather(const WaveColumn& column, int step, bool fresh_only) {
    float* drive = drive_;
    for (int m = 0; m < column.num_links; ++m) {
      const WaveLink& link = plan_.links[column.links[m]];
      const WaveBlock& block = plan_.blocks[link.block];
      const float* weights = weights_ + block.offset;
      const float height = plan_.heights[link.source];
      const Shown& shown = shown_[link.source];
      for (int k = 0; k < shown.count; ++k) {
        const Active one = shown.active[k];
        const uint32_t train = fresh_only ? one.train & ~(one.train << 1) : one.train;
        if (!(train >> step & 1)) continue;
        const float* row = weights + static_cast<size_t>(one.unit) * block.cols;
        if (height == 1.0f)
          for (int n = 0; n < block.cols; ++n) drive[n] += row[n];
        else
          for (int n = 0; n < block.cols; ++n) drive[n] += row[n] * height;
      }
    }
  }

  void latch_all(float threshold, int size, int step) {
    for (int n = 0; n < size; ++n)
      if (time_[n] < 0 && drive_[n] >= threshold) time_[n] = step;
  }

  // One group of candidates; false once there is no room left.
  bool latch_winners(const WaveColumn& column, int size, int step, bool slips, int* latched) {
    int most = 0;
    for (int n = 0; n < size; ++n) {
      above_[n] += drive_[n] >= column.threshold ? 1 : 0;
      const int free = time_[n] < 0 ? above_[n] : 0;
      most = free > most ? free : most;
    }
    if (most == 0) return true;
    int count = 0;
    for (int n = 0; n < size; ++n)
      if (time_[n] < 0 && above_[n] == most) candidates_[count++] = static_cast<uint32_t>(n);
    const int room = column.winners - *latched;
    if (count > room) {
      choose(column, step, slips, count, room);
      count = room;
    }
    if (slips) {
      // Positions in the list of free neurons, taken as the neurons' own numbers.
      int position = 0, next = 0;
      for (int n = 0; n < size && next < count; ++n) {
        if (static_cast<int>(candidates_[next]) == n) positions_[next++] = position;
        position += time_[n] < 0 ? 1 : 0;
      }
      for (int n = 0; n < count; ++n) latch(positions_[n], step, latched);
    } else {
      for (int n = 0; n < count; ++n) latch(static_cast<int>(candidates_[n]), step, latched);
    }
    return *latched < column.winners;
  }

  void latch(int unit, int step, int* latched) {
    if (time_[unit] >= 0) return;
    time_[unit] = step;
    ++*latched;
  }

  // Keeps the `room` candidates of lowest priority, in ascending order, as they are given.
  void choose(const WaveColumn& column, int step, bool slips, int count, int room) {
    if (!plan_.random_ties || room == 0) return;  // the first
    const uint32_t moment = moment_ + (slips ? static_cast<uint32_t>(step) : 0u);
    const uint32_t number =
        static_cast<uint32_t>(plan_.num_links) + static_cast<uint32_t>(column.population);
    const Stream stream(key_, example_, moment, number);
    for (int n = 0; n < count; ++n) {
      candidates_[n] |= (stream.word(candidates_[n]) & 0xFFFFu) << kIndexBits;
      priorities_[n] = candidates_[n];
    }
    const uint32_t last = ranked(priorities_, count, room - 1);
    for (int n = 0, kept = 0; n < count; ++n)
      if (candidates_[n] <= last) candidates_[kept++] = candidates_[n] & ((1u << kIndexBits) - 1);
  }

  void learn() {
    for (int n = 0; n < plan_.num_units; ++n) counts_[n] = __builtin_popcount(out_[n]);
    for (int number = 0; number < plan_.num_links; ++number) {
      const WaveLink& link = plan_.links[number];
      if (link.rule < 0) continue;
      const WaveBlock& block = plan_.blocks[link.block];
      const Stream stream(key_, example_, moment_, static_cast<uint32_t>(number));
      const int* x = &counts_[plan_.offsets[link.source]];
      const int* y = &counts_[plan_.offsets[link.target]];
      num_winners_ = 0;
      for (int n = 0; n < block.cols; ++n)
        if (y[n] > 0) winners_[num_winners_++] = n;
      float* weights = learned_ + block.offset;
      const WaveRule& rule = plan_.rules[link.rule];
      for (int row = 0; row < block.rows; ++row) {
        float* at = weights + static_cast<size_t>(row) * block.cols;
        const uint32_t index = static_cast<uint32_t>(row) * static_cast<uint32_t>(block.cols);
        if (x[row] > 0)
          heard(rule, stream, x[row] - link.lag, y, block.cols, index, at);
        else
          unheard(rule, stream, index, at);
      }
    }
  }

  // A source that fired: capture, minus, search.
  static void heard(const WaveRule& rule, const Stream& stream, int x, const int* y, int size,
                    uint32_t index, float* weights) {
    const float most = rule.most, rest = rule.rest;
    const float search = rule.search, capture = rule.capture, minus = rule.minus;
    for (int n = 0; n < size; ++n) {
      const bool searches = y[n] == 0, captures = x >= y[n];
      const bool rises = searches | captures;
      const float ratio = weights[n] / most;
      const float distance = rises ? 1.0f - ratio : ratio;
      const float scale = searches ? search : (captures ? capture : minus);
      const float probability = scale * (1.0f - distance * distance * rest);
      const float moved = weights[n] + (rises ? 1.0f : -1.0f);
      float next = stream.uniform(index + static_cast<uint32_t>(n)) < probability ? moved
                                                                                 : weights[n];
      next = next < 0.0f ? 0.0f : next;
      weights[n] = next > most ? most : next;
    }
  }

  // A silent source backs off from the targets that fired.
  void unheard(const WaveRule& rule, const Stream& stream, uint32_t index, float* weights) const {
    for (int m = 0; m < num_winners_; ++m) {
      const int n = winners_[m];
      const float weight = weights[n];
      if (!(weight > 0.0f)) continue;
      const float ratio = weight / rule.most;
      const float probability = rule.backoff * (1.0f - ratio * ratio * rule.rest);
      if (stream.uniform(index + static_cast<uint32_t>(n)) < probability)
        weights[n] = weight > 1.0f ? weight - 1.0f : 0.0f;
    }
  }

  const WaveJob& job_;
  const WavePlan& plan_;
  const uint32_t* key_;
  const float* weights_;
  float* learned_ = nullptr;
  uint32_t example_ = 0, moment_ = 0;
  int num_winners_ = 0;
  Shown* shown_;
  Active* active_;
  uint32_t *out_, *last_, *kept_, *candidates_, *priorities_;
  int *counts_, *above_, *time_, *winners_, *positions_;
  float* drive_;
};

}  // namespace
}  // namespace LW_LEVEL

size_t LW_JOIN(waves_scratch_, LW_LEVEL)(const WaveJob& job) {
  LW_LEVEL::Scratch count(nullptr);
  LW_LEVEL::Run run(job, 0, count);
  return count.used;
}

void LW_JOIN(run_waves_, LW_LEVEL)(const WaveJob& job, int seed, int first, int last, char* memory) {
  LW_LEVEL::Scratch scratch(memory);
  LW_LEVEL::Run run(job, seed, scratch);
  run.begin();
  const size_t in = static_cast<size_t>(job.num_waves) * job.plan->num_channels;
  const size_t out = static_cast<size_t>(job.num_waves) * job.plan->num_recorded;
  const size_t all = static_cast<size_t>(job.num_examples);
  const uint32_t* trains = job.trains + (job.shares_inputs ? 0 : seed * all * in);
  uint32_t* seen = job.seen + seed * all * out;
  for (int n = first; n < last; ++n) run.example(n, trains + n * in, seen + n * out);
}

}  // namespace latticework
