#include "frames.hpp"

#include <algorithm>

// What handlers get from XLA, as far as they use it: errors.
struct XLA_FFI_Error {
  std::string message;
  XLA_FFI_Error_Code code;
};

namespace fuzz {
namespace {

XLA_FFI_Error* create(XLA_FFI_Error_Create_Args* args) {
  return new XLA_FFI_Error{args->message, args->errc};
}
void get_message(XLA_FFI_Error_GetMessage_Args* args) { args->message = args->error->message.c_str(); }
void destroy(XLA_FFI_Error_Destroy_Args* args) { delete args->error; }

const XLA_FFI_Api* api() {
  static const XLA_FFI_Api one = [] {
    XLA_FFI_Api api{};
    api.struct_size = XLA_FFI_Api_STRUCT_SIZE;
    api.api_version = {XLA_FFI_Api_Version_STRUCT_SIZE, nullptr, XLA_FFI_API_MAJOR, XLA_FFI_API_MINOR};
    api.XLA_FFI_Error_Create = create;
    api.XLA_FFI_Error_GetMessage = get_message;
    api.XLA_FFI_Error_Destroy = destroy;
    return api;
  }();
  return &one;
}

std::vector<XLA_FFI_Buffer> buffers_of(std::vector<Array>& arrays) {
  std::vector<XLA_FFI_Buffer> buffers;
  for (Array& array : arrays)
    buffers.push_back({XLA_FFI_Buffer_STRUCT_SIZE, nullptr,
                       static_cast<XLA_FFI_DataType>(array.type), array.data,
                       static_cast<int64_t>(array.dims.size()), array.dims.data()});
  return buffers;
}

// An attribute in XLA's own form; names are sorted there.
struct Encoded {
  XLA_FFI_ByteSpan name, text;
  XLA_FFI_Array array;
  XLA_FFI_Scalar scalar;
  XLA_FFI_AttrType type;
  Block copy;  // as long as it says and no longer
  void* at() {
    if (type == XLA_FFI_AttrType_ARRAY) return &array;
    if (type == XLA_FFI_AttrType_SCALAR) return &scalar;
    return &text;
  }
};

std::unique_ptr<Encoded> encode(Attribute& from) {
  auto out = std::make_unique<Encoded>();
  out->copy = Block(from.bytes.size(), 0);
  if (!from.bytes.empty()) std::memcpy(out->copy.data(), from.bytes.data(), from.bytes.size());
  out->name = {from.name.data(), from.name.size()};
  const auto type = static_cast<XLA_FFI_DataType>(from.type);
  switch (from.kind) {
    case latticework::AttributeValue::kArray:
      out->type = XLA_FFI_AttrType_ARRAY;
      out->array = {type, from.size(), out->copy.data()};
      break;
    case latticework::AttributeValue::kScalar:
      out->type = XLA_FFI_AttrType_SCALAR;
      out->scalar = {type, out->copy.data()};
      break;
    default:
      out->type = XLA_FFI_AttrType_STRING;
      out->text = {out->copy.data(), from.bytes.size()};
  }
  return out;
}

}  // namespace

Answer call(XLA_FFI_Handler* handler, Arguments& arguments) {
  std::vector<XLA_FFI_Buffer> given = buffers_of(arguments.arguments);
  std::vector<XLA_FFI_Buffer> wanted = buffers_of(arguments.results);
  std::vector<std::unique_ptr<Encoded>> attributes;
  for (Attribute& one : arguments.attributes) attributes.push_back(encode(one));
  std::sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) {
    return std::string_view(a->name.ptr, a->name.len) < std::string_view(b->name.ptr, b->name.len);
  });
  std::vector<XLA_FFI_ArgType> given_types(given.size(), XLA_FFI_ArgType_BUFFER);
  std::vector<XLA_FFI_RetType> wanted_types(wanted.size(), XLA_FFI_RetType_BUFFER);
  std::vector<XLA_FFI_AttrType> types;
  std::vector<XLA_FFI_ByteSpan*> names;
  std::vector<void*> given_at, wanted_at, values;
  for (auto& one : given) given_at.push_back(&one);
  for (auto& one : wanted) wanted_at.push_back(&one);
  for (auto& one : attributes) {
    types.push_back(one->type);
    names.push_back(&one->name);
    values.push_back(one->at());
  }
  XLA_FFI_CallFrame frame{};
  frame.struct_size = XLA_FFI_CallFrame_STRUCT_SIZE;
  frame.api = api();
  frame.stage = XLA_FFI_ExecutionStage_EXECUTE;
  frame.args = {XLA_FFI_Args_STRUCT_SIZE, nullptr, static_cast<int64_t>(given.size()),
                given_types.data(), given_at.data()};
  frame.rets = {XLA_FFI_Rets_STRUCT_SIZE, nullptr, static_cast<int64_t>(wanted.size()),
                wanted_types.data(), wanted_at.data()};
  frame.attrs = {XLA_FFI_Attrs_STRUCT_SIZE, nullptr, static_cast<int64_t>(types.size()),
                 types.data(), names.data(), values.data()};
  XLA_FFI_Error* error = handler(&frame);
  Answer answer;
  answer.is_accepted = !error;
  if (error) {
    answer.is_refused = error->code == XLA_FFI_Error_Code_INVALID_ARGUMENT;
    answer.message = error->message;
    delete error;
  }
  return answer;
}

}  // namespace fuzz
