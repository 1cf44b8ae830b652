// Argument sets in memory of exactly their size, and calls of handlers on them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "xla/ffi/api/c_api.h"

namespace fuzz {

// Always the same numbers for the same seed, on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  int64_t below(int64_t count) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(count)); }
  int64_t between(int64_t first, int64_t last) { return first + below(last - first + 1); }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  bool one_in(int64_t count) { return below(count) == 0; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<int64_t>(values.size())));
  }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[below(static_cast<int64_t>(values.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

// Memory that ends exactly behind the last byte, `shift` bytes behind a multiple of 64.
class Block {
 public:
  Block() = default;
  Block(size_t bytes, size_t shift) : bytes_(bytes) {
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, bytes + shift ? bytes + shift : 1)) std::abort();
    base_.reset(static_cast<char*>(memory));
    data_ = base_.get() + shift;
  }
  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> base_;
  char* data_ = nullptr;
  size_t bytes_ = 0;
};

struct Array {
  std::string name;
  int type = 0;
  std::vector<int64_t> dims;
  Block block;
  char* data = nullptr;  // block.data() unless damaged
  size_t count() const {
    size_t count = 1;
    for (int64_t size : dims) count *= static_cast<size_t>(size);
    return count;
  }
  template <class T>
  T* values() const {
    return reinterpret_cast<T*>(data);
  }
};

struct Attribute {
  std::string name;
  latticework::AttributeValue::Kind kind = latticework::AttributeValue::kArray;
  int type = 0;
  std::vector<char> bytes;
  size_t size() const {
    return kind == latticework::AttributeValue::kText ? bytes.size()
                                                      : bytes.size() / latticework::type_bytes(type);
  }
  int32_t* ints() { return reinterpret_cast<int32_t*>(bytes.data()); }
  double* reals() { return reinterpret_cast<double*>(bytes.data()); }
};

struct Arguments {
  int problem = 0;
  std::vector<Attribute> attributes;  // by name, as XLA sorts them
  std::vector<Array> arguments, results;
  Attribute* attribute(std::string_view name) {
    for (Attribute& one : attributes)
      if (one.name == name) return &one;
    return nullptr;
  }
};

struct Answer {
  bool is_refused = false, is_accepted = false;  // neither: another error
  std::string message;
};

Answer call(XLA_FFI_Handler* handler, Arguments& arguments);

}  // namespace fuzz
