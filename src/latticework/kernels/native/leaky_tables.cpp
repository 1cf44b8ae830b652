// What the handlers of the leaky family take.
#include <cstring>
#include <vector>

#include "arguments.hpp"
#include "dispatch.hpp"
#include "relations.hpp"

namespace latticework {
namespace {

typedef const int32_t* Ints;

std::string at_cell(int64_t cell) { return " (cell " + std::to_string(cell) + ")"; }

Ints ints(const Call& call, const char* name) { return call.array<int32_t>(name); }

std::string in_ptr(Call& call) {
  return rises(ints(call, "plan.in_ptr"), call.size("cell"), call.size("input"));
}
std::string out_ptr(Call& call) {
  return rises(ints(call, "plan.out_ptr"), call.size("cell"), call.size("edge"));
}
std::string port_ptr(Call& call) {
  return rises(ints(call, "plan.port_ptr"), call.size("cell"), call.size("port"));
}
std::string port_sign(Call& call) {
  const Ints sign = ints(call, "plan.port_sign");
  for (int64_t n = 0; n < call.size("port"); ++n)
    if (sign[n] == 0) return "has 0 at " + std::to_string(n) + "; a port counts as 1 or -1";
  return "";
}
std::string pair_in_ptr(Call& call) {
  const int64_t pairs = call.size("pair");
  return pairs ? rises(ints(call, "plan.pair_in_ptr"), pairs, call.size("pair_input")) : "";
}

// Cells run in the order of their numbers, each through all its steps.
std::string in_source(Call& call) {
  const Plan plan = plan_of(call);
  for (int k = 0; k < plan.num_cells; ++k)
    for (int n = plan.in_ptr[k]; n < plan.in_ptr[k + 1]; ++n)
      if (plan.in_source[n] >= k && plan.in_source[n] < plan.num_cells)
        return "has cell " + std::to_string(plan.in_source[n]) + " before it was computed" +
               at_cell(k) + "; a cell reads cells of lower numbers";
  return "";
}

std::string in_slot(Call& call) {
  const Plan plan = plan_of(call);
  for (int k = 0; k < plan.num_cells; ++k)
    for (int n = plan.in_ptr[k] + 1; n < plan.in_ptr[k + 1]; ++n)
      if (plan.in_slot[n] <= plan.in_slot[n - 1])
        return "does not rise" + at_cell(k) + "; each slot is connected once";
  return "";
}

std::string out_cell(Call& call) {
  const Plan plan = plan_of(call);
  for (int k = 0; k < plan.num_cells; ++k)
    for (int n = plan.out_ptr[k]; n < plan.out_ptr[k + 1]; ++n)
      if (plan.out_cell[n] <= k)
        return "has user " + std::to_string(plan.out_cell[n]) + at_cell(k) +
               "; a user has a higher number";
  return "";
}

// Edges are the inputs that are cells, each named once, by the cell that it reads.
std::string out_input(Call& call) {
  const Plan plan = plan_of(call);
  std::vector<char> is_named(plan.num_inputs, 0);
  for (int k = 0; k < plan.num_cells; ++k)
    for (int n = plan.out_ptr[k]; n < plan.out_ptr[k + 1]; ++n) {
      const int user = plan.out_cell[n], input = plan.out_input[n];
      if (input < plan.in_ptr[user] || input >= plan.in_ptr[user + 1] || plan.in_source[input] != k)
        return "has input " + std::to_string(input) + at_cell(k) +
               ", which is not where its user reads it";
      if (is_named[input]) return "names input " + std::to_string(input) + " twice";
      is_named[input] = 1;
    }
  for (int n = 0; n < plan.num_inputs; ++n)
    if (plan.in_source[n] < plan.num_cells && !is_named[n])
      return "leaves out input " + std::to_string(n) + ", which reads a cell";
  return "";
}

// Rows of memory are shared; nobody may write one before the last has read it.
std::string forward_row(Call& call) {
  const Plan plan = plan_of(call);
  std::vector<int> owner(plan.num_forward_rows, -1);
  for (int k = 0; k < plan.num_cells; ++k) {
    owner[plan.forward_row[k]] = k;
    for (int n = plan.in_ptr[k]; n < plan.in_ptr[k + 1]; ++n) {
      const int from = plan.in_source[n];
      if (from < plan.num_cells && owner[plan.forward_row[from]] != from)
        return "gives away the row of cell " + std::to_string(from) + " too early" + at_cell(k);
    }
  }
  return "";
}
std::string message_row(Call& call) {
  const Plan plan = plan_of(call);
  std::vector<int> owner(plan.num_message_rows, -1);
  for (int k = plan.num_cells - 1; k >= 0; --k) {
    owner[plan.message_row[k]] = k;
    for (int n = plan.out_ptr[k]; n < plan.out_ptr[k + 1]; ++n)
      if (owner[plan.message_row[plan.out_cell[n]]] != plan.out_cell[n])
        return "gives away the row of cell " + std::to_string(plan.out_cell[n]) + " too early" +
               at_cell(k);
  }
  return "";
}

std::string by_depth(Call& call) {
  const Plan plan = plan_of(call);
  std::vector<char> is_done(plan.num_cells, 0);
  for (int m = 0; m < plan.num_cells; ++m) {
    const int k = plan.by_depth[m];
    if (is_done[k]) return "has cell " + std::to_string(k) + " twice";
    for (int n = plan.in_ptr[k]; n < plan.in_ptr[k + 1]; ++n)
      if (plan.in_source[n] < plan.num_cells && !is_done[plan.in_source[n]])
        return "has cell " + std::to_string(k) + " before cell " +
               std::to_string(plan.in_source[n]) + ", which it reads";
    is_done[k] = 1;
  }
  return "";
}

std::string pair_count(Call& call) {
  const int64_t pairs = call.size("pair"), cells = call.size("cell");
  return pairs == 0 || pairs >= cells
             ? ""
             : "is " + std::to_string(pairs) + ", expected 0, or a pair of each cell with itself first";
}

std::string own_pairs_first(Call& call, const char* name) {
  const Ints cell = ints(call, name);
  for (int64_t k = 0; call.size("pair") > 0 && k < call.size("cell"); ++k)
    if (cell[k] != k) return "does not begin with each cell's own pair" + at_cell(k);
  return "";
}
std::string pair_source(Call& call) { return own_pairs_first(call, "plan.pair_source"); }
std::string pair_target(Call& call) { return own_pairs_first(call, "plan.pair_target"); }

std::string pair_in_pair(Call& call) {
  const Plan plan = plan_of(call);
  for (int pair = 0; pair < plan.num_pairs; ++pair)
    for (int n = plan.pair_in_ptr[pair]; n < plan.pair_in_ptr[pair + 1]; ++n) {
      const int from = plan.pair_in_pair[n];
      if (from >= pair && from >= plan.num_cells)
        return "has pair " + std::to_string(from) + " before it was computed, for pair " +
               std::to_string(pair);
      if (plan.pair_source[from] != plan.pair_source[pair])
        return "joins pairs of two sources, for pair " + std::to_string(pair);
    }
  return "";
}

std::string pair_in_input(Call& call) {
  const Plan plan = plan_of(call);
  for (int pair = 0; pair < plan.num_pairs; ++pair)
    for (int n = plan.pair_in_ptr[pair]; n < plan.pair_in_ptr[pair + 1]; ++n) {
      const int target = plan.pair_target[pair], input = plan.pair_in_input[n];
      if (input < plan.in_ptr[target] || input >= plan.in_ptr[target + 1] ||
          plan.in_source[input] != plan.pair_target[plan.pair_in_pair[n]])
        return "has input " + std::to_string(input) + ", which does not lead to pair " +
               std::to_string(pair);
    }
  return "";
}

std::string pair_ptr(Call& call) {
  const int pairs = call.table->size_index("pair"), length = call.table->size_index("pair_ptr");
  call.sizes[length] = call.sizes[pairs] > 0 ? call.sizes[pairs] + 1 : 0;
  return "";
}
std::string feedback_length(Call& call) {
  call.sizes[call.table->size_index("feedback_length")] =
      call.size("broadcast") == 1 ? call.size("cell") * call.size("class") : 0;
  return "";
}

std::string uses_traces(Call& call) {
  return call.size("uses_traces") == 1 && call.size("pair") == 0
             ? "is 1, but the plan has no pairs to keep traces for"
             : "";
}

std::string bounds(Call& call) {
  const int32_t* bound = call.argument<int32_t>("bounds");
  return bound[0] <= bound[1] ? "" : "ends before it begins, expected first <= last";
}

const char* const kMagicRange = "1280782387 <= x <= 1280782387";
static_assert(Plan::kMagic == 1280782387, "the range of plan.magic says it, too");

std::vector<Row> plan_rows() {
  const auto part = [](const char* name, const char* shape, const char* range,
                       const char* relation = "", std::string (*holds)(Call&) = nullptr) {
    return Row{Place::kPart, name, shape[0] == '@' ? "whole" : "int32", shape, range, relation, holds};
  };
  return {
      {Place::kAttribute, "plan", "int32", "plan_length"},
      part("plan.magic", "@0", kMagicRange, "the layout of today"),
      part("plan.cell", "@1", "1 <= x <= 2^20"),
      part("plan.slot", "@2", "0 <= x <= 2^20"),
      part("plan.channel", "@3", "1 <= x <= 2^20"),
      part("plan.class", "@4", "1 <= x <= 2^20"),
      part("plan.input", "@5", "0 <= x <= 2^26"),
      part("plan.edge", "@6", "0 <= x <= input"),
      part("plan.port", "@7", "0 <= x <= 2^26"),
      part("plan.forward_rows", "@8", "1 <= x <= cell"),
      part("plan.message_rows", "@9", "1 <= x <= cell"),
      part("plan.pair", "@10", "0 <= x <= 2^26", "none, or all cells' own", pair_count),
      part("plan.pair_input", "@11", "0 <= x <= 2^26"),
      part("plan.idle", "@12", "0 <= x <= 2^26"),
      part("plan.spare_1", "@13", "0 <= x <= 0"),
      part("plan.spare_2", "@14", "0 <= x <= 0"),
      part("plan.spare_3", "@15", "0 <= x <= 0"),
      part("plan.in_ptr", "cell+1", "0 <= x <= input", "rises from 0 to the end", in_ptr),
      part("plan.in_source", "input", "0 <= x < cell+channel", "cells read lower ones", in_source),
      part("plan.in_slot", "input", "0 <= x < slot", "rises within a cell", in_slot),
      part("plan.out_ptr", "cell+1", "0 <= x <= edge", "rises from 0 to the end", out_ptr),
      part("plan.out_cell", "edge", "0 <= x < cell", "users have higher numbers", out_cell),
      part("plan.out_input", "edge", "0 <= x < input", "every cell's reading once", out_input),
      part("plan.port_ptr", "cell+1", "0 <= x <= port", "rises from 0 to the end", port_ptr),
      part("plan.port_class", "port", "0 <= x < class"),
      part("plan.port_sign", "port", "-1 <= x <= 1", "for or against, never 0", port_sign),
      part("plan.forward_row", "cell", "0 <= x < forward_rows", "kept until it was read",
           forward_row),
      part("plan.message_row", "cell", "0 <= x < message_rows", "kept until it was read",
           message_row),
      part("plan.by_depth", "cell", "0 <= x < cell", "all, each behind what it reads", by_depth),
      part("plan.pair_source", "pair", "0 <= x < cell", "own pairs first", pair_source),
      part("plan.pair_target", "pair", "0 <= x < cell", "own pairs first", pair_target),
      {Place::kSize, "pair_ptr", "", "", "", "one more than pairs, if there are any", pair_ptr},
      part("plan.pair_in_ptr", "pair_ptr", "0 <= x <= pair_input", "rises from 0 to the end",
           pair_in_ptr),
      part("plan.pair_in_pair", "pair_input", "0 <= x < pair", "of the same source, before",
           pair_in_pair),
      part("plan.pair_in_input", "pair_input", "0 <= x < input", "from pair to pair",
           pair_in_input),
  };
}

enum class Use { kUpdate, kScore, kTrain };

std::vector<Row> option_rows(Use use) {
  const bool is_train = use == Use::kTrain;
  const auto part = [](const char* name, const char* type, const char* shape, const char* range,
                       const char* relation = "", std::string (*holds)(Call&) = nullptr) {
    return Row{Place::kPart, name, type, shape, range, relation, holds};
  };
  return {
      {Place::kAttribute, "options", "float64", "option_length"},
      part("options.dt", "real", "@0", "0 < x"),
      part("options.readout_gain", "real", "@1", ""),
      part("options.per_step_loss", "whole", "@2", "0 <= x <= 1"),
      part("options.broadcast", "whole", "@3", "0 <= x <= 1"),
      part("options.levels", "whole", "@4", "1 <= x <= cell+1"),
      part("options.wraps", "whole", "@5", "0 <= x <= 1"),
      part("options.uses_traces", "whole", "@6", is_train ? "0 <= x <= 0" : "0 <= x <= 1",
           use == Use::kUpdate ? "1 with pairs alone" : "",
           use == Use::kUpdate ? uses_traces : nullptr),
      part("options.trace_leak", "real", "@7", ""),
      part("options.gain_positive", "real", "@8", ""),
      part("options.gain_negative", "real", "@9", ""),
      part("options.subtraction_bias", "real", "@10", ""),
      part("options.trace_noise", "real", "@11", is_train ? "0 <= x <= 0" : "0 <= x"),
      part("options.message_noise", "real", "@12", is_train ? "0 <= x <= 0" : "0 <= x"),
      part("options.num_threads", "whole", "@13", "0 <= x < 2^31"),
      part("options.trace_bits", "whole", "@14", "0 <= x <= 30"),
      part("options.trace_limit", "real", "@15", "0 < x"),
      part("options.rounds_at_random", "whole", "@16", "0 <= x <= 1"),
      part("options.spare", "whole", "@17", "0 <= x <= 0"),
  };
}

const Row kSimd{Place::kAttribute, "simd", "text", "", "", "a SIMD level of this machine", has_level};
const Row kFeedbackLength{Place::kSize, "feedback_length", "", "", "",
                          "cell * class if broadcast, else 0", feedback_length};
const Row kFeedback{Place::kAttribute, "feedback", "float64", "feedback_length"};

std::vector<Row> with(std::vector<Row> rows, std::vector<Row> more) {
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace

std::string has_level(Call& call) {
  std::string why;
  call.level = choose_level(std::string(call.text("simd")), &why);
  return call.level ? "" : "is not known: " + why;
}

std::string rises(const int32_t* ptr, int64_t count, int64_t end) {
  if (ptr[0] != 0) return "begins with " + std::to_string(ptr[0]) + ", expected 0";
  for (int64_t n = 0; n < count; ++n)
    if (ptr[n] > ptr[n + 1])
      return "falls at " + std::to_string(n + 1) + ", from " + std::to_string(ptr[n]) + " to " +
             std::to_string(ptr[n + 1]);
  if (ptr[count] != end)
    return "ends with " + std::to_string(ptr[count]) + ", expected " + std::to_string(end);
  return "";
}

Plan plan_of(const Call& call) {
  static_assert(Plan::kHeader == 16, "the table says so");
  Plan plan{};
  const auto size = [&](const char* name) { return static_cast<int>(call.size(name)); };
  plan.num_cells = size("cell");
  plan.num_slots = size("slot");
  plan.num_channels = size("channel");
  plan.num_classes = size("class");
  plan.num_inputs = size("input");
  plan.num_edges = size("edge");
  plan.num_ports = size("port");
  plan.num_forward_rows = size("forward_rows");
  plan.num_message_rows = size("message_rows");
  plan.num_pairs = size("pair");
  plan.num_pair_inputs = size("pair_input");
  plan.num_idle = size("idle");
  plan.in_ptr = ints(call, "plan.in_ptr");
  plan.in_source = ints(call, "plan.in_source");
  plan.in_slot = ints(call, "plan.in_slot");
  plan.out_ptr = ints(call, "plan.out_ptr");
  plan.out_cell = ints(call, "plan.out_cell");
  plan.out_input = ints(call, "plan.out_input");
  plan.port_ptr = ints(call, "plan.port_ptr");
  plan.port_class = ints(call, "plan.port_class");
  plan.port_sign = ints(call, "plan.port_sign");
  plan.forward_row = ints(call, "plan.forward_row");
  plan.message_row = ints(call, "plan.message_row");
  plan.by_depth = ints(call, "plan.by_depth");
  plan.pair_source = ints(call, "plan.pair_source");
  plan.pair_target = ints(call, "plan.pair_target");
  plan.pair_in_ptr = ints(call, "plan.pair_in_ptr");
  plan.pair_in_pair = ints(call, "plan.pair_in_pair");
  plan.pair_in_input = ints(call, "plan.pair_in_input");
  return plan;
}

Options options_of(const Call& call) {
  Options options;
  const auto whole = [&](const char* name) { return static_cast<int>(call.number(name)); };
  options.dt = call.number("options.dt");
  options.readout_gain = call.number("options.readout_gain");
  options.per_step_loss = whole("options.per_step_loss") != 0;
  options.broadcast = whole("options.broadcast") != 0;
  options.num_levels = whole("options.levels");
  options.wraps = whole("options.wraps") != 0;
  options.uses_traces = whole("options.uses_traces") != 0;
  options.trace_leak = call.number("options.trace_leak");
  options.gain_positive = call.number("options.gain_positive");
  options.gain_negative = call.number("options.gain_negative");
  options.subtraction_bias = call.number("options.subtraction_bias");
  options.trace_noise = call.number("options.trace_noise");
  options.message_noise = call.number("options.message_noise");
  options.num_threads = whole("options.num_threads");
  options.trace_bits = whole("options.trace_bits");
  options.trace_limit = call.number("options.trace_limit");
  options.trace_rounds_at_random = whole("options.rounds_at_random") != 0;
  return options;
}

const Table& update_table() {
  static const Table& table = *new Table(
      "latticework_update",
      with(with(plan_rows(), option_rows(Use::kUpdate)),
           {kFeedbackLength,
            kFeedback,
            kSimd,
            {Place::kArgument, "log_tau", "float", "seed+ cell"},
            {Place::kArgument, "weight", "float", "seed+ cell slot"},
            {Place::kArgument, "bias", "float", "seed+ cell"},
            {Place::kArgument, "inputs", "float", "seed+ batch time channel"},
            {Place::kArgument, "targets", "int32", "seed+ batch", "0 <= x < class"},
            {Place::kArgument, "key", "uint32", "seed+ 2"},
            {Place::kSize, "seeds", "", "seed+", "1 <= x <= 2^20"},
            {Place::kSize, "batch", "", "batch", "1 <= x <= 2^26"},
            {Place::kSize, "time", "", "time", "1 <= x <= 2^24"},
            {Place::kSize, "work", "", "time cell+pair levels", "1 <= x <= 2^30"},
            {Place::kResult, "d_log_tau", "float", "seed+ cell"},
            {Place::kResult, "d_weight", "float", "seed+ cell slot"},
            {Place::kResult, "d_bias", "float", "seed+ cell"},
            {Place::kResult, "loss", "float", "seed+"},
            {Place::kResult, "correct", "float", "seed+"}}));
  return table;
}

const Table& score_table() {
  static const Table& table = *new Table(
      "latticework_score",
      with(with(plan_rows(), option_rows(Use::kScore)),
           {kSimd,
            {Place::kArgument, "log_tau", "float", "map* seed cell"},
            {Place::kArgument, "weight", "float", "map* seed cell slot"},
            {Place::kArgument, "bias", "float", "map* seed cell"},
            {Place::kArgument, "inputs", "float", "map* batch time channel"},
            {Place::kSize, "calls", "", "map*", "0 <= x <= 2^20"},
            {Place::kSize, "seeds", "", "seed", "0 <= x <= 2^20"},
            {Place::kSize, "batch", "", "batch", "0 <= x <= 2^26"},
            {Place::kSize, "time", "", "time", "1 <= x <= 2^24"},
            {Place::kSize, "work", "", "time cell", "1 <= x <= 2^27"},
            {Place::kResult, "scores", "float", "map* seed batch class"}}));
  return table;
}

const Table& train_table() {
  static const Table& table = *new Table(
      "latticework_train",
      with(with(plan_rows(), option_rows(Use::kTrain)),
           {kFeedbackLength,
            kFeedback,
            {Place::kAttribute, "step_sizes", "float64", "3"},
            {Place::kPart, "step_sizes.log_tau", "real", "@0"},
            {Place::kPart, "step_sizes.weight", "real", "@1"},
            {Place::kPart, "step_sizes.bias", "real", "@2"},
            {Place::kAttribute, "layout", "int32", "layout_length"},
            {Place::kPart, "layout.time", "whole", "@0", "1 <= x <= 2^24"},
            {Place::kPart, "layout.byte", "whole", "@1", "1 <= x <= 2^26"},
            {Place::kPart, "layout.value", "whole", "@2", "256 <= x <= 2^20"},
            {Place::kPart, "layout.code", "int32", "time*channel", "0 <= x < byte+value"},
            kSimd,
            {Place::kArgument, "log_tau", "float", "seed cell"},
            {Place::kArgument, "weight", "float", "seed cell slot"},
            {Place::kArgument, "bias", "float", "seed cell"},
            {Place::kArgument, "pixels", "uint8", "example byte"},
            {Place::kArgument, "targets", "int32", "example", "0 <= x < class"},
            {Place::kArgument, "order", "int32", "seed length", "0 <= x < example"},
            {Place::kArgument, "table", "float", "value"},
            {Place::kArgument, "bounds", "int32", "2", "0 <= x <= length", "first <= last", bounds},
            {Place::kSize, "seeds", "", "seed", "1 <= x <= 2^20"},
            {Place::kSize, "examples", "", "example", "0 <= x < 2^31"},
            {Place::kSize, "work", "", "time cell levels", "1 <= x <= 2^30"},
            {Place::kSize, "length", "", "length", "0 <= x < 2^31"},
            {Place::kResult, "new_log_tau", "float", "seed cell", "", "", nullptr, "log_tau"},
            {Place::kResult, "new_weight", "float", "seed cell slot", "", "", nullptr, "weight"},
            {Place::kResult, "new_bias", "float", "seed cell", "", "", nullptr, "bias"},
            {Place::kResult, "loss", "float", "seed"},
            {Place::kResult, "correct", "float", "seed"}}));
  return table;
}

}  // namespace latticework
