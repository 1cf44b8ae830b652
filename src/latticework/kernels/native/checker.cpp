// The checker: walks a table's rows and says what does not hold.
#include <cmath>
#include <limits>

#include "arguments.hpp"
#include "known.hpp"
#include "sentences.hpp"
#include "xla/ffi/api/c_api.h"

namespace latticework {

#ifdef LATTICEWORK_FUZZ
LeftOut left_out;
#endif

namespace {

// Also once it is float32.
bool is_real_number(double x) { return std::fabs(x) <= std::numeric_limits<float>::max(); }

class Checker {
 public:
  explicit Checker(Call& call) : call_(call), table_(*call.table) {}

  std::string run() {
    if (std::string why = counts(); !why.empty()) return why;
    const bool is_known = recalls();
    const std::string why = is_known ? memory_of_all() : all_rows();
    if (!why.empty()) return why;
    for (size_t n : table_.operands)
      if (table_.rows[n].place == Place::kArgument && !is_left_out(n))
        if (std::string why = values(n); !why.empty()) return sentence(n, why);
    if (!is_known && !is_one_left_out()) table_.known->remember(call_);
    return "";
  }

 private:
  bool is_left_out([[maybe_unused]] size_t n) const {
#ifdef LATTICEWORK_FUZZ
    return left_out.table == &table_ && left_out.row == n;
#else
    return false;
#endif
  }
  static bool is_one_left_out() {
#ifdef LATTICEWORK_FUZZ
    return left_out.table != nullptr;
#else
    return false;
#endif
  }

  // The SIMD level is chosen anew for every call.
  bool recalls() {
    for (size_t n : table_.texts)
      if (!attribute(n).empty()) return false;
    return table_.known->recall(call_);
  }

  std::string sentence(size_t n, const std::string& why) const {
    return std::string(table_.entry) + ": " + table_.rows[n].name + " " + why;
  }

  std::string counts() const {
    const auto wrong = [&](const char* what, int there, int expected) {
      return std::string(table_.entry) + " takes " + std::to_string(expected) + " " + what + ", not " +
             std::to_string(there);
    };
    if (call_.num_arguments != table_.num_arguments)
      return wrong("arguments", call_.num_arguments, table_.num_arguments);
    if (call_.num_results != table_.num_results)
      return wrong("results", call_.num_results, table_.num_results);
    if (call_.num_attributes != table_.num_attributes)
      return wrong("attributes", call_.num_attributes, table_.num_attributes);
    return "";
  }

  std::string all_rows() {
    for (size_t n = 0; n < table_.rows.size(); ++n)
      if (!is_left_out(n))
        if (std::string why = row(n); !why.empty()) return sentence(n, why);
    return ends();
  }

  std::string row(size_t n) {
    const Row& row = table_.rows[n];
    switch (row.place) {
      case Place::kAttribute: return attribute(n);
      case Place::kPart: return part(n);
      case Place::kSize: return size(n);
      default: return shape(n);
    }
  }

  // Whether there is a value for all sizes of a term.
  bool is_bound(const Term& term) const {
    for (int index : term.sizes)
      if (index >= 0 && call_.sizes[index] < 0) return false;
    return true;
  }
  // -1 where it is beyond all reason.
  int64_t value(const Term& term) const {
    int64_t product = term.factor;
    for (int n = 0; n < 2; ++n)
      if (term.sizes[n] >= 0 &&
          __builtin_mul_overflow(product, call_.sizes[term.sizes[n]], &product))
        return -1;
    if (term.sizes[2] >= 0) product += term.shift * call_.sizes[term.sizes[2]];
    return product + term.offset;
  }
  bool is_there(const Axis& axis) const {
    return axis.term.flag < 0 || call_.sizes[axis.term.flag] == 1;
  }

  std::string limits(size_t n) const {
    return std::string("expected ") + table_.rows[n].range + bounds(n);
  }
  // What the names in a range stand for.
  std::string bounds(size_t n) const {
    std::string text;
    const Parsed& parsed = table_.parsed[n];
    for (const Limit* limit : {&parsed.least, &parsed.most})
      for (int index : limit->term.sizes)
        if (limit->is_there && index >= 0)
          text += (text.empty() ? " with " : " and ") + table_.sizes[index] + " " +
                  std::to_string(call_.sizes[index]);
    return text;
  }

  bool within(size_t n, double x) const {
    const Parsed& parsed = table_.parsed[n];
    if (parsed.least.is_there) {
      const double least = static_cast<double>(value(parsed.least.term));
      if (!(parsed.least.is_open ? x > least : x >= least)) return false;
    }
    if (parsed.most.is_there) {
      const double most = static_cast<double>(value(parsed.most.term));
      if (!(parsed.most.is_open ? x < most : x <= most)) return false;
    }
    return true;
  }

  std::string attribute(size_t n) {
    const Row& row = table_.rows[n];
    const AttributeValue* given = call_.attribute(row.name);
    if (!given) return "is missing among the attributes";
    const std::string_view type = row.type;
    if (type == "text") {
      if (given->kind != AttributeValue::kText) return "is no text, which was expected";
      if (row.holds) return row.holds(call_);
      return "";
    }
    const bool is_scalar = row.shape[0] == 0;
    if (given->kind != (is_scalar ? AttributeValue::kScalar : AttributeValue::kArray) ||
        type_of_name(type) != given->type)
      return std::string("is ") + (given->kind == AttributeValue::kArray ? "an array of " : "") +
             (given->kind == AttributeValue::kText ? "text" : type_name(given->type)) +
             ", expected " + (is_scalar ? "one " : "an array of ") + row.type;
    call_.part[n] = given->data;
    used_[n] = 0;
    if (is_scalar) return entry(n, *static_cast<const int32_t*>(given->data));
    const Axis& axis = table_.parsed[n].axes[0];
    if (!is_bound(axis.term)) {
      call_.sizes[axis.term.sizes[0]] = static_cast<int64_t>(given->size);
    } else if (value(axis.term) != static_cast<int64_t>(given->size)) {
      return "has " + std::to_string(given->size) + " entries, expected " + axis.name + " = " +
             std::to_string(value(axis.term));
    }
    if (type == "int32" && table_.rows[n].range[0])
      if (std::string why = integers(n, static_cast<const int32_t*>(given->data), given->size);
          !why.empty())
        return why;
    return row.holds ? row.holds(call_) : "";
  }

  // A single number.
  std::string entry(size_t n, double x) {
    const Row& row = table_.rows[n];
    const bool is_real = std::string_view(row.type) == "real";
    if (!is_real_number(x)) return "is " + number_text(x) + ", expected a number within float32's range";
    if (!is_real && x != std::floor(x)) return "is " + number_text(x) + ", expected a whole number";
    if (!within(n, x)) return "is " + number_text(x) + ", " + limits(n);
    if (table_.parsed[n].size >= 0 && std::fabs(x) < 9e15)
      call_.sizes[table_.parsed[n].size] = static_cast<int64_t>(x);
    return row.holds ? row.holds(call_) : "";
  }

  std::string part(size_t n) {
    const Row& row = table_.rows[n];
    const Parsed& parsed = table_.parsed[n];
    const AttributeValue* given = call_.attribute(table_.rows[parsed.owner].name);
    if (!call_.part[parsed.owner] || !given) return "";  // refused before
    const bool is_double = given->type == XLA_FFI_DataType_F64;
    const char* data = static_cast<const char*>(given->data);
    const size_t bytes = is_double ? sizeof(double) : sizeof(int32_t);
    size_t& used = used_[parsed.owner];
    if (parsed.entry >= 0) {
      if (static_cast<size_t>(parsed.entry) >= given->size) return "is missing: the array is too short";
      const char* at = data + parsed.entry * bytes;
      call_.part[n] = at;
      if (used < static_cast<size_t>(parsed.entry) + 1) used = parsed.entry + 1;
      return entry(n, is_double ? *reinterpret_cast<const double*>(at)
                                : *reinterpret_cast<const int32_t*>(at));
    }
    int64_t length = 1;
    for (const Axis& axis : parsed.axes) {
      const int64_t size = is_bound(axis.term) ? value(axis.term) : -1;
      if (size < 0 || __builtin_mul_overflow(length, size, &length)) return "has no length";
    }
    if (static_cast<uint64_t>(length) > given->size - used)
      return "is cut short: the array ends after " + std::to_string(given->size - used) + " of " +
             std::to_string(length) + " entries";
    const char* at = data + used * bytes;
    used += length;
    call_.part[n] = at;
    if (is_double) return reals(n, reinterpret_cast<const double*>(at), length);
    if (std::string why = integers(n, reinterpret_cast<const int32_t*>(at), length); !why.empty())
      return why;
    return row.holds ? row.holds(call_) : "";
  }

  // No attribute goes on behind its last part.
  std::string ends() const {
    for (size_t n = 0; n < table_.rows.size(); ++n) {
      const bool has_parts = table_.parsed[n].has_parts && call_.part[n];
      const AttributeValue* given = has_parts ? call_.attribute(table_.rows[n].name) : nullptr;
      if (given && given->size != used_[n])
        return sentence(n, "has " + std::to_string(given->size) + " entries, expected " +
                               std::to_string(used_[n]));
    }
    return "";
  }

  std::string reals(size_t n, const double* values, int64_t count) {
    for (int64_t m = 0; m < count; ++m)
      if (!is_real_number(values[m]) || !within(n, values[m]))
        return "is " + number_text(values[m]) + " at " + std::to_string(m) + ", " +
               (table_.rows[n].range[0] ? limits(n) : "expected a number within float32's range");
    return table_.rows[n].holds ? table_.rows[n].holds(call_) : "";
  }

  // All at once, in a loop that the compiler widens.
  std::string integers(size_t n, const int32_t* values, int64_t count) const {
    const Parsed& parsed = table_.parsed[n];
    if (!parsed.least.is_there || !parsed.most.is_there) return "";
    const int64_t least = value(parsed.least.term) + (parsed.least.is_open ? 1 : 0);
    const int64_t most = value(parsed.most.term) - (parsed.most.is_open ? 1 : 0);
    if (count == 0) return "";
    const bool is_possible = least <= most && least >= std::numeric_limits<int32_t>::min();
    const uint32_t base = static_cast<uint32_t>(least);
    const uint32_t span = static_cast<uint32_t>(
        (most < std::numeric_limits<int32_t>::max() ? most : std::numeric_limits<int32_t>::max()) - least);
    uint32_t bad = !is_possible;
    for (int64_t m = 0; m < count; ++m) bad |= static_cast<uint32_t>(values[m]) - base > span;
    if (!bad) return "";
    for (int64_t m = 0; m < count; ++m)
      if (!within(n, values[m]))
        return "has " + std::to_string(values[m]) + " at " + std::to_string(m) + ", " + limits(n);
    return "";
  }

  std::string words_in_range(size_t n, const uint32_t* values, int64_t count) const {
    const Limit& most = table_.parsed[n].most;
    const uint32_t largest = static_cast<uint32_t>(value(most.term) - (most.is_open ? 1 : 0));
    if (value(most.term) >= int64_t{1} << 32 && !most.is_open) return "";
    uint32_t bad = 0;
    for (int64_t m = 0; m < count; ++m) bad |= values[m] > largest;
    if (!bad) return "";
    for (int64_t m = 0; m < count; ++m)
      if (!within(n, values[m]))
        return "has " + std::to_string(values[m]) + " at " + std::to_string(m) + ", " + limits(n);
    return "";
  }

  // Products and sizes that follow from others.
  std::string size(size_t n) {
    const Row& row = table_.rows[n];
    if (row.holds) return row.holds(call_);
    double product = 1;
    std::string text;
    for (const Axis& axis : table_.parsed[n].axes) {
      if (axis.kind != Axis::kOne) {
        for (int m = 0; m < call_.group_rank; ++m) product *= static_cast<double>(call_.group[m]);
      } else {
        if (!is_bound(axis.term)) return "";  // refused where it should have been bound
        product *= static_cast<double>(value(axis.term));
      }
      text += (text.empty() ? "" : " x ") + axis.name;
    }
    if (within(n, product)) return "";
    return "is " + number_text(product) + (table_.parsed[n].axes.size() > 1 ? " (" + text + ")" : "") +
           ", " + limits(n);
  }

  std::string shape(size_t n) {
    const Row& row = table_.rows[n];
    const bool is_result = row.place == Place::kResult;
    const Operand& given =
        (is_result ? call_.results : call_.arguments)[table_.parsed[n].operand];
    if (std::string why = type(row, given); !why.empty()) return why;
    if (!fits(table_.parsed[n], given)) return wrong_shape(n, given);
    if (elements(given) < 0) return wrong_shape(n, given) + ", and fewer of everything";
    return memory_of(n);
  }

  std::string memory_of_all() {
    for (size_t n : table_.operands)
      if (std::string why = memory_of(n); !why.empty()) return sentence(n, why);
    return "";
  }

  // What shapes alone do not say of an operand.
  std::string memory_of(size_t n) {
    const Row& row = table_.rows[n];
    const bool is_result = row.place == Place::kResult;
    const Operand& given =
        (is_result ? call_.results : call_.arguments)[table_.parsed[n].operand];
    if (!call_.is_traced)
      if (std::string why = memory(n, given); !why.empty()) return why;
    return is_result && row.holds ? row.holds(call_) : "";
  }

  std::string type(const Row& row, const Operand& given) {
    const std::string_view wanted = row.type;
    if (wanted == "float") {
      const bool is_float =
          given.type == XLA_FFI_DataType_F32 || given.type == XLA_FFI_DataType_F64;
      if (is_float && call_.float_type == 0) call_.float_type = given.type;
      if (is_float && call_.float_type == given.type) return "";
      if (is_float)
        return std::string("is ") + type_name(given.type) + ", expected " +
               type_name(call_.float_type) + " as the arrays before it; convert one of them";
      return std::string("is ") + type_name(given.type) +
             ", expected float32 or float64; convert it with .astype";
    }
    if (given.type == type_of_name(wanted)) return "";
    return std::string("is ") + type_name(given.type) + ", expected " + row.type +
           "; convert it with .astype";
  }

  // Binds what is not bound yet.
  bool fits(const Parsed& parsed, const Operand& given) {
    int64_t fixed = 0;
    bool has_group = false;
    int64_t least_group = 0;
    for (const Axis& axis : parsed.axes) {
      if (axis.kind == Axis::kOne)
        fixed += is_there(axis);
      else
        has_group = true, least_group = axis.kind == Axis::kSome;
    }
    const int64_t group = given.rank - fixed;
    if (has_group ? group < least_group || group > kMaxRank : group != 0) return false;
    if (has_group && call_.group_rank >= 0 && group != call_.group_rank) return false;
    int64_t at = 0;
    for (const Axis& axis : parsed.axes) {
      if (axis.kind != Axis::kOne) {
        for (int64_t m = 0; m < group; ++m) {
          const int64_t size = given.dims[at++];
          if (size < 0) return false;
          if (call_.group_rank < 0)
            call_.group[m] = size;
          else if (call_.group[m] != size)
            return false;
        }
        call_.group_rank = static_cast<int>(group);
        continue;
      }
      if (!is_there(axis)) continue;
      const int64_t size = given.dims[at++];
      if (size < 0) return false;
      if (!is_bound(axis.term) && axis.term.sizes[1] < 0 && axis.term.factor == 1 &&
          axis.term.offset == 0)
        call_.sizes[axis.term.sizes[0]] = size;
      else if (!is_bound(axis.term) || value(axis.term) != size)
        return false;
    }
    return true;
  }

  std::string wrong_shape(size_t n, const Operand& given) const {
    std::vector<std::string> numbers;
    for (const Axis& axis : table_.parsed[n].axes) {
      if (axis.kind != Axis::kOne) {
        if (call_.group_rank < 0) numbers.push_back("...");
        for (int m = 0; m < call_.group_rank; ++m) numbers.push_back(std::to_string(call_.group[m]));
      } else if (is_there(axis)) {
        numbers.push_back(is_bound(axis.term) ? std::to_string(value(axis.term)) : axis.name);
      }
    }
    return "has shape " + list_of(given.dims, given.rank) + ", expected " +
           in_brackets(table_.parsed[n].tokens) + ", here " + in_brackets(numbers);
  }

  // There is memory, it is aligned, and results lie over nothing else.
  std::string memory(size_t n, const Operand& given) const {
    const size_t item = type_bytes(given.type);
    const size_t bytes = static_cast<size_t>(elements(given)) * item;
    if (bytes == 0) return "";
    if (!given.data) return "has no memory";
    const uintptr_t begin = reinterpret_cast<uintptr_t>(given.data);
    if (begin & (item - 1)) return "does not lie at a multiple of its type's size";
    if (table_.rows[n].place != Place::kResult) return "";
    const auto meets = [&](const Operand& other) {
      const uintptr_t at = reinterpret_cast<uintptr_t>(other.data);
      if (at >= begin + bytes) return false;
      const int64_t count = elements(other);
      return count > 0 && begin < at + static_cast<size_t>(count) * type_bytes(other.type);
    };
    for (size_t m : table_.operands) {
      const Parsed& parsed = table_.parsed[m];
      const bool is_argument = table_.rows[m].place == Place::kArgument;
      if (!is_argument && m >= n) continue;
      const Operand& other = (is_argument ? call_.arguments : call_.results)[parsed.operand];
      if (!meets(other)) continue;
      if (is_argument && parsed.operand == table_.parsed[n].shares && other.data == given.data)
        continue;
      return std::string("lies over ") + table_.rows[m].name + " in memory, expected memory of its own";
    }
    return "";
  }

  std::string values(size_t n) {
    const Row& row = table_.rows[n];
    const Operand& given = call_.arguments[table_.parsed[n].operand];
    const int64_t count = elements(given);
    std::string why;
    if (row.range[0] && count > 0 && given.data) {
      if (given.type == XLA_FFI_DataType_S32)
        why = integers(n, static_cast<const int32_t*>(given.data), count);
      else if (given.type == XLA_FFI_DataType_U32)
        why = words_in_range(n, static_cast<const uint32_t*>(given.data), count);
    }
    if (!why.empty()) return why;
    return row.holds && given.data ? row.holds(call_) : "";
  }

  Call& call_;
  const Table& table_;
  size_t used_[kMaxRows] = {};
};

}  // namespace

std::string refusal(Call& call) { return Checker(call).run(); }
}  // namespace latticework
