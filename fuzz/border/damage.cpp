#include "damage.hpp"

#include <cmath>
#include <functional>
#include <limits>

namespace fuzz {

using latticework::AttributeValue;
using latticework::Axis;
using latticework::Call;
using latticework::Limit;
using latticework::Parsed;
using latticework::Place;
using latticework::Plan;
using latticework::Row;
using latticework::Table;
using latticework::Term;

namespace {

constexpr int kTypes[] = {XLA_FFI_DataType_PRED, XLA_FFI_DataType_S8,  XLA_FFI_DataType_S32,
                          XLA_FFI_DataType_S64,  XLA_FFI_DataType_U8,  XLA_FFI_DataType_U32,
                          XLA_FFI_DataType_F16,  XLA_FFI_DataType_F32, XLA_FFI_DataType_F64,
                          XLA_FFI_DataType_BF16, XLA_FFI_DataType_C64, XLA_FFI_DataType_C128};

class Damage {
 public:
  Damage(Chance& chance, Drawn& drawn, size_t n)
      : chance_(chance), call_(drawn.call), arguments_(drawn.arguments), table_(*drawn.call.table),
        n_(n), row_(table_.rows[n]), parsed_(table_.parsed[n]) {}

  std::string run() {
    switch (row_.place) {
      case Place::kAttribute: return attribute();
      case Place::kPart: return parsed_.entry >= 0 ? entry() : section();
      case Place::kSize: return size();
      default: return array();
    }
  }

 private:
  // Arrays.

  Array& mine() {
    auto& all = row_.place == Place::kArgument ? arguments_.arguments : arguments_.results;
    return all[parsed_.operand];
  }

  std::string array() {
    const int64_t way = chance_.below(8);
    if (way == 0) return type();
    if (way == 1 || way == 2) return memory();
    if ((way == 3 || way == 4) && row_.place == Place::kArgument) return values();
    return shape();
  }

  void resize(std::vector<int64_t> dims) {
    Array& array = mine();
    array.dims = std::move(dims);
    if (array.dims.size() > 0)
      for (int64_t size : array.dims)
        if (size < 0 || size > 1000000) return;  // nobody may look at what is there
    if (array.count() <= size_t{1} << 22) resize_memory(array);
  }

  std::string type() {
    Array& array = mine();
    int other = array.type;
    while (other == array.type) other = kTypes[chance_.below(std::size(kTypes))];
    array.type = other;
    resize(array.dims);
    return std::string("is ") + latticework::type_name(other);
  }

  std::string memory() {
    Array& array = mine();
    const size_t item = latticework::type_bytes(array.type), bytes = array.count() * item;
    if (bytes == 0) return "";
    if (row_.place == Place::kResult && chance_.one_in(2)) return overlap(bytes);
    if (chance_.one_in(2)) {
      array.data = nullptr;
      return "has no memory";
    }
    if (item == 1) return "";
    const bool is_kept = array.name == "states" || array.name == "stats";
    array.block = Block(bytes, is_kept ? item : 1);
    array.data = array.block.data();
    std::memset(array.data, 0, bytes);
    return "is not aligned";
  }

  std::string overlap(size_t bytes) {
    const bool is_argument = chance_.one_in(2);
    auto& others = is_argument ? arguments_.arguments : arguments_.results;
    const size_t other = chance_.below(static_cast<int64_t>(others.size()));
    const size_t there = others[other].count() * latticework::type_bytes(others[other].type);
    if (there < bytes || &others[other] == &mine()) return "";
    const size_t item = latticework::type_bytes(mine().type);
    char* at = others[other].data + (there - bytes) / item * item;
    if (reinterpret_cast<uintptr_t>(at) % item) return "";
    const bool is_shared = is_argument && parsed_.shares == static_cast<int>(other);
    if (is_shared && at == others[other].data) return "";
    mine().data = at;
    // Which of two results gives way does not matter to us, but to the row that speaks.
    if (!is_argument && static_cast<int>(other) > parsed_.operand) return "";
    return "lies over " + others[other].name;
  }

  // Whether a change of this axis is wrong: others have it, too, or it follows from something.
  bool is_bound_elsewhere(const Term& term) const {
    const std::string name = term.sizes[0] >= 0 ? table_.sizes[term.sizes[0]] : "";
    if (name == "kept" || name == "learned") return true;  // one of two sizes
    if (term.factor != 1 || term.offset != 0 || term.sizes[0] < 0 || term.sizes[1] >= 0) return true;
    const int index = term.sizes[0];
    int uses = 0;
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      if (table_.parsed[n].size == index) return true;
      if (table_.rows[n].place == Place::kArgument || table_.rows[n].place == Place::kResult)
        for (const Axis& axis : table_.parsed[n].axes)
          if (axis.kind == Axis::kOne)
            for (int one : axis.term.sizes) uses += one == index;
      if (table_.rows[n].place == Place::kAttribute)
        for (const Axis& axis : table_.parsed[n].axes) uses += axis.term.sizes[0] == index;
      if (table_.rows[n].place == Place::kPart)
        for (const Axis& axis : table_.parsed[n].axes)
          for (int one : axis.term.sizes) uses += one == index;
    }
    return uses > 1;
  }

  // The terms of the axes that are there, a null for those of a group.
  std::vector<const Term*> terms() const {
    std::vector<const Term*> found;
    for (const Axis& axis : parsed_.axes) {
      if (axis.kind != Axis::kOne)
        for (int m = 0; m < call_.group_rank; ++m) found.push_back(nullptr);
      else if (axis.term.flag < 0 || call_.sizes[axis.term.flag] == 1)
        found.push_back(&axis.term);
    }
    return found;
  }

  std::string shape() {
    std::vector<int64_t> dims = mine().dims;
    const std::vector<const Term*> all = terms();
    const int rank = static_cast<int>(dims.size());
    const auto changed = [&](const char* what) {
      if (dims == mine().dims) return std::string();
      resize(dims);
      return std::string(what);
    };
    switch (chance_.below(rank ? 7 : 2)) {
      case 0: dims.insert(dims.begin(), chance_.between(1, 2)); return changed("has an axis more");
      case 1: dims.push_back(chance_.between(1, 2)); return changed("has an axis more behind");
      case 2: {
        // Among arrays with axes of a group, one axis less may be one of another group alone.
        dims.erase(dims.begin() + chance_.below(rank));
        return changed("has an axis less");
      }
      case 3: dims.clear(); return changed("is scalar");
      case 4: {
        if (rank < 2) return "";
        dims = {static_cast<int64_t>(mine().count())};
        return changed("is flat");
      }
      case 5: {
        if (rank < 2) return "";
        const int one = static_cast<int>(chance_.below(rank - 1));
        for (int axis : {one, one + 1})
          if (all[axis] && !is_bound_elsewhere(*all[axis])) return "";
        std::swap(dims[one], dims[one + 1]);
        return changed("is transposed");
      }
      default: {
        const int axis = static_cast<int>(chance_.below(rank));
        const Term* term = all[axis];
        if (term && !is_bound_elsewhere(*term)) {
          dims[axis] = -1 - chance_.below(3);
          return changed("has a negative size");
        }
        // Results of two sizes: neither.
        const int64_t before = dims[axis];
        dims[axis] = chance_.of<int64_t>({before - 1, before + 1, 0, 2 * before, -1, -before,
                                          int64_t{1} << 40, std::numeric_limits<int64_t>::max()});
        if (term && may_be(*term, dims[axis])) return "";
        return changed("has another size");
      }
    }
  }

  bool may_be(const Term& term, int64_t size) const {
    const std::string name = term.sizes[0] >= 0 ? table_.sizes[term.sizes[0]] : "";
    if (name == "kept") return size == 0 || size == call_.size("room");
    if (name == "learned") return size == 0 || size == call_.size("weight");
    if (name == "trains_seed") return size == 1 || size == call_.size("seed");
    return false;
  }

  // Values out of range, and relations among them.
  std::string values() {
    Array& array = mine();
    if (array.name == "bounds" && chance_.one_in(2)) {
      int32_t* bound = array.values<int32_t>();
      if (call_.size("length") < 1) return "";
      bound[0] = static_cast<int32_t>(call_.size("length")), bound[1] = bound[0] - 1;
      return "ends before it begins";
    }
    if (array.count() == 0 || !row_.range[0]) return "";
    const size_t at = chance_.below(static_cast<int64_t>(array.count()));
    if (array.type == XLA_FFI_DataType_S32) {
      array.values<int32_t>()[at] = static_cast<int32_t>(outside(parsed_, true));
    } else if (array.type == XLA_FFI_DataType_U32) {
      const int64_t most = value_of(call_, parsed_.most.term) + (parsed_.most.is_open ? 0 : 1);
      if (most > 0xFFFFFFFF) return "";
      array.values<uint32_t>()[at] = chance_.one_in(2) ? static_cast<uint32_t>(most) : 0xFFFFFFFF;
    } else {
      return "";
    }
    return "has a value out of range";
  }

  int64_t outside(const Parsed& parsed, bool is_int) {
    const bool has_most = parsed.most.is_there, has_least = parsed.least.is_there;
    if (!has_least || (has_most && chance_.one_in(2))) {
      const int64_t most = value_of(call_, parsed.most.term) + (parsed.most.is_open ? 0 : 1);
      const int64_t far = std::numeric_limits<int32_t>::max();
      if (!is_int || most <= far) return chance_.one_in(2) && most < far ? far : most;
    }
    const int64_t least = value_of(call_, parsed.least.term) - (parsed.least.is_open ? 0 : 1);
    return chance_.one_in(2) ? least : std::numeric_limits<int32_t>::min();
  }

  // Products of sizes: sizes grow to what other rows allow until the product is too large. Memory
  // stays as it is, since nobody may look at it.
  std::string size() {
    if (row_.holds) return derived();
    if (!parsed_.most.is_there) return "";
    if (parsed_.axes[0].kind != Axis::kOne) return group_size();
    const double most = static_cast<double>(value_of(call_, parsed_.most.term)) -
                        (parsed_.most.is_open ? 1 : 0);
    if (parsed_.axes.size() == 1 && is_free(parsed_.axes[0].term)) {
      const int64_t least = parsed_.least.is_there ? value_of(call_, parsed_.least.term) - 1 : -1;
      const bool falls = least >= 0 && chance_.one_in(2);
      return set(parsed_.axes[0].term.sizes[0], falls ? least : static_cast<int64_t>(most) + 1);
    }
    for (const Axis& axis : parsed_.axes) {
      if (!is_free(axis.term)) continue;
      const int index = axis.term.sizes[0];
      set(index, limit_of(index));
      double product = 1;
      for (const Axis& one : parsed_.axes) product *= static_cast<double>(value_of(call_, one.term));
      if (product > most) return "is " + std::to_string(product);
    }
    return "";
  }

  // Whether a size can be changed without anything else.
  bool is_free(const Term& term) const {
    if (term.sizes[0] < 0 || term.sizes[1] >= 0 || term.sizes[2] >= 0 || term.offset) return false;
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      const Parsed& parsed = table_.parsed[n];
      if (parsed.size == term.sizes[0]) return std::string(row_of_part(n)).rfind("numbers.", 0) == 0;
      if (table_.rows[n].place == Place::kPart && parsed.entry < 0)
        for (const Axis& axis : parsed.axes)
          for (int one : axis.term.sizes)
            if (one == term.sizes[0]) return false;
    }
    return true;
  }
  const char* row_of_part(size_t n) const { return table_.rows[n].name; }

  // The most that another row allows of a size.
  int64_t limit_of(int index) const {
    int64_t most = int64_t{1} << 31;
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      const Parsed& parsed = table_.parsed[n];
      const bool is_limit = table_.rows[n].place == Place::kSize && !table_.rows[n].holds &&
                            parsed.axes.size() == 1 && parsed.axes[0].term.sizes[0] == index;
      if (n == n_ || !parsed.most.is_there || (!is_limit && parsed.size != index)) continue;
      const int64_t here = value_of(call_, parsed.most.term) - (parsed.most.is_open ? 1 : 0);
      most = here < most ? here : most;
    }
    return most;
  }

  // A size in all arrays and attributes, with what follows from it.
  std::string set(int index, int64_t size) {
    call_.sizes[index] = size;
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      const Row& row = table_.rows[n];
      const Parsed& parsed = table_.parsed[n];
      if (row.place == Place::kPart && parsed.size == index) write_part(n, size);
      if (row.place == Place::kSize && row.holds && std::string_view(row.name) != "shared")
        row.holds(call_);
      if (row.place == Place::kSize && std::string_view(row.name) == "room") keep_all();
      if (row.place == Place::kAttribute && !parsed.axes.empty()) resize_attribute(n);
      if (row.place == Place::kArgument || row.place == Place::kResult) reshape(n);
      if (row.place == Place::kResult && row.holds) row.holds(call_);
    }
    return "is " + std::to_string(size) + " of " + table_.sizes[index];
  }

  void write_part(size_t n, int64_t size) {
    Attribute& owner = *arguments_.attribute(table_.rows[table_.parsed[n].owner].name);
    if (owner.type != XLA_FFI_DataType_S32) return;
    owner.ints()[table_.parsed[n].entry] = static_cast<int32_t>(size);
    // Blocks of one fill any cube.
    const int block = table_.size_index("block_" + table_.sizes[table_.parsed[n].size]);
    for (size_t m = 0; block >= 0 && m < table_.rows.size(); ++m)
      if (table_.parsed[m].size == block) owner.ints()[table_.parsed[m].entry] = 1;
  }

  void keep_all() {
    int64_t& kept = call_.sizes[table_.size_index("kept") < 0 ? table_.size_index("room")
                                                             : table_.size_index("kept")];
    if (kept > 0) kept = call_.size("room");
  }

  void resize_attribute(size_t n) {
    Attribute& given = *arguments_.attribute(table_.rows[n].name);
    const int64_t length = value_of(call_, table_.parsed[n].axes[0].term);
    if (given.kind == AttributeValue::kArray && length >= 0 && length < 1 << 20)
      given.bytes.resize(static_cast<size_t>(length) * latticework::type_bytes(given.type));
  }

  void reshape(size_t n) {
    Array& array = (table_.rows[n].place == Place::kArgument
                        ? arguments_.arguments
                        : arguments_.results)[table_.parsed[n].operand];
    array.dims.clear();
    for (const Axis& axis : table_.parsed[n].axes) {
      if (axis.kind != Axis::kOne)
        for (int m = 0; m < call_.group_rank; ++m) array.dims.push_back(call_.group[m]);
      else if (axis.term.flag < 0 || call_.sizes[axis.term.flag] == 1)
        array.dims.push_back(value_of(call_, axis.term));
    }
  }

  std::string group_size() {
    if (call_.group_rank < 1) return "";
    const bool falls = parsed_.least.is_there && value_of(call_, parsed_.least.term) > 0;
    for (int m = 0; m < call_.group_rank; ++m) call_.group[m] = 1;
    call_.group[0] = falls && chance_.one_in(2) ? 0 : value_of(call_, parsed_.most.term) + 1;
    for (size_t n = 0; n < table_.rows.size(); ++n)
      if (table_.rows[n].place == Place::kArgument || table_.rows[n].place == Place::kResult) reshape(n);
    return "is " + std::to_string(call_.group[0]);
  }

  // Rows that only say how a size follows from others: what is wrong shows where it is used.
  std::string derived() {
    if (std::string_view(row_.name) != "shared" || call_.size("seed") == 2) return "";
    set(table_.size_index("trains_seed"), 2);
    Array& trains = arguments_.arguments[1];
    resize_memory(trains);
    return "has trains of 2 seeds";
  }

  static void resize_memory(Array& array) {
    const size_t bytes = array.count() * latticework::type_bytes(array.type);
    array.block = Block(bytes, 0);
    array.data = array.block.data();
    if (bytes) std::memset(array.data, 0, bytes);
  }

  // Attributes.

  std::string attribute() {
    Attribute& given = *arguments_.attribute(row_.name);
    const bool is_text = std::string_view(row_.type) == "text";
    switch (chance_.below(5)) {
      case 0: given.name += "s"; return "is missing";
      case 1:
        given.kind = is_text ? AttributeValue::kArray : AttributeValue::kText;
        if (is_text) given.type = XLA_FFI_DataType_U8;
        return "is another kind";
      case 2: {
        if (is_text) {
          const std::string_view other = chance_.of<std::string_view>({"sse9", "AVX2", "avx2 ", "\xff"});
          given.bytes.assign(other.begin(), other.end());
          return "names no level";
        }
        given.type = chance_.of({XLA_FFI_DataType_F32, XLA_FFI_DataType_U32, XLA_FFI_DataType_S64});
        given.bytes.resize(given.bytes.size() / 8 * 8);
        return "has another type";
      }
      case 3:
        if (is_text) return "";
        if (given.kind == AttributeValue::kScalar) {
          given.kind = AttributeValue::kArray;
          return "is an array";
        }
        given.bytes.resize(given.bytes.size() + latticework::type_bytes(given.type));
        return "is too long";
      default:
        if (is_text || given.bytes.empty()) return "";
        if (given.kind == AttributeValue::kArray && row_.range[0] && chance_.one_in(2)) {
          given.ints()[chance_.below(static_cast<int64_t>(given.size()))] =
              static_cast<int32_t>(outside(parsed_, true));
          return "has a value out of range";
        }
        if (given.kind == AttributeValue::kScalar) {
          given.ints()[0] = -1 - static_cast<int32_t>(chance_.below(1000));
          return "is negative";
        }
        given.bytes.resize(given.bytes.size() - latticework::type_bytes(given.type));
        return "is too short";
    }
  }

  std::string entry() {
    Attribute& owner = *arguments_.attribute(table_.rows[parsed_.owner].name);
    const bool is_double = owner.type == XLA_FFI_DataType_F64;
    const auto set = [&](double value) {
      if (is_double)
        owner.reals()[parsed_.entry] = value;
      else
        owner.ints()[parsed_.entry] = static_cast<int32_t>(value);
      return "is " + std::to_string(value);
    };
    const std::string name = row_.name;
    if (name == "options.uses_traces" && row_.holds && call_.size("pair") == 0 && chance_.one_in(2))
      return set(1);
    if (name.rfind("numbers.block_", 0) == 0 && chance_.one_in(2)) {
      const int64_t size = call_.size(name.substr(name.size() - 1).c_str());
      return size > 2 ? set(static_cast<double>(size - 1)) : "";
    }
    if (is_double && chance_.one_in(2)) {
      const double value = chance_.of({std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300});
      return set(value);
    }
    const bool is_whole = std::string_view(row_.type) == "whole";
    if (is_double && is_whole && chance_.one_in(3)) return set(owner.reals()[parsed_.entry] + 0.5);
    if (!row_.range[0]) return "";
    return set(static_cast<double>(outside(parsed_, !is_double)));
  }

  // Sections.

  std::string section() {
    Attribute& owner = *arguments_.attribute(table_.rows[parsed_.owner].name);
    const size_t offset = static_cast<const char*>(call_.part[n_]) - owner.bytes.data();
    int64_t length = 1;
    for (const Axis& axis : parsed_.axes) length *= value_of(call_, axis.term);
    if (owner.type == XLA_FFI_DataType_F64) return real_section(owner, offset, length);
    int32_t* at = reinterpret_cast<int32_t*>(owner.bytes.data() + offset);
    if (row_.holds && (!row_.range[0] || chance_.one_in(2))) return relation(at);
    if (length == 0 || !row_.range[0]) return "";
    at[chance_.below(length)] = static_cast<int32_t>(outside(parsed_, true));
    return "has an entry out of range";
  }

  std::string real_section(Attribute& owner, size_t offset, int64_t length) {
    double* at = reinterpret_cast<double*>(owner.bytes.data() + offset);
    if (length == 0) return "";
    at += chance_.below(length);
    if (row_.holds && chance_.one_in(2)) {
      *at = -0.25;
      return "has a negative chance";
    }
    *at = row_.range[0] && chance_.one_in(2) ? 0 : chance_.of({std::nan(""), HUGE_VAL, 1e300});
    return "has no sensible number";
  }

  std::string relation(int32_t* at) {
    const std::string name = std::string_view(table_.entry) == "latticework_waves"
                                 ? std::string("waves.") + (row_.name + 5)
                                 : std::string(row_.name);
    if (name.size() > 4 && name.substr(name.size() - 4) == "_ptr") return pointers(at);
    if (name.rfind("waves.", 0) == 0) return wave_relation(name, at);
    return plan_relation(name, at);
  }

  std::string pointers(int32_t* ptr) {
    const int64_t count = value_of(call_, parsed_.axes[0].term) - 1;
    if (count < 1) return "";
    const int32_t end = ptr[count];
    if (end < 1) return "";
    switch (chance_.below(3)) {
      case 0:
        if (ptr[0] == 0 && count >= 1 && ptr[1] >= 1) {
          ptr[0] = 1;
          return "does not begin with 0";
        }
        return "";
      case 1:
        if (ptr[count - 1] > end - 1) return "";
        ptr[count] = end - 1;
        return "does not end at the end";
      default: {
        const int64_t k = chance_.below(count);
        if (ptr[k + 1] >= end) return "";
        ptr[k] = ptr[k + 1] + 1;
        return "falls";
      }
    }
  }

  std::string plan_relation(const std::string& name, int32_t* at) {
    const Plan plan = latticework::plan_of(call_);
    const int cells = plan.num_cells;
    const int k = static_cast<int>(chance_.below(cells));
    const int first = plan.in_ptr[k], inputs = plan.in_ptr[k + 1] - first;
    const int out = plan.out_ptr[k], users = plan.out_ptr[k + 1] - out;
    const auto an_input = [&] { return first + static_cast<int>(chance_.below(inputs)); };
    const auto an_edge = [&] { return out + static_cast<int>(chance_.below(users)); };
    if (name == "plan.in_source") {
      if (inputs == 0) return "";
      at[an_input()] = static_cast<int32_t>(chance_.between(k, cells - 1));
      return "reads a later cell";
    }
    if (name == "plan.in_slot") {
      if (inputs < 2) return "";
      at[first + 1] = at[first];
      return "connects a slot twice";
    }
    if (name == "plan.out_cell") {
      if (users == 0) return "";
      at[an_edge()] = static_cast<int32_t>(chance_.between(0, k));
      return "has an earlier user";
    }
    if (name == "plan.out_input") {
      if (users == 0 || plan.num_inputs < 2) return "";
      const int edge = an_edge();
      at[edge] = (at[edge] + 1 + static_cast<int32_t>(chance_.below(plan.num_inputs - 1))) % plan.num_inputs;
      return "has another input";
    }
    if (name == "plan.forward_row") {
      for (int n = first; n < first + inputs; ++n)
        if (plan.in_source[n] < cells) {
          at[k] = at[plan.in_source[n]];
          return "overwrites what it reads";
        }
      return "";
    }
    if (name == "plan.message_row") {
      if (users == 0) return "";
      at[k] = at[plan.out_cell[an_edge()]];
      return "overwrites what it reads";
    }
    if (name == "plan.by_depth") {
      if (cells < 2) return "";
      const int other = static_cast<int>(chance_.below(cells));
      if (at[other] == at[k]) return "";
      at[other] = at[k];
      return "has a cell twice";
    }
    return pair_relation(plan, name, at);
  }

  std::string pair_relation(const Plan& plan, const std::string& name, int32_t* at) {
    if (plan.num_pairs == 0 || plan.num_cells < 2) return "";
    if (name == "plan.pair_source" || name == "plan.pair_target") {
      const int k = static_cast<int>(chance_.below(plan.num_cells));
      at[k] = (k + 1) % plan.num_cells;
      return "does not begin with own pairs";
    }
    const int pair = static_cast<int>(chance_.below(plan.num_pairs));
    if (plan.pair_in_ptr[pair] == plan.pair_in_ptr[pair + 1]) return "";
    const int n = plan.pair_in_ptr[pair];
    if (name == "plan.pair_in_pair") {
      const int other = static_cast<int>(chance_.below(plan.num_pairs));
      if (other < pair && plan.pair_source[other] == plan.pair_source[pair]) return "";
      if (other < plan.num_cells && plan.pair_source[other] == plan.pair_source[pair]) return "";
      at[n] = other;
      return "hears a wrong pair";
    }
    const int input = static_cast<int>(chance_.below(plan.num_inputs)), target = plan.pair_target[pair];
    if (input >= plan.in_ptr[target] && input < plan.in_ptr[target + 1]) return "";
    at[n] = input;
    return "hears through a wrong input";
  }

  std::string wave_relation(const std::string& name, int32_t* at) {
    const int columns = static_cast<int>(call_.size("column")), buffers = static_cast<int>(call_.size("buffer"));
    const int links = static_cast<int>(call_.size("link")), populations = static_cast<int>(call_.size("population"));
    const int32_t* sizes = call_.array<int32_t>("plan.sizes");
    if (name == "waves.columns") {
      if (columns == 0) return "";
      int32_t* column = at + 2 * chance_.below(columns);
      switch (chance_.below(3)) {
        case 0: column[0] = chance_.of({-1, 0, populations, 1 << 30}); return "is no column";
        case 1: column[1] = chance_.of({-1, sizes[column[0]], 1 << 30}); return "has such winners";
        default:
          if (columns < 2) return "";
          at[0] = at[2];
          return at[1] < sizes[at[2]] ? "has a population twice" : "has a population twice, too many winners";
      }
    }
    if (name == "waves.buffers") {
      if (buffers == 0) return "";
      int32_t* buffer = at + 3 * chance_.below(buffers);
      switch (chance_.below(3)) {
        case 0: buffer[0] = chance_.of({-1, 0, populations, call_.array<int32_t>("plan.columns")[0]}); return "is no buffer";
        case 1: buffer[1] = chance_.of({-1, 0, populations, 1 << 30}); return "shows nothing";
        default: buffer[2] = chance_.of({-1, 2, 1 << 30}); return "is silent somehow";
      }
    }
    if (name == "waves.links") {
      if (links == 0) return "";
      int32_t* link = at + 5 * chance_.below(links);
      switch (chance_.below(5)) {
        case 0: link[0] = chance_.of({-1, populations, 1 << 30, link[1]}); return "has such a source";
        case 1: link[1] = chance_.of({-1, populations, 1 << 30, 0}); return "has such a target";
        case 2: link[2] = chance_.of({-1, static_cast<int>(call_.size("block")), 1 << 30}); return "has such a block";
        case 3: link[3] = chance_.of({-2, static_cast<int>(call_.size("rule")), 1 << 30}); return "has such a rule";
        default: link[4] = chance_.of({-65, 65, 1 << 30}); return "has such a lag";
      }
    }
    if (name == "waves.blocks") {
      if (call_.size("block") == 0) return "";
      at[chance_.below(2 * call_.size("block"))] += chance_.of({1, -1, 1 << 20});
      return "has another size";
    }
    if (name == "waves.records") {
      if (call_.size("record") < 2) return "";
      at[0] = at[1];
      return "records twice";
    }
    return "";
  }

  Chance& chance_;
  Call& call_;
  Arguments& arguments_;
  const Table& table_;
  size_t n_;
  const Row& row_;
  const Parsed& parsed_;
};

}  // namespace

std::string damage(Chance& chance, Drawn& drawn, size_t row) {
  return Damage(chance, drawn, row).run();
}

}  // namespace fuzz
