// Waves of spikes on one SIMD level; loops are plain and left to the compiler to widen.
//
// Compiled without contraction: sums, probabilities and draws are those of the reference.
#include <algorithm>
#include <cstring>

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
  std::vector<Active> active;
  uint32_t turns_on = 0, turns_off = 0;  // steps at which any unit does
};

class Run {
 public:
  Run(const WaveJob& job, int seed)
      : job_(job), plan_(*job.plan), key_(job.keys + 2 * seed), shown_(plan_.sizes.size()),
        out_(plan_.num_units), last_(plan_.num_units), kept_(plan_.num_units),
        counts_(plan_.num_units) {
    int most = 1;
    for (int size : plan_.sizes) most = size > most ? size : most;
    drive_.resize(most);
    above_.resize(most);
    time_.resize(most);
    const size_t bytes = sizeof(float) * plan_.num_weights;
    if (job.learns) {
      learned_ = job.new_weights + static_cast<size_t>(seed) * plan_.num_weights;
      std::memcpy(learned_, job.weights + static_cast<size_t>(seed) * plan_.num_weights, bytes);
      weights_ = learned_;
    } else {
      weights_ = job.weights + static_cast<size_t>(seed) * plan_.num_weights;
    }
  }

  void example(int number, const uint32_t* trains, uint32_t* seen) {
    example_ = job_.first + static_cast<uint32_t>(number);
    std::fill(last_.begin(), last_.end(), 0u);
    std::fill(kept_.begin(), kept_.end(), 0u);
    for (int wave = 0; wave < job_.num_waves; ++wave) {
      moment_ = static_cast<uint32_t>(wave) * kStepsPerWave;
      one_wave(trains + static_cast<size_t>(wave) * plan_.num_channels);
      for (int population : plan_.recorded) {
        const int size = plan_.sizes[population];
        std::memcpy(seen, &out_[plan_.offsets[population]], sizeof(uint32_t) * size);
        seen += size;
      }
    }
  }

 private:
  void one_wave(const uint32_t* channels) {
    for (size_t n = 0; n < plan_.inputs.size(); ++n) {
      uint32_t* to = &out_[plan_.offsets[n]];
      for (int channel : plan_.inputs[n]) *to++ = channels[channel];
    }
    for (const WaveBuffer& buffer : plan_.buffers)
      std::memcpy(&out_[plan_.offsets[buffer.population]], &kept_[plan_.offsets[buffer.population]],
                  sizeof(uint32_t) * plan_.sizes[buffer.population]);
    const int num_inputs = static_cast<int>(plan_.inputs.size());
    for (int n = 0; n < num_inputs; ++n) show(n);
    for (const WaveBuffer& buffer : plan_.buffers) show(buffer.population);
    for (const WaveColumn& column : plan_.columns) {
      fire(column);
      show(column.population);
    }
    for (const WaveBuffer& buffer : plan_.buffers) {
      uint32_t* kept = &kept_[plan_.offsets[buffer.population]];
      std::fill(kept, kept + plan_.sizes[buffer.population], 0u);
      if (buffer.silent) continue;
      for (const Active& one : shown_[buffer.of].active) kept[one.unit] = one.train;
    }
    if (job_.learns) learn();
    last_ = out_;
  }

  // One step late, and at step 0 the last step of the wave before.
  void show(int population) {
    Shown& shown = shown_[population];
    shown.active.clear();
    shown.turns_on = shown.turns_off = 0;
    const int size = plan_.sizes[population], offset = plan_.offsets[population];
    const uint32_t full = plan_.length == 32 ? ~0u : (1u << plan_.length) - 1;
    for (int unit = 0; unit < size; ++unit) {
      uint32_t train = (out_[offset + unit] << 1) & full;
      if (!plan_.separate) train |= last_[offset + unit] >> (plan_.length - 1) & 1u;
      if (!train) continue;
      shown.active.push_back({unit, train});
      shown.turns_on |= train & ~(train << 1);
      shown.turns_off |= ~train & train << 1 & full;
    }
  }

  void fire(const WaveColumn& column) {
    const int size = plan_.sizes[column.population];
    uint32_t* out = &out_[plan_.offsets[column.population]];
    std::fill(out, out + size, 0u);
    uint32_t turns_on = 0, turns_off = 0;
    for (int number : column.links) {
      turns_on |= shown_[plan_.links[number].source].turns_on;
      turns_off |= shown_[plan_.links[number].source].turns_off;
    }
    if (!turns_on) return;
    std::fill(drive_.begin(), drive_.begin() + size, 0.0f);
    std::fill(above_.begin(), above_.begin() + size, 0);
    std::fill(time_.begin(), time_.begin() + size, -1);
    const bool inhibits = column.winners > 0;
    const bool slips = inhibits && !plan_.right_winners;
    int latched = 0;
    for (int step = 0; step < plan_.length; ++step) {
      if (turns_off >> step & 1) {
        std::fill(drive_.begin(), drive_.begin() + size, 0.0f);
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
    float* drive = drive_.data();
    for (int number : column.links) {
      const WaveLink& link = plan_.links[number];
      const WaveBlock& block = plan_.blocks[link.block];
      const float* weights = weights_ + block.offset;
      const float height = plan_.heights[link.source];
      for (const Active& one : shown_[link.source].active) {
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
    candidates_.clear();
    for (int n = 0; n < size; ++n)
      if (time_[n] < 0 && above_[n] == most) candidates_.push_back(static_cast<uint32_t>(n));
    const int room = column.winners - *latched;
    if (static_cast<int>(candidates_.size()) > room) choose(column, step, slips, room);
    if (slips) {
      // Positions in the list of free neurons, taken as the neurons' own numbers.
      positions_.clear();
      int position = 0, next = 0;
      for (int n = 0; n < size && next < static_cast<int>(candidates_.size()); ++n) {
        if (static_cast<int>(candidates_[next]) == n) {
          positions_.push_back(position);
          ++next;
        }
        position += time_[n] < 0 ? 1 : 0;
      }
      for (int unit : positions_) latch(unit, step, latched);
    } else {
      for (uint32_t unit : candidates_) latch(static_cast<int>(unit), step, latched);
    }
    return *latched < column.winners;
  }

  void latch(int unit, int step, int* latched) {
    if (time_[unit] >= 0) return;
    time_[unit] = step;
    ++*latched;
  }

  // Keeps the `room` candidates of lowest priority, in ascending order.
  void choose(const WaveColumn& column, int step, bool slips, int room) {
    if (plan_.random_ties) {
      const uint32_t moment = moment_ + (slips ? static_cast<uint32_t>(step) : 0u);
      const uint32_t number =
          static_cast<uint32_t>(plan_.links.size()) + static_cast<uint32_t>(column.population);
      const Stream stream(key_, example_, moment, number);
      for (uint32_t& unit : candidates_)
        unit |= (stream.word(unit) & 0xFFFFu) << kIndexBits;
      std::nth_element(candidates_.begin(), candidates_.begin() + room, candidates_.end());
    }
    candidates_.resize(room);
    for (uint32_t& unit : candidates_) unit &= (1u << kIndexBits) - 1;
    std::sort(candidates_.begin(), candidates_.end());
  }

  void learn() {
    for (int n = 0; n < plan_.num_units; ++n) counts_[n] = __builtin_popcount(out_[n]);
    for (size_t number = 0; number < plan_.links.size(); ++number) {
      const WaveLink& link = plan_.links[number];
      if (link.rule < 0) continue;
      const WaveBlock& block = plan_.blocks[link.block];
      const Stream stream(key_, example_, moment_, static_cast<uint32_t>(number));
      const int* x = &counts_[plan_.offsets[link.source]];
      const int* y = &counts_[plan_.offsets[link.target]];
      winners_.clear();
      for (int n = 0; n < block.cols; ++n)
        if (y[n] > 0) winners_.push_back(n);
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
    for (int n : winners_) {
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
  std::vector<Shown> shown_;
  std::vector<uint32_t> out_, last_, kept_;
  std::vector<int> counts_, above_, time_, winners_, positions_;
  std::vector<uint32_t> candidates_;
  std::vector<float> drive_;
};

}  // namespace
}  // namespace LW_LEVEL

void LW_JOIN(run_waves_, LW_LEVEL)(const WaveJob& job, int seed, int first, int last) {
  LW_LEVEL::Run run(job, seed);
  const size_t in = static_cast<size_t>(job.num_waves) * job.plan->num_channels;
  const size_t out = static_cast<size_t>(job.num_waves) * job.plan->num_recorded;
  const size_t all = static_cast<size_t>(job.num_examples);
  const uint32_t* trains = job.trains + (job.shares_inputs ? 0 : seed * all * in);
  uint32_t* seen = job.seen + seed * all * out;
  for (int n = first; n < last; ++n) run.example(n, trains + n * in, seen + n * out);
}

}  // namespace latticework
