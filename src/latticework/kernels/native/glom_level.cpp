// The nets of GLOM at one SIMD level; compiled several times, as level.cpp is.
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
  int offset(int block) const { return -(block / 3 - 1) * width - (block % 3 - 1); }
};

struct Task {
  const Glom& glom;
  Planes planes;
  int first, images;
  float* state;      // [level, channel, stride]
  float* sums;       // [level, channel, stride]: what nets add, or the gradient by the state
  float* cotangent;  // [level, channel, stride]
  uint32_t* sites;   // [length], number of the site times the golden ratio
  float* input;      // [entry, strip], masked
  float* factors;    // [entry, strip]
  float* query;      // [channel, strip] here and below
  float* key;
  float* value;
  float* key_tanh;
  float* masked;       // [2, channel]: masked query and key
  float* mask;         // [2, channel]: their factors
  float* back[4];      // [channel]: what comes back to value, key, query, and a work area
  float* spread;       // [entry, strip]
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
    spread = backward ? scratch.take<float>(9 * strip) : nullptr;
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
    const int rows = glom.rows, cols = glom.cols;
    const size_t size = static_cast<size_t>(glom.levels) * glom.channels * planes.stride;
    for (size_t n = 0; n < size; ++n) to[n] = 0;
    for (int level = 0; level < glom.levels; ++level)
      for (int channel = 0; channel < glom.channels; ++channel)
        for (int image = 0; image < images; ++image) {
          const size_t at = static_cast<size_t>(level * glom.channels + channel) * glom.batch;
          const float* source = from + (at + first + image) * rows * cols;
          float* target = plane(to, level, channel) + image * glom.padded();
          for (int row = wraps ? -1 : 0; row < rows + (wraps ? 1 : 0); ++row) {
            const float* line = source + (row + rows) % rows * cols;
            float* place = target + (row + 1) * planes.width;
            for (int col = 0; col < cols; ++col) place[col + 1] = line[col];
            if (wraps) place[0] = line[cols - 1], place[cols + 1] = line[0];
          }
        }
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

  // The net up to V on the strip that begins at `place`; `rows` becomes what layer 1 reads.
  void run_net(int net, int place, const float** rows) {
    const int d = glom.channels;
    for (int k = 0; k < glom.entries(); ++k)
      rows[k] = plane(state, glom.reads[net], k % d) + place + planes.offset(k / d);
    const uint32_t seed = stream(glom.seed, static_cast<uint32_t>(net));
    if (glom.drops) {
      draw_factors(glom, seed, 0, glom.entries(), sites + place, factors);
      for (int k = 0; k < glom.entries(); ++k) {
        float* to = input + k * kStrip;
        multiply(rows[k], factors + k * kStrip, 1, to);
        rows[k] = to;
      }
    }
    product(param(0, net), d, glom.entries(), param(1, net), rows, query);
    tanh_rows(query, d, query);
    later_layer(net, seed, 0, place, query, key_tanh);
    for (int n = 0; n < d * kStrip; n += S::width)
      S::store(key + n, S::load(key_tanh + n) + S::load(query + n));
    later_layer(net, seed, 1, place, key, value);
  }

  // tanh(W in + b) of the second (0) or third (1) layer; keeps the masked input.
  void later_layer(int net, uint32_t seed, int number, int place, const float* in, float* out) {
    const int d = glom.channels;
    float* factor = mask + number * d * kStrip;
    float* kept = masked + number * d * kStrip;
    if (glom.drops) {
      draw_factors(glom, seed, glom.entries() + number * d, d, sites + place, factor);
      multiply(in, factor, d, kept);
    }
    const float* rows[kMaxEntries / 9];
    for (int k = 0; k < d; ++k) rows[k] = (glom.drops ? kept : in) + k * kStrip;
    product(param(2 + 2 * number, net), d, d, param(3 + 2 * number, net), rows, out);
    tanh_rows(out, d, out);
  }

  static void multiply(const float* a, const float* b, int count, float* out) {
    for (int n = 0; n < count * kStrip; n += S::width)
      S::store(out + n, S::load_loose(a + n) * S::load(b + n));
  }

  void forward() {
    load(glom.state, state, true);
    for (size_t n = 0; n < static_cast<size_t>(glom.levels) * glom.channels * planes.stride; ++n)
      sums[n] = 0;
    number_sites();
    const float* rows[kMaxEntries];
    for (int place = planes.begin; place <= planes.last_strip(images * glom.padded()); place += kStrip)
      for (int net = 0; net < glom.nets; ++net) {
        run_net(net, place, rows);
        for (int n = 0; n < glom.channels; ++n) {
          float* to = plane(sums, glom.writes[net], n) + place;
          for (int v = 0; v < kStrip; v += S::width) {
            const int at = n * kStrip + v;
            S::store_loose(to + v, S::load_loose(to + v) + S::load(value + at) +
                                       S::load(query + at) + S::load(key + at));
          }
        }
      }
    save(glom.scale);
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
    const int d = glom.channels;
    load(glom.state, state, true);
    load(glom.cotangent, cotangent, false);
    for (size_t n = 0; n < static_cast<size_t>(glom.levels) * d * planes.stride; ++n) sums[n] = 0;
    for (int n = 0; n < glom.nets * glom.net_params(); ++n) gathered[n] = V{};
    number_sites();
    transpose();
    const float* rows[kMaxEntries];
    for (int place = planes.begin; place <= planes.last_strip(images * glom.padded()); place += kStrip)
      for (int net = 0; net < glom.nets; ++net) {
        run_net(net, place, rows);
        return_net(net, place, rows);
      }
    fold();
    save(1.0f);
    const int size = glom.nets * glom.net_params();
    float* out = glom.partial + static_cast<size_t>(first / glom.images_per_task()) * size;
    for (int n = 0; n < size; ++n) out[n] = S::sum(gathered[n]);
  }

  // gradient by the pre-activation: g (1 - tanh^2), in place
  static void through_tanh(float* g, const float* y, int count) {
    for (int n = 0; n < count * kStrip; n += S::width) {
      const V t = S::load(y + n);
      S::store(g + n, S::load(g + n) * (1.0f - t * t));
    }
  }

  // Sums of a layer's gradient, and what comes back to its input before the mask.
  void layer_back(const float* g, int entries, const float* const* in, const float* weight,
                  V* weight_sums, V* bias_sums, float* out) {
    const int d = glom.channels;
    outer(g, d, in, entries, weight_sums);
    for (int n = 0; n < d; ++n)
      for (int v = 0; v < kStrip; v += S::width) bias_sums[n] += S::load(g + n * kStrip + v);
    const float* rows[kMaxEntries / 9];
    for (int n = 0; n < d; ++n) rows[n] = g + n * kStrip;
    product(weight, entries, d, nullptr, rows, out);
  }

  // Back through one net: V = tanh(.. K) + Q + K, K = tanh(.. Q) + Q, Q = tanh(.. x).
  void return_net(int net, int place, const float* const* inputs) {
    const int d = glom.channels, entries = glom.entries(), size = d * kStrip;
    V* sums1 = gathered + net * glom.net_params();
    V* sums2 = sums1 + d * entries + d;
    V* sums3 = sums2 + d * d + d;
    const float* t1 = transposed + net * (d * entries + 2 * d * d);
    const float* t2 = t1 + d * entries;
    const float* t3 = t2 + d * d;
    float *g3 = back[0], *g2 = back[1], *g1 = back[2], *work = back[3];
    const float* rows[kMaxEntries / 9];
    const V scale = S::splat(glom.scale);
    for (int n = 0; n < d; ++n) {
      const float* from = plane(cotangent, glom.writes[net], n) + place;
      for (int v = 0; v < kStrip; v += S::width) {
        const V g = scale * S::load_loose(from + v);
        for (float* to : {g3, g2, g1}) S::store(to + n * kStrip + v, g);
      }
    }
    through_tanh(g3, value, d);
    for (int k = 0; k < d; ++k) rows[k] = (glom.drops ? masked + size : key) + k * kStrip;
    layer_back(g3, d, rows, t3, sums3, sums3 + d * d, work);
    if (glom.drops) multiply(work, mask + size, d, work);
    for (int n = 0; n < size; n += S::width) {
      const V g = S::load(g2 + n) + S::load(work + n);  // by K
      S::store(g2 + n, g);
      S::store(g1 + n, S::load(g1 + n) + g);
    }
    through_tanh(g2, key_tanh, d);
    for (int k = 0; k < d; ++k) rows[k] = (glom.drops ? masked : query) + k * kStrip;
    layer_back(g2, d, rows, t2, sums2, sums2 + d * d, work);
    if (glom.drops) multiply(work, mask, d, work);
    for (int n = 0; n < size; n += S::width)
      S::store(g1 + n, S::load(g1 + n) + S::load(work + n));
    through_tanh(g1, query, d);
    layer_back(g1, entries, inputs, t1, sums1, sums1 + d * entries, spread);
    if (glom.drops) multiply(spread, factors, entries, spread);
    for (int k = 0; k < entries; ++k) {
      float* to = plane(sums, glom.reads[net], k % d) + place + planes.offset(k / d);
      for (int v = 0; v < kStrip; v += S::width)
        S::store_loose(to + v, S::load_loose(to + v) + S::load(spread + k * kStrip + v));
    }
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
