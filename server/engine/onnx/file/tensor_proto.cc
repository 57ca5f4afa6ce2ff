// Tensors of an ONNX file, checked against their data, copied or mapped.

#include "server/engine/onnx/file/tensor_proto.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/wire.h"

namespace phosphene::onnx {
namespace {

absl::Status Bad(const TensorProto& proto, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(
      "tensor \"", proto.name().substr(0, kMaxNameLength), "\" ", message));
}

// Bytes of one element in raw_data.
int64_t RawElementSize(int32_t type) {
  switch (type) {
    case TensorProto::UINT8:
    case TensorProto::INT8:
    case TensorProto::BOOL:
      return 1;
    case TensorProto::UINT16:
    case TensorProto::INT16:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return 2;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 4;
    default:
      return 8;
  }
}

// ` ("net.onnx.data")`, or nothing where the file is not named in plain text.
std::string ExternalLocation(const TensorProto& proto) {
  for (const StringStringEntryProto& entry : proto.external_data()) {
    if (entry.key() != "location") continue;
    const std::string location = ToUtf8(entry.value(), kMaxNameLength);
    return location.empty() ? "" : absl::StrCat(" (\"", location, "\")");
  }
  return "";
}

absl::StatusOr<int64_t> CountElements(const TensorProto& proto) {
  int64_t count = 1;
  for (int64_t dim : proto.dims()) {
    if (dim < 0 || dim > kMaxElements ||
        (dim > 0 && count > kMaxElements / dim)) {
      return Bad(proto,
                 absl::StrCat("has absurd dimensions ",
                              absl::StrJoin(proto.dims(), "x"), "; at most ",
                              kMaxElements, " elements are read"));
    }
    count *= dim;
  }
  return count;
}

template <typename From, typename To>
void Widen(const void* from, int64_t count, at::Tensor* to) {
  const auto* bytes = static_cast<const char*>(from);
  To* out = to->data_ptr<To>();
  for (int64_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, bytes + i * sizeof(From), sizeof(From));
    out[i] = static_cast<To>(value);
  }
}

// `owner` null: the bytes may go away.
absl::StatusOr<at::Tensor> ReadRaw(const TensorProto& proto,
                                   absl::string_view raw, int64_t count,
                                   at::ScalarType type,
                                   const std::shared_ptr<const void>& owner) {
  const int64_t element = RawElementSize(proto.data_type());
  const int64_t expected = count * element;
  if (static_cast<int64_t>(raw.size()) != expected) {
    return Bad(
        proto,
        absl::StrCat("holds ", raw.size(), " bytes where its dimensions ",
                     absl::StrJoin(proto.dims(), "x"), " ask for ", expected));
  }
  const std::vector<int64_t> dims(proto.dims().begin(), proto.dims().end());
  at::Tensor out;
  switch (proto.data_type()) {
    case TensorProto::UINT16:
      out = at::empty(dims, type);
      Widen<uint16_t, int32_t>(raw.data(), count, &out);
      return out;
    case TensorProto::UINT32:
      out = at::empty(dims, type);
      Widen<uint32_t, int64_t>(raw.data(), count, &out);
      return out;
    case TensorProto::BOOL:  // any byte may stand in a file, 0 and 1 in a bool
      out = at::empty(dims, type);
      Widen<uint8_t, bool>(raw.data(), count, &out);
      return out;
    default:
      break;
  }
  // Kernels may stop at what is not aligned.
  const bool aligned = reinterpret_cast<uintptr_t>(raw.data()) % element == 0;
  if (owner == nullptr || !aligned) {
    out = at::empty(dims, type);
    if (!raw.empty()) std::memcpy(out.data_ptr(), raw.data(), raw.size());
    return out;
  }
  return at::from_blob(
      const_cast<char*>(raw.data()), dims, [owner](void*) {}, type);
}

// Copies a repeated field whose elements are values of the tensor's type.
template <typename To, typename Field>
absl::StatusOr<at::Tensor> ReadField(const TensorProto& proto,
                                     const Field& field, int64_t count,
                                     at::ScalarType type) {
  if (field.size() != count) {
    return Bad(
        proto,
        absl::StrCat("holds ", field.size(), " values where its dimensions ",
                     absl::StrJoin(proto.dims(), "x"), " ask for ", count));
  }
  at::Tensor out = at::empty(
      std::vector<int64_t>(proto.dims().begin(), proto.dims().end()), type);
  To* data = static_cast<To*>(out.data_ptr());
  for (int64_t i = 0; i < count; ++i)
    data[i] = static_cast<To>(field[static_cast<int>(i)]);
  return out;
}

absl::StatusOr<at::Tensor> ReadTyped(const TensorProto& proto, int64_t count,
                                     at::ScalarType type) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return ReadField<float>(proto, proto.float_data(), count, type);
    case TensorProto::DOUBLE:
      return ReadField<double>(proto, proto.double_data(), count, type);
    case TensorProto::INT64:
      return ReadField<int64_t>(proto, proto.int64_data(), count, type);
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return ReadField<int64_t>(proto, proto.uint64_data(), count, type);
    case TensorProto::INT32:
    case TensorProto::UINT16:
      return ReadField<int32_t>(proto, proto.int32_data(), count, type);
    case TensorProto::INT16:
      return ReadField<int16_t>(proto, proto.int32_data(), count, type);
    // Half floats lie in int32_data as their bits.
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return ReadField<uint16_t>(proto, proto.int32_data(), count, type);
    case TensorProto::INT8:
      return ReadField<int8_t>(proto, proto.int32_data(), count, type);
    case TensorProto::BOOL:
      return ReadField<bool>(proto, proto.int32_data(), count, type);
    default:
      return ReadField<uint8_t>(proto, proto.int32_data(), count, type);
  }
}

}  // namespace

absl::StatusOr<at::ScalarType> ToScalarType(int64_t onnx_type) {
  switch (onnx_type) {
    case TensorProto::FLOAT:
      return at::kFloat;
    case TensorProto::DOUBLE:
      return at::kDouble;
    case TensorProto::FLOAT16:
      return at::kHalf;
    case TensorProto::BFLOAT16:
      return at::kBFloat16;
    case TensorProto::INT8:
      return at::kChar;
    case TensorProto::UINT8:
      return at::kByte;
    case TensorProto::INT16:
      return at::kShort;
    case TensorProto::INT32:
    case TensorProto::UINT16:
      return at::kInt;
    case TensorProto::INT64:
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return at::kLong;
    case TensorProto::BOOL:
      return at::kBool;
    default:
      return absl::UnimplementedError(
          absl::StrCat("element type ", onnx_type,
                       " of ONNX (text, complex, float8 and 4-bit "
                       "types are not read)"));
  }
}

absl::StatusOr<at::Tensor> ReadTensor(const TensorProto& proto,
                                      const ModelBytes* file) {
  if (proto.data_location() == TensorProto::EXTERNAL ||
      proto.external_data_size() > 0) {
    return absl::UnimplementedError(absl::StrCat(
        "tensor \"", proto.name().substr(0, kMaxNameLength),
        "\" keeps its data in another file", ExternalLocation(proto),
        "; a server reads one file a model: `phosphene models add` joins them "
        "when they lie side "
        "by side, or save the model with its data inside"));
  }
  if (proto.has_segment())
    return Bad(proto, "is a segment of a larger one, which is not read");
  const auto type = ToScalarType(proto.data_type());
  if (!type.ok()) {
    return absl::Status(type.status().code(),
                        absl::StrCat("tensor \"", proto.name(), "\" has ",
                                     type.status().message()));
  }
  ASSIGN_OR_RETURN(const int64_t count, CountElements(proto));
  const std::optional<Place> place = RawDataPlace(proto);
  if (place && proto.has_raw_data()) return Bad(proto, "holds its data twice");
  if (place && file != nullptr) {
    return ReadRaw(proto, file->bytes.substr(place->offset, place->size), count,
                   *type, file->owner);
  }
  if (proto.has_raw_data())
    return ReadRaw(proto, proto.raw_data(), count, *type, nullptr);
  return ReadTyped(proto, count, *type);
}

}  // namespace phosphene::onnx
