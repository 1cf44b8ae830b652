// What the handlers of GLOM's nets take.
#include <vector>

#include "arguments.hpp"
#include "relations.hpp"

namespace latticework {
namespace {

std::vector<Row> rows(std::vector<Row> more) {
  std::vector<Row> all = {
      {Place::kArgument, "weight1", "float32", "net channel 9*channel"},
      {Place::kArgument, "bias1", "float32", "net channel"},
      {Place::kArgument, "weight2", "float32", "net channel channel"},
      {Place::kArgument, "bias2", "float32", "net channel"},
      {Place::kArgument, "weight3", "float32", "net channel channel"},
      {Place::kArgument, "bias3", "float32", "net channel"},
      {Place::kArgument, "state", "float32", "level channel batch row col"},
      {Place::kArgument, "seed", "uint32", ""},
      {Place::kSize, "nets", "", "net", "1 <= x <= 2^12"},
      {Place::kSize, "levels", "", "level", "1 <= x <= 2^12"},
      {Place::kSize, "channels", "", "channel", "1 <= x <= 64"},
      {Place::kSize, "batch", "", "batch", "1 <= x <= 2^26"},
      {Place::kSize, "rows", "", "row", "1 <= x <= 2^14"},
      {Place::kSize, "cols", "", "col", "1 <= x <= 2^14"},
      {Place::kSize, "sites", "", "batch row col", "1 <= x <= 2^30"},
      {Place::kAttribute, "reads", "int32", "net", "0 <= x < level"},
      {Place::kAttribute, "writes", "int32", "net", "0 <= x < level"},
      {Place::kAttribute, "numbers", "float64", "4"},
      {Place::kPart, "numbers.scale", "real", "@0"},
      {Place::kPart, "numbers.threshold", "whole", "@1", "0 <= x <= 2^16"},
      {Place::kPart, "numbers.kept", "real", "@2"},
      {Place::kPart, "numbers.num_threads", "whole", "@3", "0 <= x < 2^31"},
      {Place::kAttribute, "simd", "text", "", "", "a SIMD level of this machine", has_level},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

const Table& glom_table() {
  static const Table& table = *new Table(
      "latticework_glom", rows({{Place::kResult, "delta", "float32", "level channel batch row col"}}));
  return table;
}

const Table& glom_back_table() {
  static const Table& table = *new Table(
      "latticework_glom_back",
      rows({{Place::kArgument, "cotangent", "float32", "level channel batch row col"},
            {Place::kResult, "d_weight1", "float32", "net channel 9*channel"},
            {Place::kResult, "d_bias1", "float32", "net channel"},
            {Place::kResult, "d_weight2", "float32", "net channel channel"},
            {Place::kResult, "d_bias2", "float32", "net channel"},
            {Place::kResult, "d_weight3", "float32", "net channel channel"},
            {Place::kResult, "d_bias3", "float32", "net channel"},
            {Place::kResult, "d_state", "float32", "level channel batch row col"}}));
  return table;
}

}  // namespace latticework
