// Bounds-checked reading of a glTF file's buffers.
#include "server/meshes/gltf_accessor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/data_uri.h"

namespace phosphene {
namespace {

// componentType of the specification.
enum : int { kI8 = 5120, kU8, kI16, kU16, kU32 = 5125, kF32 };

// No offset, length or count of a file is larger, so that sums and a product
// with a stride stay within 64 bits.
constexpr int64_t kMaxOffset = int64_t{1} << 40;
constexpr int64_t kMaxStride = 252;

int64_t SizeOf(int64_t component_type) {
  switch (component_type) {
    case kI8:
    case kU8:
      return 1;
    case kI16:
    case kU16:
      return 2;
    case kU32:
    case kF32:
      return 4;
  }
  return 0;
}

int ComponentsOf(absl::string_view type) {
  if (type == "SCALAR") return 1;
  if (type == "VEC2") return 2;
  if (type == "VEC3") return 3;
  if (type == "VEC4") return 4;
  return 0;
}

template <typename T>
T Load(const char* at) {  // files are little endian, as is this machine
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

uint32_t LoadIndex(const char* at, int64_t type) {
  if (type == kU8) return Load<uint8_t>(at);
  if (type == kU16) return Load<uint16_t>(at);
  return Load<uint32_t>(at);
}

template <typename T>
double LoadInteger(const char* at, bool normalized) {
  const double value = Load<T>(at);
  if (!normalized) return value;
  return std::max(value / std::numeric_limits<T>::max(), -1.0);
}

}  // namespace

const char* GltfAccessor::Element(int64_t i) const {
  if (!sparse_.empty()) {
    const auto found = sparse_.find(static_cast<uint32_t>(i));
    if (found != sparse_.end()) return found->second;
  }
  return data_ == nullptr ? nullptr : data_ + i * stride_;
}

bool GltfAccessor::is_index() const {
  return components_ == 1 && !normalized_ &&
         (type_ == kU8 || type_ == kU16 || type_ == kU32);
}

uint32_t GltfAccessor::Index(int64_t i) const {
  const char* const element = Element(i);
  return element == nullptr ? 0 : LoadIndex(element, type_);
}

double GltfAccessor::Value(int64_t i, int c) const {
  const char* const element = Element(i);
  if (element == nullptr) return 0;
  const char* const at = element + c * SizeOf(type_);
  switch (type_) {
    case kI8:
      return LoadInteger<int8_t>(at, normalized_);
    case kU8:
      return LoadInteger<uint8_t>(at, normalized_);
    case kI16:
      return LoadInteger<int16_t>(at, normalized_);
    case kU16:
      return LoadInteger<uint16_t>(at, normalized_);
    case kU32:
      return LoadInteger<uint32_t>(at, normalized_);
  }
  return Load<float>(at);
}

GltfData::GltfData(const GltfFile& file, const MeshLimits& limits)
    : file_(file),
      limits_(limits),
      decoded_(static_cast<size_t>(GltfCount(file.root, "buffers"))) {}

absl::StatusOr<absl::string_view> GltfData::Buffer(int64_t index) {
  ASSIGN_OR_RETURN(const Json* json, GltfElement(file_.root, "buffers", index));
  const std::string where = absl::StrCat("buffers[", index, "]");
  ASSIGN_OR_RETURN(const int64_t length,
                   GltfInt(*json, "byteLength", where, 1, kMaxOffset));
  const absl::string_view uri = GltfString(*json, "uri");
  absl::string_view bytes;
  if (GltfMember(*json, "uri") == nullptr) {
    if (index != 0 || file_.bin.data() == nullptr)
      return absl::InvalidArgumentError(absl::StrCat(where, " has no data"));
    bytes = file_.bin;
  } else if (!IsDataUri(uri)) {
    return absl::InvalidArgumentError(absl::StrCat(
        where,
        ".uri names another file, which is not read: use a GLB, or glTF with "
        "embedded buffers"));
  } else {
    std::optional<std::string>& decoded = decoded_[index];
    if (!decoded.has_value()) {
      absl::StatusOr<std::string> data = DecodeDataUri(uri, limits_.max_bytes);
      if (!data.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(where, ".uri ", data.status().message()));
      }
      decoded = *std::move(data);
    }
    bytes = *decoded;
  }
  if (length > static_cast<int64_t>(bytes.size())) {
    return absl::InvalidArgumentError(absl::StrCat(where, ".byteLength is ",
                                                   length, "; there are ",
                                                   bytes.size(), " bytes"));
  }
  return bytes.substr(0, length);
}

absl::StatusOr<absl::string_view> GltfData::View(int64_t index,
                                                 int64_t* stride) {
  ASSIGN_OR_RETURN(const Json* json,
                   GltfElement(file_.root, "bufferViews", index));
  const std::string where = absl::StrCat("bufferViews[", index, "]");
  ASSIGN_OR_RETURN(const int64_t buffer,
                   GltfInt(*json, "buffer", where, 0, kMaxOffset));
  ASSIGN_OR_RETURN(const int64_t offset,
                   GltfInt(*json, "byteOffset", where, 0, kMaxOffset, 0));
  ASSIGN_OR_RETURN(const int64_t length,
                   GltfInt(*json, "byteLength", where, 1, kMaxOffset));
  ASSIGN_OR_RETURN(*stride,
                   GltfInt(*json, "byteStride", where, 1, kMaxStride, 0));
  ASSIGN_OR_RETURN(const absl::string_view bytes, Buffer(buffer));
  const auto size = static_cast<int64_t>(bytes.size());
  if (offset > size || length > size - offset) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " ends at byte ", offset + length, " of buffers[",
                     buffer, "], which has ", size));
  }
  return bytes.substr(offset, length);
}

// Where `count` elements of `size` bytes begin, the last of them inside.
absl::StatusOr<const char*> GltfData::Block(int64_t view, int64_t offset,
                                            int64_t count, int64_t size,
                                            int64_t* stride,
                                            const std::string& where) {
  ASSIGN_OR_RETURN(const absl::string_view bytes, View(view, stride));
  if (*stride == 0) *stride = size;
  if (*stride < size) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " has elements of ", size, " bytes, bufferViews[",
                     view, "] a stride of ", *stride));
  }
  const int64_t end = offset + *stride * (count - 1) + size;
  if (end > static_cast<int64_t>(bytes.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " ends at byte ", end, " of bufferViews[", view,
                     "], which has ", bytes.size()));
  }
  return bytes.data() + offset;
}

absl::StatusOr<const GltfAccessor*> GltfData::Accessor(int64_t index) {
  const auto known = accessors_.find(index);
  if (known != accessors_.end()) return known->second.get();
  ASSIGN_OR_RETURN(const Json* json,
                   GltfElement(file_.root, "accessors", index));
  ASSIGN_OR_RETURN(GltfAccessor made,
                   Make(*json, absl::StrCat("accessors[", index, "]")));
  auto& kept = accessors_[index];
  kept = std::make_unique<GltfAccessor>(std::move(made));
  return kept.get();
}

absl::StatusOr<GltfAccessor> GltfData::Make(const Json& json,
                                            const std::string& where) {
  GltfAccessor accessor;
  // Strips have fewest indices a triangle, lists have 3.
  ASSIGN_OR_RETURN(
      accessor.count_,
      GltfInt(json, "count", where, 1,
              std::max(limits_.max_vertices, 3 * limits_.max_triangles)));
  ASSIGN_OR_RETURN(const int64_t type,
                   GltfInt(json, "componentType", where, kI8, kF32));
  const int64_t component = SizeOf(type);
  accessor.type_ = static_cast<int>(type);
  accessor.components_ = ComponentsOf(GltfString(json, "type"));
  if (component == 0 || accessor.components_ == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        where, " has componentType ", type, " and type \"",
        GltfString(json, "type").substr(0, 10),
        "\"; read are 5120..5123, 5125, 5126 and SCALAR, VEC2, VEC3, VEC4"));
  }
  const Json* normalized = GltfMember(json, "normalized");
  accessor.normalized_ = normalized != nullptr && normalized->is_boolean() &&
                         normalized->get<bool>() && type != kF32;
  const int64_t size = component * accessor.components_;
  const Json* sparse = GltfMember(json, "sparse");
  if (GltfMember(json, "bufferView") != nullptr) {
    ASSIGN_OR_RETURN(const int64_t view,
                     GltfInt(json, "bufferView", where, 0, kMaxOffset));
    ASSIGN_OR_RETURN(const int64_t offset,
                     GltfInt(json, "byteOffset", where, 0, kMaxOffset, 0));
    ASSIGN_OR_RETURN(accessor.data_, Block(view, offset, accessor.count_, size,
                                           &accessor.stride_, where));
  } else if (sparse == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " has no bufferView, so no data"));
  }
  if (sparse != nullptr) {
    RETURN_IF_ERROR(
        AddSparse(*sparse, absl::StrCat(where, ".sparse"), &accessor));
  }
  return accessor;
}

absl::Status GltfData::AddSparse(const Json& sparse, const std::string& where,
                                 GltfAccessor* accessor) {
  const Json* indices = GltfMember(sparse, "indices");
  const Json* values = GltfMember(sparse, "values");
  if (indices == nullptr || values == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " lacks indices or values"));
  }
  ASSIGN_OR_RETURN(const int64_t count,
                   GltfInt(sparse, "count", where, 1, accessor->count_));
  sparse_entries_ += count;
  if (sparse_entries_ > limits_.max_vertices) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " is beyond the ", limits_.max_vertices,
                     " sparse values that are allowed in all"));
  }
  ASSIGN_OR_RETURN(const int64_t type,
                   GltfInt(*indices, "componentType", where, kU8, kU32));
  const int64_t index_size = SizeOf(type);
  if (type == kI16 || index_size == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ".indices.componentType is ", type,
                     "; allowed are 5121, 5123, 5125"));
  }
  const int64_t value_size = SizeOf(accessor->type_) * accessor->components_;
  const auto block = [&](const Json& part, int64_t size,
                         int64_t* stride) -> absl::StatusOr<const char*> {
    ASSIGN_OR_RETURN(const int64_t view,
                     GltfInt(part, "bufferView", where, 0, kMaxOffset));
    ASSIGN_OR_RETURN(const int64_t offset,
                     GltfInt(part, "byteOffset", where, 0, kMaxOffset, 0));
    return Block(view, offset, count, size, stride, where);
  };
  int64_t index_stride = 0, value_stride = 0;
  ASSIGN_OR_RETURN(const char* const index_data,
                   block(*indices, index_size, &index_stride));
  ASSIGN_OR_RETURN(const char* const value_data,
                   block(*values, value_size, &value_stride));
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t at = LoadIndex(index_data + i * index_stride, type);
    if (at >= accessor->count_) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ".indices holds ", at, "; the accessor has ",
                       accessor->count_, " elements"));
    }
    accessor->sparse_[at] = value_data + i * value_stride;
  }
  return absl::OkStatus();
}

}  // namespace phosphene
