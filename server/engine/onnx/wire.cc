#include "server/engine/onnx/wire.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"

namespace phosphene::onnx {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::io::CodedInputStream;
using google::protobuf::internal::WireFormatLite;

// Protobuf's own limit on nesting.
constexpr int kMaxDepth = 100;

class Counter {
 public:
  explicit Counter(absl::string_view bytes)
      : in_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // Reads fields up to the end of the message or of the bytes.
  bool Message(const Descriptor* type, int depth) {
    if (depth > kMaxDepth) return false;
    while (const uint32_t tag = in_.ReadTag()) {
      const auto kind = WireFormatLite::GetTagWireType(tag);
      if (kind != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
        if (!WireFormatLite::SkipField(&in_, tag)) return false;
        continue;
      }
      int length;
      if (!in_.ReadVarintSizeAsInt(&length) || ++parts_ > kMaxParts) return false;
      // PushLimit would quietly stop at the end of the bytes.
      if (length > in_.BytesUntilLimit()) return false;
      const FieldDescriptor* field =
          type->FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      if (field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE) {
        const auto limit = in_.PushLimit(length);
        if (!Message(field->message_type(), depth + 1)) return false;
        in_.PopLimit(limit);
      } else if (!in_.Skip(length)) {
        return false;
      }
    }
    return in_.ConsumedEntireMessage();
  }

  int64_t parts() const { return parts_; }

 private:
  CodedInputStream in_;
  int64_t parts_ = 0;
};

}  // namespace

absl::Status CheckWire(absl::string_view bytes) {
  Counter counter(bytes);
  if (counter.Message(ModelProto::descriptor(), 0)) return absl::OkStatus();
  if (counter.parts() > kMaxParts) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has more than ", kMaxParts, " parts; a network has fewer"));
  }
  return absl::InvalidArgumentError("its bytes do not parse");
}

}  // namespace phosphene::onnx
