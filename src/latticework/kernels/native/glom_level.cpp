// The nets of GLOM at one SIMD level; compiled several times, as level.cpp is.
#include <cstring>

#include "glom_strip.hpp"
#include "scratch.hpp"

#define LW_JOIN_OF(a, b) a##b
#define LW_JOIN(a, b) LW_JOIN_OF(a, b)

namespace latticework {
namespace LW_LEVEL {
namespace {

constexpr int kMaxEntries = 9 * 64;

// Where things lie: the images of a task one after the other, each with a border of one site that
// repeats the opposite side, so that a neighbour is a constant offset away.
struct Planes {
  int width, guard, begin, length, stride;  // in sites; strips cover begin .. length

  explicit Planes(const Glom& glom) {
    width = glom.cols + 2;
    guard = (width + 1 + S::width - 1) / S::width * S::width;
    const int sites = glom.images_per_task() * glom.padded();
    begin = width + 1;  // the first site that is no border; as many at the end are border, too
    length = last_strip(sites) + kStrip;
    if (length < sites) length = sites;
    stride = guard + length + guard;
  }
  // Where the last strip of so many sites begins.
  int last_strip(int sites) const {
    return begin + (sites - 2 * begin - 1) / kStrip * kStrip;
  }
  // How many lanes of the strip at `place` are worked on.
  int lanes(int sites, int place) const {
    const int left = sites - begin - place;
    return left < kStrip ? (left + kPair - 1) / kPair * kPair : kStrip;
  }
  int offset(int block) const { return -(block / 3 - 1) * width - (block % 3 - 1); }
};

struct Task {
  const Glom& glom;
  Planes planes;
  int first, images;
  int lanes = 0;     // of the strip that is worked on
  float* state;      // [level, channel, stride]
  float* sums;       // [level, channel, stride]: what nets add, or the gradient by the state
  float* cotangent;  // [level, channel, stride]
  uint32_t* sites;   // [length], number of the site times the golden ratio
  float* input;      // [entry, strip], masked
  float* factors;    // [entry, strip], kept by backward
  float* query;      // [channel, strip] here and below
  float* key;
  float* value;
  float* key_tanh;
  float* masked;       // [2, channel]: masked query and key
  float* mask;         // [2, channel]: their factors, kept by backward
  float* back[4];      // [channel]: what comes back to value, key, query, and a work area
  float* spread;       // [channel, strip]: what comes back to one neighbour
  float* transposed;   // [net, entry and 2 channels, channel]
  V* gathered;         // [net, parameter of a net]

  Task(const Glom& glom, int task, char* base, bool backward, size_t* used)
      : glom(glom), planes(glom) {
    first = task * glom.images_per_task();
    const int left = glom.batch - first;
    images = left < glom.images_per_task() ? left : glom.images_per_task();
    Scratch scratch(base);
    const size_t plane = static_cast<size_t>(glom.levels) * glom.channels * planes.stride;
    const size_t strip = static_cast<size_t>(glom.channels) * kStrip;
    state = scratch.take<float>(plane);
    sums = scratch.take<float>(plane);
    cotangent = backward ? scratch.take<float>(plane) : nullptr;
    sites = scratch.take<uint32_t>(planes.length);
    input = scratch.take<float>(9 * strip);
    factors = scratch.take<float>(9 * strip);
    for (float** one : {&query, &key, &value, &key_tanh, &back[0], &back[1], &back[2], &back[3]})
      *one = scratch.take<float>(strip);
    masked = scratch.take<float>(2 * strip);
    mask = scratch.take<float>(2 * strip);
    spread = backward ? scratch.take<float>(strip) : nullptr;
    const size_t params = static_cast<size_t>(glom.nets) * glom.net_params();
    transposed = backward ? scratch.take<float>(params) : nullptr;
    gathered = backward ? scratch.take<V>(params) : nullptr;
    if (used) *used = scratch.used;
  }

  float* plane(float* planes_of, int level, int channel) const {
    return planes_of + (static_cast<size_t>(level) * glom.channels + channel) * planes.stride +
           planes.guard;
  }

  // Which site each place of the planes is; the border counts as site 0.
  void number_sites() {
    for (int n = 0; n < planes.length; ++n) sites[n] = 0;
    for (int image = 0; image < images; ++image)
      for (int row = 0; row < glom.rows; ++row)
        for (int col = 0; col < glom.cols; ++col) {
          const uint32_t site = ((first + image) * glom.rows + row) * glom.cols + col;
          sites[image * glom.padded() + (row + 1) * planes.width + col + 1] = site * kGoldenRatio;
        }
  }

  // From [level, channel, batch, row, col] to planes; the border repeated, or zero.
  void load(const float* from, float* to, bool wraps) {
    const int rows = glom.rows, cols = glom.cols, width = planes.width;
    const int used = images * glom.padded();
    for (int n = 0; n < glom.levels * glom.channels; ++n) {
      float* line = to + static_cast<size_t>(n) * planes.stride;
      clear(line, planes.guard);
      line += planes.guard;
      clear(line + used, planes.stride - planes.guard - used);
      const float* source = from + (static_cast<size_t>(n) * glom.batch + first) * rows * cols;
      for (int image = 0; image < images; ++image, source += rows * cols) {
        const auto copy = [&](int row) {
          const float* of = source + row * cols;
          line[0] = wraps ? of[cols - 1] : 0.0f;
          std::memcpy(line + 1, of, cols * sizeof(float));
          line[cols + 1] = wraps ? of[0] : 0.0f;
          line += width;
        };
        const auto border = [&](int row) {
          if (wraps) return copy(row);
          clear(line, width);
          line += width;
        };
        border(rows - 1);
        for (int row = 0; row < rows; ++row) copy(row);
        border(0);
      }
    }
  }

  static void clear(float* at, size_t count) { std::memset(at, 0, count * sizeof(float)); }
  void clear_sums() {
    clear(sums, static_cast<size_t>(glom.levels) * glom.channels * planes.stride);
  }

  // What reached the border belongs to the opposite side.
  void fold() {
    const int rows = glom.rows, cols = glom.cols, width = planes.width;
    for (int n = 0; n < glom.levels * glom.channels; ++n)
      for (int image = 0; image < images; ++image) {
        float* at = plane(sums, 0, 0) + static_cast<size_t>(n) * planes.stride +
                    image * glom.padded();
        for (int col = 0; col < width; ++col) {
          at[rows * width + col] += at[col];
          at[width + col] += at[(rows + 1) * width + col];
        }
        for (int row = 1; row <= rows; ++row) {
          at[row * width + cols] += at[row * width];
          at[row * width + 1] += at[row * width + cols + 1];
        }
      }
  }

  void save(float scale) const {
    for (int level = 0; level < glom.levels; ++level)
      for (int channel = 0; channel < glom.channels; ++channel)
        for (int image = 0; image < images; ++image) {
          const size_t at = static_cast<size_t>(level * glom.channels + channel) * glom.batch;
          float* target = glom.result + (at + first + image) * glom.rows * glom.cols;
          const float* source = plane(sums, level, channel) + image * glom.padded();
          for (int row = 0; row < glom.rows; ++row)
            for (int col = 0; col < glom.cols; ++col)
              target[row * glom.cols + col] = scale * source[(row + 1) * planes.width + col + 1];
        }
  }

  const float* param(int group, int net) const {
    const int d = glom.channels;
    const int size = group % 2 ? d : group == 0 ? d * glom.entries() : d * d;
    return glom.params[group] + static_cast<size_t>(net) * size;
  }

  const float* transposed_net(int net) const {
    const int d = glom.channels;
    return transposed + static_cast<size_t>(net) * (glom.entries() + 2 * d) * d;
  }

  // f(n * kStrip + v) for a vector at every v of the strip, in `count` rows.
  template <class F>
  LW_INLINE void each(int count, F f) const {
    for (int n = 0; n < count; ++n)
      for (int v = 0; v < lanes; v += S::width) f(n * kStrip + v);
  }

  // f(place) for every strip.
  template <class F>
  void each_strip(F f) {
    const int sites = images * glom.padded(), last = planes.last_strip(sites);
    for (int place = planes.begin; place <= last; place += kStrip) {
      lanes = planes.lanes(sites, place);
      f(place);
    }
  }

  // The net up to V on the strip that begins at `place`; `rows` becomes what layer 1 reads.
  void run_net(int net, int place, const float** rows) {
    const int d = glom.channels, entries = glom.entries();
    for (int k = 0; k < entries; ++k)
      rows[k] = plane(state, glom.reads[net], k % d) + place + planes.offset(k / d);
    const uint32_t seed = stream(glom.seed, static_cast<uint32_t>(net));
    if (glom.drops) {
      drop(seed, 0, entries, place, rows, factors, input);
      rows_of(input, entries, rows);
    }
    product(param(0, net), d, entries, param(1, net), rows, lanes, query);
    tanh_rows(d, lanes, query);
    later_layer(net, seed, 0, place, query, key_tanh);
    each(d, [&](int at) { S::store(key + at, S::load(key_tanh + at) + S::load(query + at)); });
    later_layer(net, seed, 1, place, key, value);
  }

  // Forward keeps no factors.
  void drop(uint32_t seed, int first_row, int count, int place, const float* const* rows,
            float* kept_factors, float* out) const {
    (cotangent ? drop_rows<true> : drop_rows<false>)(glom, seed, first_row, count, sites + place,
                                                     rows, lanes, kept_factors, out);
  }

  // tanh(W in + b) of the second (0) or third (1) layer; keeps the masked input.
  void later_layer(int net, uint32_t seed, int number, int place, const float* in, float* out) {
    const int d = glom.channels;
    const float* rows[kMaxEntries / 9];
    rows_of(in, d, rows);
    if (glom.drops) {
      float* kept = masked + number * d * kStrip;
      drop(seed, glom.entries() + number * d, d, place, rows, mask + number * d * kStrip, kept);
      rows_of(kept, d, rows);
    }
    product(param(2 + 2 * number, net), d, d, param(3 + 2 * number, net), rows, lanes, out);
    tanh_rows(d, lanes, out);
  }

  void forward() {
    load(glom.state, state, true);
    clear_sums();
    number_sites();
    const float* rows[kMaxEntries];
    each_strip([&](int place) {
      for (int net = 0; net < glom.nets; ++net) {
        run_net(net, place, rows);
        for (int n = 0; n < glom.channels; ++n)
          add_result(n, plane(sums, glom.writes[net], n) + place);
      }
    });
    save(glom.scale);
  }

  // to += V + Q + K of a channel
  void add_result(int channel, float* to) const {
    for (int v = 0; v < lanes; v += S::width) {
      const int at = channel * kStrip + v;
      S::store_loose(to + v, S::load_loose(to + v) + S::load(value + at) + S::load(query + at) +
                                 S::load(key + at));
    }
  }

  void transpose() {
    const int d = glom.channels, entries = glom.entries();
    float* to = transposed;
    for (int net = 0; net < glom.nets; ++net)
      for (int layer = 0; layer < 3; ++layer) {
        const int count = layer ? d : entries;
        const float* weight = param(2 * layer, net);
        for (int k = 0; k < count; ++k)
          for (int n = 0; n < d; ++n) *to++ = weight[n * count + k];
      }
  }

  void backward() {
    load(glom.state, state, true);
    load(glom.cotangent, cotangent, false);
    clear_sums();
    for (int n = 0; n < glom.nets * glom.net_params(); ++n) gathered[n] = V{};
    number_sites();
    transpose();
    const float* rows[kMaxEntries];
    each_strip([&](int place) {
      for (int net = 0; net < glom.nets; ++net) {
        run_net(net, place, rows);
        return_net(net, place, rows);
      }
    });
    fold();
    save(1.0f);
    const int size = glom.nets * glom.net_params();
    float* out = glom.partial + static_cast<size_t>(first / glom.images_per_task()) * size;
    for (int n = 0; n < size; ++n) out[n] = S::sum(gathered[n]);
  }

  // The gradient by the pre-activation, g (1 - tanh^2), in place, and its sums.
  void through_tanh(float* g, const float* y, V* bias_sums) const {
    for (int n = 0; n < glom.channels; ++n) {
      V sum = bias_sums[n];
      for (int at = n * kStrip; at < n * kStrip + lanes; at += S::width) {
        const V t = S::load(y + at), by = S::load(g + at) * (1.0f - t * t);
        S::store(g + at, by);
        sum += by;
      }
      bias_sums[n] = sum;
    }
  }

  // Back through the second (0) or third (1) layer: `g`, by its output, becomes the gradient by its
  // pre-activation; what comes back to its input goes to `out`.
  void later_back(int net, int number, float* g, const float* y, const float* in, float* out) {
    const int d = glom.channels, size = d * kStrip, entries = glom.entries();
    V* weight_sums = gathered + net * glom.net_params() + d * entries + d + number * (d * d + d);
    const float* weight = transposed_net(net) + (entries + number * d) * d;
    const float* factor = mask + number * size;
    const float* rows[kMaxEntries / 9] = {};
    through_tanh(g, y, weight_sums + d * d);
    rows_of(glom.drops ? masked + number * size : in, d, rows);
    outer(g, d, rows, d, lanes, weight_sums);
    rows_of(g, d, rows);
    product(weight, d, d, nullptr, rows, lanes, out);
    if (glom.drops)
      each(d, [&](int at) { S::store(out + at, S::load(out + at) * S::load(factor + at)); });
  }

  // Back through the first layer, to the state: neighbour by neighbour, so that little is kept.
  void first_back(int net, int place, float* g, const float* const* inputs) {
    const int d = glom.channels, entries = glom.entries();
    V* weight_sums = gathered + net * glom.net_params();
    const float* weight = transposed_net(net);
    const float* rows[kMaxEntries / 9];
    through_tanh(g, query, weight_sums + d * entries);
    outer(g, d, inputs, entries, lanes, weight_sums);
    rows_of(g, d, rows);
    for (int block = 0; block < 9; ++block) {
      product(weight + block * d * d, d, d, nullptr, rows, lanes, spread);
      const int away = place + planes.offset(block);
      const float* factor = factors + block * d * kStrip;
      for (int n = 0; n < d; ++n) {  // masked on the way
        float* to = plane(sums, glom.reads[net], n) + away;
        const float *by = spread + n * kStrip, *kept = factor + n * kStrip;
        if (glom.drops)
          for (int v = 0; v < lanes; v += S::width)
            S::store_loose(to + v, S::load_loose(to + v) + S::load(by + v) * S::load(kept + v));
        else
          for (int v = 0; v < lanes; v += S::width)
            S::store_loose(to + v, S::load_loose(to + v) + S::load(by + v));
      }
    }
  }

  // Back through one net: V = tanh(.. K) + Q + K, K = tanh(.. Q) + Q, Q = tanh(.. x).
  void return_net(int net, int place, const float* const* inputs) {
    const int d = glom.channels;
    float *g3 = back[0], *g2 = back[1], *g1 = back[2], *work = back[3];
    const V scale = S::splat(glom.scale);
    for (int n = 0; n < d; ++n) {
      const float* from = plane(cotangent, glom.writes[net], n) + place;
      for (int v = 0; v < lanes; v += S::width) {
        const V g = scale * S::load_loose(from + v);
        for (float* to : {g3, g1}) S::store(to + n * kStrip + v, g);
      }
    }
    later_back(net, 1, g3, value, key, work);
    each(d, [&](int at) {
      const V g = S::load(g1 + at) + S::load(work + at);  // by K
      S::store(g2 + at, g);
      S::store(g1 + at, S::load(g1 + at) + g);
    });
    later_back(net, 0, g2, key_tanh, query, work);
    each(d, [&](int at) { S::store(g1 + at, S::load(g1 + at) + S::load(work + at)); });
    first_back(net, place, g1, inputs);
  }
};

size_t scratch_bytes(const Glom& glom, bool backward) {
  size_t used = 0;
  Task(glom, 0, nullptr, backward, &used);
  return used;
}

void forward(const Glom& glom, int task, char* scratch) {
  Task(glom, task, scratch, false, nullptr).forward();
}

void backward(const Glom& glom, int task, char* scratch) {
  Task(glom, task, scratch, true, nullptr).backward();
}

// Sums over the tasks, in order.
void finish(const Glom& glom) {
  const int d = glom.channels, size = glom.net_params();
  for (int net = 0; net < glom.nets; ++net) {
    int at = net * size;
    for (int group = 0; group < kGlomGroups; ++group) {
      const int count = group % 2 ? d : group == 0 ? d * glom.entries() : d * d;
      float* out = glom.gradient[group] + static_cast<size_t>(net) * count;
      for (int n = 0; n < count; ++n, ++at) {
        float sum = 0;
        for (int task = 0; task < glom.tasks(); ++task)
          sum += glom.partial[static_cast<size_t>(task) * glom.nets * size + at];
        out[n] = sum;
      }
    }
  }
}

}  // namespace
}  // namespace LW_LEVEL

const GlomKernels* LW_JOIN(glom_, LW_LEVEL)() {
  static constexpr GlomKernels all = {LW_LEVEL::scratch_bytes, LW_LEVEL::forward,
                                      LW_LEVEL::backward, LW_LEVEL::finish};
  return &all;
}

}  // namespace latticework
