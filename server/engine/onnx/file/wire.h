#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::onnx {

class TensorProto;

// Messages, strings and byte fields in a file. PyTorch writes 8 to 50 per node,
// 50,000 for Swin v2; a part may take 2 bytes in the file and over 200 parsed.
constexpr int64_t kMaxParts = 1'000'000;

// Raw data of a tensor of at least this many bytes is read where it lies in the
// file. Below, a copy costs less than keeping track.
constexpr int64_t kMappedFromBytes = 4096;

// Looks over the wire format of an ONNX model without allocating, so that what
// parsing allocates is known to be bounded before it begins:
// INVALID_ARGUMENT beyond kMaxParts, or when messages do not end where they
// say. Answers whether a skeleton of the file differs from the file.
absl::StatusOr<bool> CheckWire(absl::string_view bytes);

// The model without its large raw data (kMappedFromBytes), of which
// RawDataPlace tells where it lies in `bytes`. REQUIRES: CheckWire(bytes).
std::string MakeSkeleton(absl::string_view bytes);

// Bytes of a file.
struct Place {
  int64_t offset = 0;
  int64_t size = 0;
};

// Where the raw data of a tensor of a parsed skeleton lies; nothing when it is
// in the message. A file cannot forge it: MakeSkeleton drops what looks alike.
std::optional<Place> RawDataPlace(const TensorProto& tensor);

}  // namespace phosphene::onnx
