#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace phosphene::onnx {

// What a file that is not an ONNX model seems to be, by how it begins, and what
// brings it to ONNX: `a TensorFlow Lite file; "python -m tf2onnx.convert ..."
// makes ONNX of it`. "" where it is like nothing known.
std::string DescribeOtherFormat(absl::string_view bytes);

}  // namespace phosphene::onnx
