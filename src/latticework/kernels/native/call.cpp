// A call as kernels see it, once its rows hold.
#include "arguments.hpp"
#include "xla/ffi/api/c_api.h"

namespace latticework {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 40;

}  // namespace

Call::Call() {
  for (int64_t& value : sizes) value = -1;
}

int64_t Call::size(const char* name) const {
  const int index = table->size_index(name);
  return index < 0 ? -1 : sizes[index];
}

bool Call::is_double() const { return float_type == XLA_FFI_DataType_F64; }

int64_t Call::group_count() const {
  int64_t count = 1;
  for (int n = 0; n < group_rank; ++n) count *= group[n];
  return count;
}

const Operand& Call::operand(Place place, const char* name) const {
  const int number = table->parsed[table->row_index(place, name)].operand;
  return (place == Place::kArgument ? arguments : results)[number];
}

const AttributeValue* Call::attribute(std::string_view name) const {
  for (int n = 0; n < num_attributes; ++n)
    if (attributes[n].name == name) return &attributes[n];
  return nullptr;
}

const void* Call::array_at(const char* name) const {
  return part[table->row_index(Place::kAttribute, name)];
}

double Call::number(const char* name) const {
  const int row = table->row_index(Place::kAttribute, name);
  if (!part[row]) return 0;
  if (table->parsed[row].is_double) return *static_cast<const double*>(part[row]);
  return *static_cast<const int32_t*>(part[row]);
}

std::string_view Call::text(const char* name) const {
  const AttributeValue* from = attribute(name);
  return from ? std::string_view(static_cast<const char*>(from->data), from->size) : "";
}

// The product of the dimensions; -1 where it is no sensible one.
int64_t elements(const Operand& operand) {
  int64_t count = 1;
  bool is_empty = false;
  for (int64_t n = 0; n < operand.rank; ++n) {
    const int64_t size = operand.dims[n];
    if (size < 0 || size > kMostElements) return -1;
    if (size == 0)
      is_empty = true;
    else if (__builtin_mul_overflow(count, size, &count) || count > kMostElements)
      return -1;
  }
  return is_empty ? 0 : count;
}

}  // namespace latticework
