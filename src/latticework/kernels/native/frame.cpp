#include "frame.hpp"

#include <exception>
#include <new>

#include "pool.hpp"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace latticework {
namespace {

XLA_FFI_Error* error_of(const XLA_FFI_CallFrame* frame, XLA_FFI_Error_Code code, const char* text) {
  XLA_FFI_Error_Create_Args args{XLA_FFI_Error_Create_Args_STRUCT_SIZE, nullptr, text, code};
  return frame->api->XLA_FFI_Error_Create(&args);
}

bool is_metadata(const XLA_FFI_CallFrame* frame) {
  return frame->extension_start && frame->extension_start->type == XLA_FFI_Extension_Metadata;
}

void read_operand(const void* from, Operand& to) {
  const auto* buffer = static_cast<const XLA_FFI_Buffer*>(from);
  to = {static_cast<int>(buffer->dtype), buffer->data, buffer->dims, buffer->rank};
}

void read_attribute(XLA_FFI_AttrType type, const void* from, AttributeValue& to) {
  if (type == XLA_FFI_AttrType_ARRAY) {
    const auto* array = static_cast<const XLA_FFI_Array*>(from);
    to.kind = AttributeValue::kArray;
    to.type = array->dtype, to.size = array->size, to.data = array->data;
  } else if (type == XLA_FFI_AttrType_SCALAR) {
    const auto* scalar = static_cast<const XLA_FFI_Scalar*>(from);
    to.kind = AttributeValue::kScalar;
    to.type = scalar->dtype, to.size = 1, to.data = scalar->value;
  } else if (type == XLA_FFI_AttrType_STRING) {
    const auto* text = static_cast<const XLA_FFI_ByteSpan*>(from);
    to.kind = AttributeValue::kText;
    to.size = text->len, to.data = text->ptr;
  }
}

// A sentence where there is more than any table has.
std::string read(const XLA_FFI_CallFrame* frame, Call& call) {
  const auto count = [](int64_t size, int most) { return size < 0 || size > most ? -1 : static_cast<int>(size); };
  call.num_arguments = count(frame->args.size, kMaxOperands);
  call.num_results = count(frame->rets.size, kMaxOperands);
  call.num_attributes = count(frame->attrs.size, kMaxAttributes);
  if (call.num_arguments < 0 || call.num_results < 0 || call.num_attributes < 0)
    return std::string(call.table->entry) + ": more operands than any handler takes";
  for (int n = 0; n < call.num_arguments; ++n) {
    if (frame->args.types[n] != XLA_FFI_ArgType_BUFFER)
      return std::string(call.table->entry) + ": an argument is no array";
    read_operand(frame->args.args[n], call.arguments[n]);
  }
  for (int n = 0; n < call.num_results; ++n) {
    if (frame->rets.types[n] != XLA_FFI_RetType_BUFFER)
      return std::string(call.table->entry) + ": a result is no array";
    read_operand(frame->rets.rets[n], call.results[n]);
  }
  for (int n = 0; n < call.num_attributes; ++n) {
    const XLA_FFI_ByteSpan* name = frame->attrs.names[n];
    call.attributes[n].name = std::string_view(name->ptr, name->len);
    read_attribute(frame->attrs.types[n], frame->attrs.attrs[n], call.attributes[n]);
  }
  return "";
}

}  // namespace

XLA_FFI_Error* enter(XLA_FFI_CallFrame* frame, const Table& (*table)(), Compute compute) noexcept {
  try {
    // Versions and stages are XLA's own business; what follows them is ours.
    static auto* const greeting =
        ffi::Ffi::Bind().To([] { return ffi::Error::Success(); }).release();
    if (XLA_FFI_Error* error = greeting->Call(frame); error || is_metadata(frame)) return error;
    Call call;
    call.table = &table();
    std::string why = read(frame, call);
    if (why.empty()) why = refusal(call);
    if (!why.empty()) return error_of(frame, XLA_FFI_Error_Code_INVALID_ARGUMENT, why.c_str());
    if (compute(call)) return nullptr;
  } catch (const std::bad_alloc&) {
    // said below
  } catch (const std::exception& error) {
    return error_of(frame, XLA_FFI_Error_Code_INTERNAL, error.what());
  } catch (...) {
    return error_of(frame, XLA_FFI_Error_Code_INTERNAL, "latticework: unknown error");
  }
  return error_of(frame, XLA_FFI_Error_Code_RESOURCE_EXHAUSTED,
                  "latticework: out of memory; use a smaller batch");
}

int threads_of(double wanted) { return wanted > 0 ? static_cast<int>(wanted) : default_threads(); }

}  // namespace latticework
