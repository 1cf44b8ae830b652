// What the handlers of the cube take.
#include <vector>

#include "arguments.hpp"
#include "cube.hpp"
#include "dispatch.hpp"
#include "relations.hpp"

namespace latticework {
namespace {

int64_t& bound(Call& call, const char* name) { return call.sizes[call.table->size_index(name)]; }

std::string divides(Call& call, const char* block, const char* size) {
  return call.size(block) > 0 && call.size(size) % call.size(block) == 0
             ? ""
             : "is " + std::to_string(call.size(block)) + ", expected a divisor of " +
                   std::to_string(call.size(size));
}
std::string block_i(Call& call) { return divides(call, "block_i", "i"); }
std::string block_j(Call& call) { return divides(call, "block_j", "j"); }
std::string block_k(Call& call) { return divides(call, "block_k", "k"); }

// A gated cell has no scale, and the array is empty.
std::string scale_k(Call& call) {
  bound(call, "scale_k") = call.size("is_gated") == 1 ? 0 : call.size("k");
  return "";
}

const CubeKernels& kernels_of(const Call& call) {
  const CubeLevel* both = cube_level(call.level->name);
  return call.is_double() ? *both->twice : *both->single;
}

Tiling tiling_of(const Call& call) {
  return tile_batch(static_cast<int>(call.size("batch")), kernels_of(call).width);
}

std::string lane(Call& call) {
  bound(call, "lane") = tiling_of(call).lanes;
  return "";
}
std::string tile(Call& call) {
  bound(call, "tile") = tiling_of(call).count;
  return "";
}
std::string room(Call& call) {
  const Tiling tiling = tiling_of(call);
  const int dims[3] = {static_cast<int>(call.size("i")), static_cast<int>(call.size("j")),
                       static_cast<int>(call.size("k"))};
  const StateLayout layout(dims, static_cast<int64_t>(kernels_of(call).item_size) * tiling.lanes);
  bound(call, "room") = layout.room(call.size("outer_steps") * tiling.count);
  return "";
}

// Kernels keep whole vectors where the caller says.
std::string is_aligned(Call& call, Place place, const char* name) {
  const size_t vector = static_cast<size_t>(kernels_of(call).width) * kernels_of(call).item_size;
  const Operand& given = call.operand(place, name);
  return call.is_traced || elements(given) == 0 || reinterpret_cast<uintptr_t>(given.data) % vector == 0
             ? ""
             : "does not lie at a multiple of " + std::to_string(vector) + " bytes";
}

// What is kept is kept as a whole, or nothing.
std::string kept(Call& call) {
  const int64_t kept = call.size("kept");
  bound(call, "kept_steps") = kept ? call.size("outer_steps") + 1 : 0;
  if (kept != 0 && kept != call.size("room"))
    return "has room " + std::to_string(kept) + ", expected 0 or " + std::to_string(call.size("room"));
  return is_aligned(call, Place::kResult, "states");
}
std::string kept_stats(Call& call) { return is_aligned(call, Place::kResult, "stats"); }
std::string states(Call& call) { return is_aligned(call, Place::kArgument, "states"); }
std::string stats(Call& call) { return is_aligned(call, Place::kArgument, "stats"); }

std::vector<Row> rows(std::vector<Row> more) {
  const auto part = [](const char* name, const char* shape, const char* range,
                       const char* relation = "", std::string (*holds)(Call&) = nullptr) {
    return Row{Place::kPart, name, "whole", shape, range, relation, holds};
  };
  std::vector<Row> all = {
      {Place::kAttribute, "numbers", "int32", "14"},
      part("numbers.i", "@0", "1 <= x <= 2^20"),
      part("numbers.j", "@1", "1 <= x <= 2^20"),
      part("numbers.k", "@2", "1 <= x <= 2^20"),
      part("numbers.block_i", "@3", "1 <= x <= i", "divides i", block_i),
      part("numbers.block_j", "@4", "1 <= x <= j", "divides j", block_j),
      part("numbers.block_k", "@5", "1 <= x <= k", "divides k", block_k),
      part("numbers.outer_steps", "@6", "1 <= x <= 2^20"),
      part("numbers.inner_steps", "@7", "1 <= x <= 2^20"),
      part("numbers.activation", "@8", "0 <= x <= 3"),
      part("numbers.is_gated", "@9", "0 <= x <= 1"),
      part("numbers.block_norm", "@10", "0 <= x <= 1"),
      part("numbers.residual", "@11", "0 <= x <= 1"),
      part("numbers.separate", "@12", "0 <= x <= 1"),
      part("numbers.num_threads", "@13", "0 <= x < 2^31"),
      {Place::kAttribute, "eps", "float64", "2"},
      {Place::kPart, "eps.block", "real", "@0", "0 <= x"},
      {Place::kPart, "eps.norm", "real", "@1", "0 <= x"},
      {Place::kAttribute, "simd", "text", "", "", "a SIMD level of this machine", has_level},
      {Place::kSize, "cells", "", "i j k", "1 <= x <= 2^24"},
      {Place::kSize, "scale_k", "", "", "", "0 if gated, else k", scale_k},
      {Place::kArgument, "x0", "float", "batch i j k"},
      {Place::kArgument, "weight", "float", "separate:outer_steps 27 is_gated:2 i j k"},
      {Place::kArgument, "bias", "float", "separate:outer_steps is_gated:2 i j k"},
      {Place::kArgument, "scale", "float", "separate:outer_steps i j scale_k"},
      {Place::kArgument, "norm_weight", "float", "i j k"},
      {Place::kArgument, "norm_bias", "float", "i j k"},
      {Place::kSize, "batch", "", "batch", "1 <= x <= 2^20"},
      {Place::kSize, "work", "", "batch i j k", "1 <= x <= 2^30"},
      {Place::kSize, "states", "", "outer_steps batch", "1 <= x <= 2^28"},
      {Place::kSize, "lane", "", "", "", "examples side by side", lane},
      {Place::kSize, "tile", "", "", "", "of so many lanes", tile},
      {Place::kSize, "room", "", "", "", "of all states with their rims", room},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

const Table& cube_forward_table() {
  static const Table& table = *new Table("latticework_cube_forward",
                           rows({{Place::kResult, "out", "float", "batch i j k"},
                                 {Place::kResult, "states", "float", "kept lane", "",
                                  "all of the room, or none; at whole vectors", kept},
                                 {Place::kResult, "stats", "float", "kept_steps tile 2 lane", "",
                                  "at whole vectors", kept_stats}}));
  return table;
}

const Table& cube_backward_table() {
  static const Table& table = *new Table(
      "latticework_cube_backward",
      rows({{Place::kArgument, "states", "float", "room lane", "", "at whole vectors", states},
            {Place::kArgument, "stats", "float", "outer_steps+1 tile 2 lane", "",
             "at whole vectors", stats},
            {Place::kArgument, "d_out", "float", "batch i j k"},
            {Place::kResult, "d_x0", "float", "batch i j k"},
            {Place::kResult, "d_weight", "float", "separate:outer_steps 27 is_gated:2 i j k"},
            {Place::kResult, "d_bias", "float", "separate:outer_steps is_gated:2 i j k"},
            {Place::kResult, "d_scale", "float", "separate:outer_steps i j scale_k"},
            {Place::kResult, "d_norm_weight", "float", "i j k"},
            {Place::kResult, "d_norm_bias", "float", "i j k"}}));
  return table;
}

}  // namespace latticework
