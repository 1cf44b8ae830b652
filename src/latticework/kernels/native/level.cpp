// One SIMD level; compiled several times, each time with other flags and another LW_LEVEL.
#include "batch.hpp"
#include "epoch.hpp"
#include "peak.hpp"

#define LW_STRING_OF(name) #name
#define LW_STRING(name) LW_STRING_OF(name)
#define LW_JOIN_OF(a, b) a##b
#define LW_JOIN(a, b) LW_JOIN_OF(a, b)

namespace latticework {
namespace LW_LEVEL {
namespace {

template <class T>
void tanh_of(const void* in, void* out, size_t count) {
  typedef Simd<T> S;
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(out);
  size_t n = 0;
  for (; n + S::width <= count; n += S::width)
    S::store_loose(to + n, hyperbolic_tangent(S::load_loose(from + n)));
  typename S::V rest{};
  for (size_t m = 0; n + m < count; ++m) rest[m] = from[n + m];
  rest = hyperbolic_tangent(rest);
  for (size_t m = 0; n + m < count; ++m) to[n + m] = rest[m];
}

void tanh_any(bool twice, const void* in, void* out, size_t count) {
  return twice ? tanh_of<double>(in, out, count) : tanh_of<float>(in, out, count);
}

double multiply_add_any(bool twice, int64_t repeats, void* sink) {
  return twice ? multiply_add<double>(repeats, static_cast<double*>(sink))
               : multiply_add<float>(repeats, static_cast<float*>(sink));
}

template <class T>
const Kernels* kernels() {
  static constexpr Kernels all = {
      Simd<T>::width,
      [](const Batch& batch) { return Partial<T>(batch).bytes; },
      [](const Batch& batch) {
        Scratch count(nullptr);
        update_task<T>(batch, 0, nullptr, &count);
        return count.used;
      },
      [](const Batch& batch, int task, char* scratch) {
        update_task<T>(batch, task, scratch, nullptr);
      },
      finish_update<T>,
      [](const Batch& batch) {
        Scratch count(nullptr);
        score_task<T>(batch, 0, nullptr, &count);
        return count.used;
      },
      [](const Batch& batch, int task, char* scratch) {
        score_task<T>(batch, task, scratch, nullptr);
      },
      train_scratch<T>,
      train_seed<T>,
  };
  return &all;
}

}  // namespace
}  // namespace LW_LEVEL

const GlomKernels* LW_JOIN(glom_, LW_LEVEL)();

const Level* LW_JOIN(level_, LW_LEVEL)() {
  static const Level level = {LW_STRING(LW_LEVEL),
                              LW_LEVEL::kernels<float>(),
                              LW_LEVEL::kernels<double>(),
                              LW_JOIN(glom_, LW_LEVEL)(),
                              LW_LEVEL::tanh_any,
                              LW_LEVEL::multiply_add_any};
  return &level;
}

}  // namespace latticework
