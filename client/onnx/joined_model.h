#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/base/byte_source.h"

namespace phosphene::client {

// Where data of tensors lies in a joined model: at multiples of this, so that
// the server reads it in place.
constexpr int64_t kDataAlignment = 64;

// The bytes of an ONNX model as one file. Where tensors keep their data in
// files beside it ("external data", as torch.onnx.export writes it), the data
// is put in; it streams from there, so a model of 2 GB costs no memory. Any
// other file, ONNX or not, is sent as it is.
//
// Files outside the model's folder are refused (INVALID_ARGUMENT): absolute
// locations, those with "..", and links that lead out. NOT_FOUND: a file is not
// there. OUT_OF_RANGE: it is smaller than the model says. All name the tensor.
absl::StatusOr<ByteSource> OpenModelFile(const std::string& path);

}  // namespace phosphene::client
