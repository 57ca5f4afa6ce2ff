// Walks protobuf's wire format before protobuf does, and counts.

#include "server/engine/onnx/file/wire.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"

namespace phosphene::onnx {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// Protobuf's own limit on nesting.
constexpr int kMaxDepth = 100;

// The field that stands for a tensor's raw data in a skeleton: a Place. The
// largest number there is, which ONNX does not use.
constexpr int kPlaceField = (1 << 29) - 1;

// Lengths of a skeleton's messages are written after their content, in as many
// bytes as the longest takes; readers take a varint of leading zeros.
constexpr size_t kLengthBytes = 5;

void AppendVarint(uint32_t value, std::string* out) {
  uint8_t buffer[kLengthBytes];
  const uint8_t* end = CodedOutputStream::WriteVarint32ToArray(value, buffer);
  out->append(reinterpret_cast<const char*>(buffer), end - buffer);
}

void PatchLength(size_t at, std::string* out) {
  size_t length = out->size() - at - kLengthBytes;
  for (size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
    (*out)[at + i] =
        static_cast<char>((length & 127) | (i + 1 < kLengthBytes ? 128 : 0));
  }
}

// Walks a file; writes its skeleton when given where to.
class Walk {
 public:
  explicit Walk(absl::string_view bytes, std::string* skeleton = nullptr)
      : bytes_(bytes),
        skeleton_(skeleton),
        in_(reinterpret_cast<const uint8_t*>(bytes.data()),
            static_cast<int>(bytes.size())) {}

  // Reads fields up to the end of the message or of the bytes.
  bool Message(const Descriptor* type, int depth) {
    if (depth > kMaxDepth) return false;
    int begin = in_.CurrentPosition();
    while (const uint32_t tag = in_.ReadTag()) {
      if (!Field(type, depth, begin, tag)) return false;
      begin = in_.CurrentPosition();
    }
    return in_.ConsumedEntireMessage();
  }

  int64_t parts() const { return parts_; }
  bool differs() const { return differs_; }

 private:
  // A field whose tag begins at `begin` and has been read.
  bool Field(const Descriptor* type, int depth, int begin, uint32_t tag) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    const bool forged =
        number == kPlaceField && type == TensorProto::descriptor();
    differs_ = differs_ || forged;
    if (WireFormatLite::GetTagWireType(tag) !=
        WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in_, tag)) return false;
      if (!forged) Copy(begin);
      return true;
    }
    int length;
    if (!in_.ReadVarintSizeAsInt(&length) || ++parts_ > kMaxParts) return false;
    // PushLimit would quietly stop at the end of the bytes.
    if (length > in_.BytesUntilLimit()) return false;
    const FieldDescriptor* field = type->FindFieldByNumber(number);
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE) {
      return Nested(field->message_type(), depth, tag, length);
    }
    const int content = in_.CurrentPosition();
    if (!in_.Skip(length)) return false;
    const bool raw = number == TensorProto::kRawDataFieldNumber &&
                     type == TensorProto::descriptor();
    if (raw && length >= kMappedFromBytes) {
      WritePlace({content, length});
    } else if (!forged) {
      Copy(begin);
    }
    return true;
  }

  bool Nested(const Descriptor* type, int depth, uint32_t tag, int length) {
    size_t at = 0;
    if (skeleton_ != nullptr) {
      AppendVarint(tag, skeleton_);
      at = skeleton_->size();
      skeleton_->append(kLengthBytes, '\0');
    }
    const auto limit = in_.PushLimit(length);
    if (!Message(type, depth + 1)) return false;
    in_.PopLimit(limit);
    if (skeleton_ != nullptr) PatchLength(at, skeleton_);
    return true;
  }

  void Copy(int begin) {
    if (skeleton_ == nullptr) return;
    skeleton_->append(bytes_.data() + begin, in_.CurrentPosition() - begin);
  }

  void WritePlace(const Place& place) {
    differs_ = true;
    if (skeleton_ == nullptr) return;
    AppendVarint(WireFormatLite::MakeTag(
                     kPlaceField, WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
                 skeleton_);
    AppendVarint(sizeof(place), skeleton_);
    skeleton_->append(reinterpret_cast<const char*>(&place), sizeof(place));
  }

  const absl::string_view bytes_;
  std::string* const skeleton_;
  CodedInputStream in_;
  int64_t parts_ = 0;
  bool differs_ = false;
};

}  // namespace

absl::StatusOr<bool> CheckWire(absl::string_view bytes) {
  Walk walk(bytes);
  if (walk.Message(ModelProto::descriptor(), 0)) return walk.differs();
  if (walk.parts() > kMaxParts) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the file has more than ", kMaxParts, " parts; a network has fewer"));
  }
  return absl::InvalidArgumentError("its bytes do not parse");
}

std::string MakeSkeleton(absl::string_view bytes) {
  std::string skeleton;
  Walk(bytes, &skeleton).Message(ModelProto::descriptor(), 0);
  return skeleton;
}

std::optional<Place> RawDataPlace(const TensorProto& tensor) {
  const auto& unknown = tensor.unknown_fields();
  std::optional<Place> found;
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() != kPlaceField) continue;
    const std::string& bytes = unknown.field(i).length_delimited();
    found.emplace();
    std::memcpy(&*found, bytes.data(), sizeof(Place));
  }
  return found;
}

}  // namespace phosphene::onnx
