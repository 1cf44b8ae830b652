#include "draw.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "dispatch.hpp"
#include "ffi.hpp"

namespace fuzz {

using latticework::Axis;
using latticework::Call;
using latticework::Parsed;
using latticework::Place;
using latticework::Row;
using latticework::Table;
using latticework::Term;

namespace {

class Reader {
 public:
  explicit Reader(const std::string& path) : in_(path, std::ios::binary) {
    if (!in_) throw std::runtime_error("cannot read " + path);
  }
  template <class T>
  T number() {
    T value{};
    in_.read(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  }
  std::vector<char> bytes() {
    std::vector<char> all(number<uint64_t>());
    in_.read(all.data(), static_cast<std::streamsize>(all.size()));
    if (!in_) throw std::runtime_error("the problems are cut short");
    return all;
  }
  std::string text() {
    const std::vector<char> all = bytes();
    return std::string(all.begin(), all.end());
  }

 private:
  std::ifstream in_;
};

// Sizes that a table leaves open: from one up to what reaches every case of the kernels.
int64_t free_size(Chance& chance, const std::string& name, bool few) {
  if (name == "batch") return few ? chance.of<int64_t>({1, 3, 17}) : chance.of<int64_t>({1, 2, 3, 5, 8, 16, 17, 33});
  if (name == "time") return few ? chance.of<int64_t>({1, 7}) : chance.between(1, 9);
  if (name == "row" || name == "col") return few ? chance.of<int64_t>({1, 3}) : chance.between(1, 5);
  if (name == "example") return few ? chance.of<int64_t>({1, 3}) : chance.between(1, 5);
  if (name == "length") return few ? 4 : chance.between(1, 6);
  if (name == "wave") return few ? 3 : chance.between(1, 4);
  return chance.between(1, 3);  // seeds
}

}  // namespace

std::vector<Problem> read_problems(const std::string& path) {
  Reader in(path);
  std::vector<Problem> problems(in.number<uint64_t>());
  for (Problem& problem : problems) {
    problem.entry = in.text();
    const auto num_sizes = in.number<uint64_t>();
    for (uint64_t n = 0; n < num_sizes; ++n) {
      std::string name = in.text();
      problem.sizes.emplace_back(std::move(name), in.number<int64_t>());
    }
    problem.attributes.resize(in.number<uint64_t>());
    for (Attribute& one : problem.attributes) {
      one.name = in.text();
      one.kind = static_cast<latticework::AttributeValue::Kind>(in.number<uint64_t>());
      one.type = latticework::type_of_name(in.text());
      one.bytes = in.bytes();
    }
  }
  return problems;
}

Source::Source(const Table& table, const std::vector<Problem>& problems)
    : table(table), problems_(problems) {
  for (size_t n = 0; n < problems.size(); ++n)
    if (problems[n].entry == table.entry) {
      mine_.push_back(static_cast<int>(n));
      for (const auto& [name, value] : problems[n].sizes)
        if (name == "is_compared" && value) compared_.push_back(static_cast<int>(n));
    }
  if (mine_.empty()) throw std::runtime_error(std::string("there are no problems for ") + table.entry);
}

int64_t value_of(const Call& call, const Term& term) {
  int64_t product = term.factor;
  for (int n = 0; n < 2; ++n) {
    if (term.sizes[n] < 0) continue;
    if (call.sizes[term.sizes[n]] < 0) return -1;
    product *= call.sizes[term.sizes[n]];
  }
  if (term.sizes[2] >= 0) product += term.shift * call.sizes[term.sizes[2]];
  return product + term.offset;
}

namespace {

// Tells the call what an attribute or part says, as far as shapes need it.
void read_attributes(Call& call, Arguments& arguments) {
  call.num_attributes = 0;
  for (Attribute& one : arguments.attributes)
    call.attributes[call.num_attributes++] = {one.kind, one.name, one.type, one.size(),
                                              one.bytes.data()};
}

class Walk {
 public:
  Walk(Chance& chance, const Table& table, Drawn& drawn, bool few)
      : chance_(chance), table_(table), call_(drawn.call), arguments_(drawn.arguments), few_(few) {}

  void run() {
    call_.table = &table_;
    read_attributes(call_, arguments_);
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      const Row& row = table_.rows[n];
      if (row.place == Place::kAttribute) attribute(n);
      if (row.place == Place::kPart) part(n);
      if (row.place == Place::kSize && row.holds) {
        before(row);
        row.holds(call_);
      }
      if (row.place == Place::kArgument || row.place == Place::kResult) array(n);
    }
  }

 private:
  void attribute(size_t n) {
    const Row& row = table_.rows[n];
    Attribute* given = arguments_.attribute(row.name);
    if (!given) throw std::runtime_error(std::string("a problem lacks ") + row.name);
    call_.part[n] = given->bytes.data();
    if (std::string_view(row.type) == "text") {
      row.holds(call_);
      return;
    }
    if (table_.parsed[n].size >= 0) {
      call_.sizes[table_.parsed[n].size] = given->ints()[0];
    } else if (value_of(call_, table_.parsed[n].axes[0].term) < 0) {
      call_.sizes[table_.parsed[n].axes[0].term.sizes[0]] = static_cast<int64_t>(given->size());
    }
  }

  void part(size_t n) {
    const Parsed& parsed = table_.parsed[n];
    Attribute* given = arguments_.attribute(table_.rows[parsed.owner].name);
    const bool is_real = given->type == XLA_FFI_DataType_F64;
    size_t& used = used_[parsed.owner];
    if (parsed.entry >= 0) {
      used = parsed.entry + 1;
      call_.part[n] = given->bytes.data() + parsed.entry * (is_real ? 8 : 4);
      if (parsed.size >= 0)
        call_.sizes[parsed.size] = static_cast<int64_t>(
            is_real ? given->reals()[parsed.entry] : given->ints()[parsed.entry]);
      return;
    }
    int64_t length = 1;
    for (const Axis& axis : parsed.axes) length *= value_of(call_, axis.term);
    call_.part[n] = given->bytes.data() + used * (is_real ? 8 : 4);
    used += length;
    if (used > given->size()) throw std::runtime_error(std::string("too short for ") + table_.rows[n].name);
  }

  // Where a table allows two sizes.
  void before(const Row& row) {
    if (std::string_view(row.name) == "shared" && call_.size("trains_seed") > 1)
      call_.sizes[table_.size_index("trains_seed")] = call_.size("seed");
  }
  int64_t choice(const std::string& name) {
    if (name == "kept") return chance_.one_in(3) ? 0 : call_.size("room");
    if (name == "learned") return chance_.one_in(3) ? 0 : call_.size("weight");
    if (name == "trains_seed") return chance_.one_in(3) ? 1 : call_.size("seed");
    return free_size(chance_, name, few_);
  }

  void array(size_t n) {
    const Row& row = table_.rows[n];
    Array array;
    array.name = row.name;
    const std::string_view type = row.type;
    if (type == "float" && call_.float_type == 0)
      call_.float_type = chance_.one_in(2) ? XLA_FFI_DataType_F32 : XLA_FFI_DataType_F64;
    array.type = type == "float" ? call_.float_type : latticework::type_of_name(type);
    for (const Axis& axis : table_.parsed[n].axes) {
      if (axis.kind != Axis::kOne) {
        if (call_.group_rank < 0) {
          const bool is_some = axis.kind == Axis::kSome;
          call_.group_rank = few_ || !chance_.one_in(4) ? is_some : is_some + 1;
          for (int m = 0; m < call_.group_rank; ++m) call_.group[m] = chance_.between(1, 3);
        }
        for (int m = 0; m < call_.group_rank; ++m) array.dims.push_back(call_.group[m]);
        continue;
      }
      if (axis.term.flag >= 0 && call_.sizes[axis.term.flag] != 1) continue;
      if (value_of(call_, axis.term) < 0)
        call_.sizes[axis.term.sizes[0]] = choice(table_.sizes[axis.term.sizes[0]]);
      array.dims.push_back(value_of(call_, axis.term));
    }
    fill(chance_, call_, n, array);
    (row.place == Place::kArgument ? arguments_.arguments : arguments_.results)
        .push_back(std::move(array));
    if (row.place == Place::kResult && row.holds) {
      // Sizes that follow from this result.
      read_results();
      row.holds(call_);
    }
  }
  void read_results() {}

  Chance& chance_;
  const Table& table_;
  Call& call_;
  Arguments& arguments_;
  bool few_;
  size_t used_[latticework::kMaxRows] = {};
};

// Any thread count and level: nothing may depend on them.
void vary(Chance& chance, Arguments& arguments, const Table& table) {
  const double threads = static_cast<double>(chance.between(0, 3));
  for (size_t n = 0; n < table.rows.size(); ++n) {
    const std::string name = table.rows[n].name;
    if (table.rows[n].place > Place::kPart) continue;
    if (name == "simd") {
      const std::string level =
          chance.one_in(4) ? "auto" : latticework::levels()[chance.below(latticework::levels().size())]->name;
      arguments.attribute("simd")->bytes.assign(level.begin(), level.end());
    } else if (name == "num_threads") {
      arguments.attribute(name)->ints()[0] = static_cast<int32_t>(threads);
    } else if (name.size() > 12 && name.substr(name.size() - 12) == ".num_threads") {
      Attribute* owner = arguments.attribute(table.rows[table.parsed[n].owner].name);
      if (owner->type == XLA_FFI_DataType_F64)
        owner->reals()[table.parsed[n].entry] = threads;
      else
        owner->ints()[table.parsed[n].entry] = static_cast<int32_t>(threads);
    }
  }
}

template <class T>
void fill_reals(Chance& chance, const Call& call, const std::string& name, Array& array) {
  T* values = array.values<T>();
  const double dt = std::string_view(call.table->rows[0].name) == "plan" && name == "log_tau"
                        ? std::log(call.number("options.dt"))
                        : 0;
  const bool is_wave = name == "weights";
  for (size_t n = 0; n < array.count(); ++n) {
    double value = chance.uniform(-1, 1);
    if (name == "log_tau") value = dt + 2 + value;
    // Sums of eighths are exact, and within the limits of learning.
    if (is_wave) value = chance.one_in(4) ? 0 : static_cast<double>(chance.below(65)) / 8;
    values[n] = static_cast<T>(value);
  }
}

}  // namespace

void fill(Chance& chance, const Call& call, size_t row, Array& array) {
  const Table& table = *call.table;
  const size_t item = latticework::type_bytes(array.type), bytes = array.count() * item;
  const bool is_kept = array.name == "states" || array.name == "stats";  // whole vectors
  array.block = Block(bytes, is_kept || chance.one_in(2) ? 0 : item);
  array.data = array.block.data();
  if (table.rows[row].place == Place::kResult) {
    if (bytes) std::memset(array.data, 0xFB, bytes);  // a NaN of no other origin
    return;
  }
  const Parsed& parsed = table.parsed[row];
  const auto limit = [&](const latticework::Limit& limit, int64_t otherwise, int step) {
    return limit.is_there ? value_of(call, limit.term) + (limit.is_open ? step : 0) : otherwise;
  };
  if (array.type == XLA_FFI_DataType_F32) {
    fill_reals<float>(chance, call, array.name, array);
  } else if (array.type == XLA_FFI_DataType_F64) {
    fill_reals<double>(chance, call, array.name, array);
  } else if (array.type == XLA_FFI_DataType_S32) {
    const int64_t least = limit(parsed.least, 0, 1), most = limit(parsed.most, 100, -1);
    for (size_t n = 0; n < array.count(); ++n)
      array.values<int32_t>()[n] = static_cast<int32_t>(chance.between(least, most));
  } else if (array.type == XLA_FFI_DataType_U32) {
    const int64_t most = limit(parsed.most, 0xFFFFFFFF, -1);
    for (size_t n = 0; n < array.count(); ++n)
      array.values<uint32_t>()[n] =
          static_cast<uint32_t>(chance.between(0, most < 0xFFFFFFFF ? most : 0xFFFFFFFF));
  } else {
    for (size_t n = 0; n < bytes; ++n) array.data[n] = static_cast<char>(chance.below(256));
  }
  if (array.name == "bounds" && array.values<int32_t>()[0] > array.values<int32_t>()[1])
    std::swap(array.values<int32_t>()[0], array.values<int32_t>()[1]);
  if (array.name == "trains") {  // on from a step to the end, mostly silent
    const int64_t full = call.size("full");
    for (size_t n = 0; n < array.count(); ++n) {
      const int64_t from = chance.below(full) & (chance.one_in(3) ? 0 : -1);
      array.values<uint32_t>()[n] =
          chance.one_in(2) ? 0 : static_cast<uint32_t>((full - 1) & ~((int64_t{1} << (from % 32)) - 1));
    }
  }
}

Drawn Source::draw(Chance& chance, bool few) const {
  Drawn drawn;
  const int number = chance.of(few && !compared_.empty() ? compared_ : mine_);
  drawn.arguments.problem = number;
  drawn.arguments.attributes = problems_[number].attributes;
  for (const auto& [name, size] : problems_[number].sizes)
    if (table.size_index(name) >= 0) drawn.call.sizes[table.size_index(name)] = size;
  vary(chance, drawn.arguments, table);
  Walk(chance, table, drawn, few).run();
  return drawn;
}

}  // namespace fuzz
