// From XLA's call frame to a call whose every row holds, and back.
#pragma once

#include "arguments.hpp"
#include "xla/ffi/api/c_api.h"

namespace latticework {

// What computes; false where there is not enough memory.
typedef bool (*Compute)(Call&);

// Reads the frame, checks it against the table and computes; nothing is thrown.
XLA_FFI_Error* enter(XLA_FFI_CallFrame* frame, const Table& (*table)(), Compute compute) noexcept;

// Threads to use where a call says 0.
int threads_of(double wanted);

#define LW_DEFINE_HANDLER(name, table, compute)                       \
  extern "C" XLA_FFI_Error* latticework_##name(XLA_FFI_CallFrame* frame) { \
    return enter(frame, table, compute);                              \
  }                                                                   \
  void* name##_handler() { return reinterpret_cast<void*>(&latticework_##name); }

}  // namespace latticework
