// What the handler of waves takes.
#include <vector>

#include "arguments.hpp"
#include "relations.hpp"

namespace latticework {
namespace {

typedef const int32_t* Ints;

constexpr int kMostNeurons = 2048;  // of a column: ties are broken by numbers of 11 bits

int64_t& bound(Call& call, const char* name) { return call.sizes[call.table->size_index(name)]; }
Ints ints(const Call& call, const char* name) { return call.array<int32_t>(name); }

std::string total_of(Call& call, const char* name, int64_t count) {
  const Ints sizes = ints(call, "plan.sizes");
  int64_t total = 0;
  for (int64_t n = 0; n < count; ++n) total += sizes[n];
  bound(call, name) = total;
  return "";
}
std::string shown(Call& call) { return total_of(call, "shown", call.size("input")); }
std::string unit(Call& call) { return total_of(call, "unit", call.size("population")); }

std::string at(const char* what, int64_t n) { return std::string(what) + " " + std::to_string(n); }

// Which column a population is, by the order in which they are computed; -1 where it is none.
std::vector<int> column_of(const Call& call) {
  std::vector<int> number(call.size("population"), -1);
  const Ints columns = ints(call, "plan.columns");
  for (int n = 0; n < call.size("column"); ++n) number[columns[2 * n]] = n;
  return number;
}

std::string columns(Call& call) {
  const Ints columns = ints(call, "plan.columns"), sizes = ints(call, "plan.sizes");
  std::vector<char> is_taken(call.size("population"), 0);
  for (int64_t n = 0; n < call.size("column"); ++n) {
    const int population = columns[2 * n], winners = columns[2 * n + 1];
    if (population < call.size("input") || population >= call.size("population"))
      return "has population " + std::to_string(population) + at(" for column", n) +
             ", expected one that is no input";
    if (is_taken[population]++) return "has population " + std::to_string(population) + " twice";
    if (sizes[population] > kMostNeurons)
      return "has " + std::to_string(sizes[population]) + at(" neurons in column", n) +
             ", expected at most " + std::to_string(kMostNeurons);
    if (winners < 0 || winners >= sizes[population])
      return "has " + std::to_string(winners) + at(" winners in column", n) +
             ", expected fewer than its neurons, and 0 for no inhibition";
  }
  return "";
}

std::string buffers(Call& call) {
  const Ints buffers = ints(call, "plan.buffers"), sizes = ints(call, "plan.sizes");
  std::vector<int> taken = column_of(call);
  for (int64_t n = 0; n < call.size("buffer"); ++n) {
    const int population = buffers[3 * n], of = buffers[3 * n + 1], silent = buffers[3 * n + 2];
    for (int one : {population, of})
      if (one < call.size("input") || one >= call.size("population"))
        return "has population " + std::to_string(one) + at(" for buffer", n) +
               ", expected one that is no input";
    if (taken[population] >= 0) return "has population " + std::to_string(population) + " twice";
    taken[population] = static_cast<int>(n);
    if (sizes[population] != sizes[of]) return at("differs in size from what it shows, for buffer", n);
    if (silent != 0 && silent != 1) return at("has neither 0 nor 1 for silence, for buffer", n);
  }
  for (int64_t n = call.size("input"); n < call.size("population"); ++n)
    if (taken[n] < 0) return "leaves population " + std::to_string(n) + " without a part";
  return "";
}

// A link leads to a column, from an input, a buffer or a column computed before.
std::string links(Call& call) {
  const Ints links = ints(call, "plan.links");
  const std::vector<int> column = column_of(call);
  for (int64_t n = 0; n < call.size("link"); ++n) {
    const Ints link = links + 5 * n;
    if (link[0] < 0 || link[0] >= call.size("population") || link[1] < 0 ||
        link[1] >= call.size("population"))
      return at("leads outside the populations, for link", n);
    if (column[link[1]] < 0) return at("leads to what is no column, for link", n);
    if (column[link[0]] >= column[link[1]]) return at("comes from a later column, for link", n);
    if (link[2] < 0 || link[2] >= call.size("block")) return at("has no such block, for link", n);
    if (link[3] < -1 || link[3] >= call.size("rule")) return at("has no such rule, for link", n);
    if (link[4] < -64 || link[4] > 64) return at("has a lag beyond 64 steps, for link", n);
  }
  return "";
}

// A block's rows and columns are those of every link that uses it.
std::string blocks(Call& call) {
  const Ints blocks = ints(call, "plan.blocks"), sizes = ints(call, "plan.sizes");
  const Ints links = ints(call, "plan.links");
  std::vector<char> is_used(call.size("block"), 0);
  for (int64_t n = 0; n < call.size("link"); ++n) {
    const Ints link = links + 5 * n, block = blocks + 2 * link[2];
    is_used[link[2]] = 1;
    if (block[0] != sizes[link[0]] || block[1] != sizes[link[1]])
      return "is " + std::to_string(block[0]) + " x " + std::to_string(block[1]) +
             at(", but not so link", n);
  }
  for (size_t n = 0; n < is_used.size(); ++n)
    if (!is_used[n]) return at("is used by no link, for block", static_cast<int64_t>(n));
  return "";
}

std::string weight(Call& call) {
  const Ints blocks = ints(call, "plan.blocks");
  int64_t total = 0;
  for (int64_t n = 0; n < call.size("block"); ++n)
    total += static_cast<int64_t>(blocks[2 * n]) * blocks[2 * n + 1];
  bound(call, "weight") = total;
  return total < int64_t{1} << 31 ? "" : "is " + std::to_string(total) + ", expected less than 2^31";
}

std::string records(Call& call) {
  const Ints records = ints(call, "plan.records");
  std::vector<char> is_taken(call.size("population"), 0);
  for (int64_t n = 0; n < call.size("record"); ++n)
    if (is_taken[records[n]]++)
      return "has population " + std::to_string(records[n]) + " twice; record each once";
  return "";
}

std::string recorded(Call& call) {
  const Ints records = ints(call, "plan.records"), sizes = ints(call, "plan.sizes");
  int64_t total = 0;
  for (int64_t n = 0; n < call.size("record"); ++n) total += sizes[records[n]];
  bound(call, "recorded") = total;
  return "";
}

std::string rules(Call& call) {
  const double* rules = call.array<double>("numbers.rules");
  for (int64_t n = 0; n < call.size("rule"); ++n, rules += 6) {
    for (int m = 0; m < 5; ++m)
      if (!(rules[m] >= 0 && rules[m] <= 1)) return at("has no probability from 0 to 1, for rule", n);
    if (!(rules[5] > 0)) return at("has no largest weight above 0, for rule", n);
  }
  return "";
}

std::string full(Call& call) {
  bound(call, "full") = int64_t{1} << call.size("length");
  return "";
}

std::string shared(Call& call) {
  const int64_t trains = call.size("trains_seed"), seeds = call.size("seed");
  bound(call, "shared") = trains == 1;
  return trains == 1 || trains == seeds
             ? ""
             : "is " + std::to_string(trains) + ", expected 1 or " + std::to_string(seeds);
}

std::string learned(Call& call) {
  const int64_t learned = call.size("learned"), weights = call.size("weight");
  return learned == 0 || learned == weights
             ? ""
             : "has " + std::to_string(learned) + " weights, expected " + std::to_string(weights) +
                   ", or 0 where nothing learns";
}

std::vector<Row> rows() {
  const auto part = [](const char* name, const char* shape, const char* range,
                       const char* relation = "", std::string (*holds)(Call&) = nullptr) {
    return Row{Place::kPart, name, shape[0] == '@' ? "whole" : "int32", shape, range, relation, holds};
  };
  return {
      {Place::kAttribute, "plan", "int32", "plan_length"},
      part("plan.length", "@0", "2 <= x <= 32"),
      part("plan.last_step", "@1", "length-1 <= x <= length"),
      part("plan.channel", "@2", "1 <= x <= 2^20"),
      part("plan.right_winners", "@3", "0 <= x <= 1"),
      part("plan.separate", "@4", "0 <= x <= 1"),
      part("plan.random_ties", "@5", "0 <= x <= 1"),
      part("plan.population", "@6", "1 <= x <= 2^16"),
      part("plan.input", "@7", "0 <= x <= population"),
      part("plan.column", "@8", "0 <= x <= population"),
      part("plan.buffer", "@9", "0 <= x <= population"),
      part("plan.link", "@10", "0 <= x <= 2^16"),
      part("plan.block", "@11", "0 <= x <= link"),
      part("plan.rule", "@12", "0 <= x <= link"),
      part("plan.record", "@13", "0 <= x <= population"),
      part("plan.sizes", "population", "1 <= x <= 2^14"),
      {Place::kSize, "shown", "", "", "", "units of all inputs", shown},
      {Place::kSize, "unit", "", "", "", "units of all populations", unit},
      part("plan.inputs", "shown", "0 <= x < channel"),
      part("plan.columns", "2*column", "", "population and winners, in order", columns),
      part("plan.buffers", "3*buffer", "", "population, what it shows, silence", buffers),
      part("plan.links", "5*link", "", "source, target, block, rule, lag", links),
      part("plan.blocks", "2*block", "", "rows and columns of its links", blocks),
      {Place::kSize, "weight", "", "", "", "entries of all blocks, below 2^31", weight},
      part("plan.records", "record", "0 <= x < population", "each once", records),
      {Place::kSize, "recorded", "", "", "", "units of what is recorded", recorded},
      {Place::kAttribute, "numbers", "float64", "number_length"},
      {Place::kPart, "numbers.thresholds", "float64", "column", "0 < x"},
      {Place::kPart, "numbers.heights", "float64", "population"},
      {Place::kPart, "numbers.rules", "float64", "6*rule", "",
       "five numbers from 0 to 1, and the largest weight", rules},
      {Place::kAttribute, "num_threads", "int32", "", "0 <= x < 2^31"},
      {Place::kAttribute, "simd", "text", "", "", "a SIMD level of this machine", has_level},
      {Place::kSize, "full", "", "", "", "2^length", full},
      {Place::kArgument, "weights", "float32", "seed weight"},
      {Place::kArgument, "trains", "uint32", "trains_seed example wave channel", "0 <= x < full"},
      {Place::kArgument, "keys", "uint32", "seed 2"},
      {Place::kArgument, "first", "uint32", "1", "0 <= x <= 2^32-example"},
      {Place::kSize, "shared", "", "", "", "1 where all seeds see the same trains", shared},
      {Place::kSize, "seeds", "", "seed", "1 <= x <= 2^20"},
      {Place::kSize, "work", "", "seed example", "0 <= x <= 2^30"},
      {Place::kSize, "waves", "", "wave", "1 <= x <= 2^20"},
      {Place::kResult, "new_weights", "float32", "seed learned", "",
       "all weights, or none", learned},
      {Place::kResult, "seen", "uint32", "seed example wave recorded"},
  };
}

}  // namespace

const Table& waves_table() {
  static const Table& table = *new Table("latticework_waves", rows());
  return table;
}

}  // namespace latticework
