// The Python module: handlers to register, and what doctor, tests and benchmarks ask.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <stdexcept>

#include "arguments.hpp"
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

nb::dict row_of(const Row& row) {
  static const char* const places[] = {"attribute", "part", "size", "argument", "result"};
  nb::dict out;
  out["place"] = places[static_cast<int>(row.place)];
  out["name"] = row.name;
  out["type"] = row.type;
  out["shape"] = row.shape;
  out["range"] = row.range;
  out["relation"] = row.relation;
  out["shares"] = row.shares;
  return out;
}

const Table& table_named(const std::string& entry) {
  for (const Table* table : all_tables())
    if (entry == table->entry) return *table;
  throw std::invalid_argument("there is no handler " + entry);
}

// An array as Python sees it: type, shape, and where its values lie, or 0 while there are none.
typedef std::tuple<std::string, std::vector<int64_t>, uintptr_t> Seen;

int read_operands(const std::vector<Seen>& from, Operand* to) {
  if (from.size() > kMaxOperands) throw std::invalid_argument("there are too many arrays");
  for (size_t n = 0; n < from.size(); ++n) {
    const auto& [type, shape, data] = from[n];
    to[n] = {type_of_name(type), reinterpret_cast<void*>(data), shape.data(),
             static_cast<int64_t>(shape.size())};
  }
  return static_cast<int>(from.size());
}

// One sentence, or nothing where a call may be made. Arrays without values are taken on trust.
std::string refusal_of(const std::string& entry, const std::vector<Seen>& arguments,
                       const std::vector<Seen>& results, const nb::dict& attributes) {
  Call call;
  call.table = &table_named(entry);
  call.num_arguments = read_operands(arguments, call.arguments);
  call.num_results = read_operands(results, call.results);
  if (attributes.size() > kMaxAttributes) throw std::invalid_argument("there are too many attributes");
  std::vector<std::string> texts;
  texts.reserve(2 * attributes.size());
  for (auto [key, value] : attributes) {
    AttributeValue& to = call.attributes[call.num_attributes++];
    texts.push_back(nb::cast<std::string>(key));
    to.name = texts.back();
    if (nb::isinstance<nb::str>(value)) {
      texts.push_back(nb::cast<std::string>(value));
      to.kind = AttributeValue::kText;
      to.size = texts.back().size(), to.data = texts.back().data();
    } else {
      const auto [type, shape, data] = nb::cast<Seen>(value);
      to.kind = shape.empty() ? AttributeValue::kScalar : AttributeValue::kArray;
      to.type = type_of_name(type);
      to.size = shape.empty() ? 1 : static_cast<size_t>(shape[0]);
      to.data = reinterpret_cast<const void*>(data);
    }
  }
  call.is_traced = true;
  return refusal(call);
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
  module.def("tables", [] {
    nb::dict tables;
    for (const Table* table : all_tables()) {
      nb::list rows;
      for (const Row& row : table->rows) rows.append(row_of(row));
      tables[table->entry] = rows;
    }
    return tables;
  });
  module.def("refusal", &refusal_of, nb::arg("entry"), nb::arg("arguments"), nb::arg("results"),
             nb::arg("attributes"));
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
