#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// The file a model was read from, usually mapped into memory.
struct ModelBytes {
  absl::string_view bytes;
  // Keeps `bytes` where they are. Null: they may go away, so tensors copy.
  std::shared_ptr<const void> owner;
};

// The tensor a TensorProto holds. Raw data that a skeleton (wire.h) left in
// `file` is not copied where the file has an owner and the elements lie at
// multiples of their size: the tensor reads the file and keeps the owner alive,
// so it must not be written. Nothing refers to the proto. `file` may be null.
// Unsigned types above 8 bits, which ATen barely knows, become the next wider
// signed one (uint64 becomes int64). Errors (INVALID_ARGUMENT, UNIMPLEMENTED)
// name the tensor: dims that are negative, absurd or do not fit the data;
// external data; strings and types below a byte.
absl::StatusOr<at::Tensor> ReadTensor(const TensorProto& proto,
                                      const ModelBytes* file);

// The ATen type that stands for an ONNX element type; UNIMPLEMENTED names one
// there is none for.
absl::StatusOr<at::ScalarType> ToScalarType(int64_t onnx_type);

}  // namespace phosphene::onnx
