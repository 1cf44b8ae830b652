// What the handlers take: one table of rows per handler, and the checker that walks it.
//
// A handler touches nothing before every row of its table holds. Python reads the same tables and
// asks the same checker before it traces (border.py), and the fuzz draws its argument sets from
// them (fuzz/border).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan.hpp"

namespace latticework {

enum class Place {
  kAttribute,  // what decides a call beside its arrays
  kPart,       // of the attribute before the dot: an entry or a section
  kSize,       // a product of sizes, or a size that follows from others
  kArgument,
  kResult,
};

struct Call;

// One thing that must hold.
//
// type: "float" is float32 or float64, the same throughout a call; "text" a string; of parts,
//   "whole" a number without fraction, "real" a finite one.
// shape: axes, each a product of sizes and numbers ("cell+1", "9*channel"), named alike where they
//   are alike. "seed+" is one or more axes and "map*" any number of them. "flag:axis" is there where
//   the flag is 1. Parts: "@n" is entry n; all else are sections, one behind the other.
//   Sizes: their product.
// range: of every value, with x in the middle; "" for any.
// relation, holds: what else must be, in words and as a sentence where it is not.
// shares: of a result, the argument whose memory it may be.
struct Row {
  Place place;
  const char* name;
  const char* type;
  const char* shape;
  const char* range = "";
  const char* relation = "";
  std::string (*holds)(Call&) = nullptr;
  const char* shares = "";
};

// One number of a shape or range: factor * sizes + offset.
struct Term {
  int64_t factor = 1;
  int sizes[3] = {-1, -1, -1};
  int64_t offset = 0;
  int flag = -1;      // a size that must be 1 for the axis to be there
  int64_t shift = 1;  // of ranges: a power of two
};

struct Axis {
  enum Kind { kOne, kSome, kAny } kind = kOne;
  Term term;
  std::string name;
};

struct Limit {
  Term term;
  bool is_there = false, is_open = false;  // open: the limit itself does not count
};

struct Parsed {
  std::vector<Axis> axes;
  std::vector<std::string> tokens;
  Limit least, most;
  int entry = -1;   // of a part "@n"
  int owner = -1;   // of a part: row of its attribute
  int size = -1;    // of a single number: the size that it sets
  int operand = -1; // number among the arguments or results
  int shares = -1;  // number of the argument
  bool has_parts = false, is_text = false;
  bool is_double = false;  // of an attribute and its parts
};

// Numbers by name, for some dozens of short names: found in a few nanoseconds, in every call.
class Numbers {
 public:
  void set(std::string_view name, int number) {
    Slot* slot = &slots_[place(name)];
    while (!slot->name.empty()) slot = slot + 1 < slots_ + kSlots ? slot + 1 : slots_;
    *slot = {name, number};
  }
  int get(std::string_view name) const {  // -1 if there is none
    const Slot* slot = &slots_[place(name)];
    while (!slot->name.empty() && slot->name != name)
      slot = slot + 1 < slots_ + kSlots ? slot + 1 : slots_;
    return slot->number;
  }

 private:
  struct Slot {
    std::string_view name;
    int number = -1;
  };
  static constexpr size_t kSlots = 256;  // more than there are names
  static size_t place(std::string_view name) {
    uint32_t mixed = 2166136261u;
    for (char letter : name) mixed = (mixed ^ static_cast<unsigned char>(letter)) * 16777619u;
    return (mixed ^ mixed >> 16) % kSlots;
  }
  Slot slots_[kSlots];
};

class Known;

class Table {
 public:
  Table(const char* entry, std::vector<Row> rows);
  const char* entry;
  std::vector<Row> rows;
  std::vector<Parsed> parsed;
  std::vector<std::string> sizes;  // all names
  std::vector<size_t> texts, operands;  // the rows that are
  Known* const known;              // calls whose rows held; never freed, as tables are not
  int num_arguments = 0, num_results = 0, num_attributes = 0;
  int size_index(std::string_view name) const;  // -1 if there is none
  int row_index(Place place, std::string_view name) const;  // parts count as attributes

 private:
  Numbers size_numbers_, argument_rows_, result_rows_, attribute_rows_;
  Term term(std::string_view text);
  Limit limit(std::string_view text, bool is_open);
  int intern(std::string_view name);
  void parse(size_t number);
};

constexpr int kMaxSizes = 64;
constexpr int kMaxOperands = 16;
constexpr int kMaxAttributes = 8;
constexpr int kMaxRank = 8;
constexpr int kMaxRows = 96;

struct Operand {
  int type = 0;  // XLA_FFI_DataType
  void* data = nullptr;
  const int64_t* dims = nullptr;
  int64_t rank = 0;
};

struct AttributeValue {
  enum Kind { kArray, kScalar, kText, kOther } kind = kOther;
  std::string_view name;
  int type = 0;
  size_t size = 0;  // entries, or letters
  const void* data = nullptr;
};

struct Level;

// A call as it came, and what the checker found out about it.
struct Call {
  const Table* table = nullptr;
  int num_arguments = 0, num_results = 0, num_attributes = 0;
  Operand arguments[kMaxOperands], results[kMaxOperands];
  AttributeValue attributes[kMaxAttributes];
  bool is_traced = false;  // results have no memory yet, and arguments may have none

  int64_t sizes[kMaxSizes];
  int64_t group[kMaxRank];  // the axes of "seed+" or "map*"
  int group_rank = -1;
  int float_type = 0;
  const void* part[kMaxRows] = {};  // where the parts of attributes begin
  const Level* level = nullptr;

  Call();
  int64_t size(const char* name) const;
  bool is_double() const;
  // Of the group's axes together.
  int64_t group_count() const;
  template <class T>
  T* argument(const char* name) const {
    return static_cast<T*>(operand(Place::kArgument, name).data);
  }
  template <class T>
  T* result(const char* name) const {
    return static_cast<T*>(operand(Place::kResult, name).data);
  }
  // A section, or an attribute as a whole.
  template <class T>
  const T* array(const char* name) const {
    return static_cast<const T*>(array_at(name));
  }
  // An entry of an attribute, or a scalar.
  double number(const char* name) const;
  std::string_view text(const char* name) const;
  const Operand& operand(Place place, const char* name) const;
  const AttributeValue* attribute(std::string_view name) const;

 private:
  const void* array_at(const char* name) const;
};

int64_t elements(const Operand& operand);

// Empty where every row holds, else one sentence: what came, what was expected.
std::string refusal(Call& call);

// What a type is called; 0 and "another type" for those that nothing here knows.
const char* type_name(int type);
int type_of_name(std::string_view name);
size_t type_bytes(int type);

const Table& update_table();
const Table& score_table();
const Table& train_table();
const Table& glom_table();
const Table& glom_back_table();
const Table& waves_table();
const Table& cube_forward_table();
const Table& cube_backward_table();
const std::vector<const Table*>& all_tables();

// Plan and options of a leaky call whose rows hold.
Plan plan_of(const Call& call);
Options options_of(const Call& call);

#ifdef LATTICEWORK_FUZZ
// The row that the checker leaves out, to see that something notices.
struct LeftOut {
  const Table* table = nullptr;
  size_t row = 0;
};
extern LeftOut left_out;
#endif

}  // namespace latticework
