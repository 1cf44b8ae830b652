// The Python module: handlers to register, and what doctor, tests and benchmarks ask.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <stdexcept>

#include "cube.hpp"
#include "dispatch.hpp"
#include "ffi.hpp"
#include "pool.hpp"

namespace nb = nanobind;

namespace latticework {
namespace {

const Level& level_named(const std::string& name) {
  std::string why;
  const Level* level = choose_level(name, &why);
  if (!level) throw std::invalid_argument(why);
  return *level;
}

template <class T>
using Values = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig>;

template <class T>
void tanh_into(Values<const T> in, Values<T> out, const std::string& simd) {
  if (in.shape(0) != out.shape(0)) throw std::invalid_argument("in and out differ in length");
  level_named(simd).tanh(sizeof(T) == sizeof(double), in.data(), out.data(), in.shape(0));
}

// Best of several short runs, in flops per second.
double peak(const std::string& simd, bool twice) {
  const Level& level = level_named(simd);
  double best = 0, sink = 0;
  for (int n = 0; n < 20; ++n) {
    const auto start = std::chrono::steady_clock::now();
    const double flops = level.multiply_add(twice, 200000, &sink);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double rate = flops / took.count();
    if (rate > best) best = rate;
  }
  return best;
}

}  // namespace
}  // namespace latticework

NB_MODULE(_native, module) {
  using namespace latticework;
  module.doc() = "Compiled kernels.";
  module.def("handlers", [] {
    nb::dict handlers;
    handlers["latticework_update"] = nb::capsule(update_handler());
    handlers["latticework_score"] = nb::capsule(score_handler());
    handlers["latticework_train"] = nb::capsule(train_handler());
    handlers["latticework_glom"] = nb::capsule(glom_handler());
    handlers["latticework_glom_back"] = nb::capsule(glom_back_handler());
    handlers["latticework_waves"] = nb::capsule(waves_handler());
    handlers["latticework_cube_forward"] = nb::capsule(cube_forward_handler());
    handlers["latticework_cube_backward"] = nb::capsule(cube_backward_handler());
    return handlers;
  });
  module.def("levels", [] {
    std::vector<std::string> names;
    for (const Level* level : levels()) names.push_back(level->name);
    return names;
  });
  module.def("level", [](const std::string& name) { return level_named(name).name; },
             nb::arg("name") = "auto");
  module.def("default_threads", &default_threads);
  module.def(
      "cube_room",
      [](const std::array<int, 3>& dims, int steps, int batch, bool twice, const std::string& simd) {
        const CubeLevel* both = cube_level(level_named(simd).name);
        const CubeKernels* kernels = twice ? both->twice : both->single;
        const Tiling tiling = tile_batch(batch, kernels->width);
        const StateLayout layout(dims.data(), int64_t{kernels->item_size} * tiling.lanes);
        const int64_t room = layout.room(int64_t{steps} * tiling.count);
        return std::vector<int64_t>{tiling.count, room, tiling.lanes};
      },
      nb::arg("dims"), nb::arg("steps"), nb::arg("batch"), nb::arg("twice") = false,
      nb::arg("simd") = "auto");
  module.def("tanh", &tanh_into<float>, nb::arg("values").noconvert(), nb::arg("out").noconvert(),
             nb::arg("simd") = "auto");
  module.def("tanh", &tanh_into<double>, nb::arg("values").noconvert(), nb::arg("out").noconvert(),
             nb::arg("simd") = "auto");
  module.def("peak", &peak, nb::arg("simd") = "auto", nb::arg("twice") = false);
}
