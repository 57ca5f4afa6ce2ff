#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// The tensor a TensorProto holds. Large raw data is not copied: the tensor
// reads the proto's bytes and keeps `owner` alive, so it must not be written.
// Unsigned types above 8 bits, which ATen barely knows, become the next wider
// signed one (uint64 becomes int64). Errors (INVALID_ARGUMENT, UNIMPLEMENTED)
// name the tensor: dims that are negative, absurd or do not fit the data;
// external data; strings and types below a byte.
absl::StatusOr<at::Tensor> ReadTensor(const TensorProto& proto,
                                      const std::shared_ptr<const void>& owner);

// The ATen type that stands for an ONNX element type; UNIMPLEMENTED names one
// there is none for.
absl::StatusOr<at::ScalarType> ToScalarType(int64_t onnx_type);

}  // namespace phosphene::onnx
