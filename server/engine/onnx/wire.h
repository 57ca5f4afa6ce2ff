#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene::onnx {

// Messages, strings and byte fields in a file. PyTorch writes 8 to 50 a node,
// 50,000 for Swin v2; a part may take 2 bytes in the file and over 200 parsed.
constexpr int64_t kMaxParts = 1'000'000;

// Looks over the wire format of an ONNX model without allocating, so that what
// parsing allocates is known to be bounded before it begins:
// INVALID_ARGUMENT beyond kMaxParts, or when messages do not end where they
// say.
absl::Status CheckWire(absl::string_view bytes);

}  // namespace phosphene::onnx
