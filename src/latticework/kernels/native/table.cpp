// What a table of rows says, read once: types, sizes, axes, limits.
#include <stdexcept>

#include "arguments.hpp"
#include "known.hpp"
#include "xla/ffi/api/c_api.h"

namespace latticework {
namespace {

struct TypeName {
  int type;
  const char* name;
  size_t bytes;
};
constexpr TypeName kTypes[] = {
    {XLA_FFI_DataType_PRED, "bool", 1},        {XLA_FFI_DataType_S8, "int8", 1},
    {XLA_FFI_DataType_S16, "int16", 2},        {XLA_FFI_DataType_S32, "int32", 4},
    {XLA_FFI_DataType_S64, "int64", 8},        {XLA_FFI_DataType_U8, "uint8", 1},
    {XLA_FFI_DataType_U16, "uint16", 2},       {XLA_FFI_DataType_U32, "uint32", 4},
    {XLA_FFI_DataType_U64, "uint64", 8},       {XLA_FFI_DataType_F16, "float16", 2},
    {XLA_FFI_DataType_F32, "float32", 4},      {XLA_FFI_DataType_F64, "float64", 8},
    {XLA_FFI_DataType_BF16, "bfloat16", 2},    {XLA_FFI_DataType_C64, "complex64", 8},
    {XLA_FFI_DataType_C128, "complex128", 16},
};

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find(' ', at);
    if (end == std::string_view::npos) end = text.size();
    if (end > at) found.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

int64_t whole(std::string_view text) {
  int64_t value = 0;
  for (char letter : text) value = 10 * value + (letter - '0');
  return value;
}

std::string_view after_dot(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string_view before_dot(std::string_view name) { return name.substr(0, name.find('.')); }

bool is_single(const Row& row) {
  const std::string_view type = row.type;
  return type == "whole" || (row.place == Place::kAttribute && row.shape[0] == 0 && type != "text");
}

}  // namespace

const char* type_name(int type) {
  for (const TypeName& known : kTypes)
    if (known.type == type) return known.name;
  return "another type";
}

int type_of_name(std::string_view name) {
  for (const TypeName& known : kTypes)
    if (name == known.name) return known.type;
  return 0;
}

size_t type_bytes(int type) {
  if (type == XLA_FFI_DataType_F32) return 4;  // most are
  for (const TypeName& known : kTypes)
    if (known.type == type) return known.bytes;
  return 0;
}

Table::Table(const char* entry, std::vector<Row> given)
    : entry(entry), rows(std::move(given)), known(new Known) {
  parsed.resize(rows.size());
  sizes.reserve(kMaxSizes + 1);
  for (size_t n = 0; n < rows.size(); ++n) parse(n);
  if (sizes.size() > kMaxSizes || rows.size() > kMaxRows || num_arguments > kMaxOperands)
    throw std::logic_error("a table of arguments is too long");
  for (size_t n = 0; n < sizes.size(); ++n) size_numbers_.set(sizes[n], static_cast<int>(n));
  for (size_t n = 0; n < rows.size(); ++n) {
    const Place place = rows[n].place;
    Numbers& numbers = place == Place::kArgument ? argument_rows_
                       : place == Place::kResult ? result_rows_
                                                 : attribute_rows_;
    if (parsed[n].is_text) texts.push_back(n);
    if (parsed[n].operand >= 0) operands.push_back(n);
    if (place != Place::kSize) numbers.set(rows[n].name, static_cast<int>(n));
    if (parsed[n].owner >= 0) parsed[parsed[n].owner].has_parts = true;
  }
}

int Table::size_index(std::string_view name) const { return size_numbers_.get(name); }

int Table::row_index(Place place, std::string_view name) const {
  const Numbers& numbers = place == Place::kArgument ? argument_rows_
                           : place == Place::kResult ? result_rows_
                                                     : attribute_rows_;
  const int row = numbers.get(name);
  if (row < 0) throw std::logic_error("there is no row " + std::string(name));
  return row;
}

int Table::intern(std::string_view name) {
  for (size_t n = 0; n < sizes.size(); ++n)
    if (sizes[n] == name) return static_cast<int>(n);
  sizes.emplace_back(name);
  return static_cast<int>(sizes.size()) - 1;
}

// [flag:] a * b * 3 [+ 1], or 2^n [- a]
Term Table::term(std::string_view text) {
  Term term;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    term.flag = intern(text.substr(0, colon));
    text = text.substr(colon + 1);
  }
  for (int sign : {1, -1})
    if (const size_t at = text.find(sign > 0 ? '+' : '-', 1); at != std::string_view::npos) {
      const std::string_view rest = text.substr(at + 1);
      if (is_digit(rest[0]))
        term.offset = sign * whole(rest);
      else
        term.sizes[2] = intern(rest), term.shift = sign;
      text = text.substr(0, at);
    }
  bool minus = text[0] == '-';
  if (minus) text = text.substr(1);
  int count = 0;
  while (!text.empty()) {
    const size_t star = text.find('*');
    const std::string_view one = text.substr(0, star);
    if (const size_t power = one.find('^'); power != std::string_view::npos)
      term.factor *= int64_t{1} << whole(one.substr(power + 1));
    else if (is_digit(one[0]))
      term.factor *= whole(one);
    else
      term.sizes[count++] = intern(one);
    text = star == std::string_view::npos ? "" : text.substr(star + 1);
  }
  if (minus) term.factor = -term.factor;
  return term;
}

Limit Table::limit(std::string_view text, bool is_open) {
  Limit limit;
  limit.term = term(text);
  limit.is_there = true;
  limit.is_open = is_open;
  return limit;
}

void Table::parse(size_t number) {
  const Row& row = rows[number];
  Parsed& out = parsed[number];
  for (std::string_view word : words(row.shape)) {
    out.tokens.emplace_back(word);
    if (word[0] == '@') {
      out.entry = static_cast<int>(whole(word.substr(1)));
      continue;
    }
    Axis axis;
    axis.name = word;
    const char last = word.back();
    if (row.place != Place::kPart && (last == '+' || last == '*'))
      axis.kind = last == '+' ? Axis::kSome : Axis::kAny;
    else
      axis.term = term(word);
    out.axes.push_back(axis);
  }
  const std::vector<std::string_view> range = words(row.range);
  for (size_t n = 0; n + 1 < range.size(); ++n) {
    if (range[n + 1] == "<" || range[n + 1] == "<=") {
      if (range[n] != "x") out.least = limit(range[n], range[n + 1] == "<");
    }
    if (n > 0 && range[n - 1] == "x") out.most = limit(range[n + 1], range[n] == "<");
  }
  switch (row.place) {
    case Place::kArgument: out.operand = num_arguments++; break;
    case Place::kResult: out.operand = num_results++; break;
    case Place::kAttribute: ++num_attributes; break;
    default: break;
  }
  if (row.place == Place::kPart)
    for (size_t n = 0; n < number; ++n)
      if (rows[n].place == Place::kAttribute && before_dot(row.name) == rows[n].name)
        out.owner = static_cast<int>(n);
  out.is_text = std::string_view(row.type) == "text";
  const Row& attribute = out.owner < 0 ? row : rows[static_cast<size_t>(out.owner)];
  out.is_double = std::string_view(attribute.type) == "float64";
  if (is_single(row)) out.size = intern(after_dot(row.name));
  if (row.place == Place::kSize && row.holds) out.size = intern(row.name);
  for (size_t n = 0; row.shares[0] && n < number; ++n)
    if (rows[n].place == Place::kArgument && std::string_view(rows[n].name) == row.shares)
      out.shares = parsed[n].operand;
}

const std::vector<const Table*>& all_tables() {
  static const std::vector<const Table*> all = {
      &update_table(), &score_table(), &train_table(),        &glom_table(),
      &glom_back_table(), &waves_table(), &cube_forward_table(), &cube_backward_table()};
  return all;
}

}  // namespace latticework
