#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/tensor_proto.h"

namespace phosphene::onnx {

// ONNX's own domain, by either of its names.
bool IsDefaultDomain(absl::string_view domain);

// "Conv"; "com.microsoft::Gelu"; "local::F:half" for an overload of a function.
std::string QualifiedName(absl::string_view domain, absl::string_view name,
                          absl::string_view overload);

// Names of values go into messages and replies: INVALID_ARGUMENT for one that
// is not UTF-8 (`what` and its number say which), too long, or kept for values
// that are put into networks (kAdaptedPrefix).
absl::Status CheckValueName(absl::string_view name, absl::string_view what,
                            int64_t number);

// A tensor, or what it is where it is of a kind that is not read.
struct MaybeTensor {
  at::Tensor tensor;
  std::string unread;  // "a tensor of text"
};
// Errors are damage and data elsewhere, as ReadTensor tells them.
absl::StatusOr<MaybeTensor> ReadIfKnown(const TensorProto& proto,
                                        const ModelBytes& file);

// The value of a Constant node.
absl::StatusOr<MaybeTensor> ConstantValue(const Node& node);

// Reads nodes of a file and of what is inside them: kMaxNodes in all.
class NodeReader {
 public:
  explicit NodeReader(const ModelBytes& file) : file_(file) {}

  // What is not read of a node (an attribute of text tensors) becomes its
  // fault. INVALID_ARGUMENT for damage.
  absl::StatusOr<Node> Read(const NodeProto& proto, int64_t index);

  // The constants of a graph: initializers, which may be given twice if they
  // are the same.
  absl::Status ReadConstants(const GraphProto& proto, Subgraph* into);

  // All of a graph, its Constant nodes among the constants.
  absl::StatusOr<Subgraph> ReadGraph(const GraphProto& proto);

 private:
  absl::StatusOr<Attribute> ReadAttribute(const AttributeProto& proto,
                                          std::string* fault);
  absl::Status CheckSizes(const Node& node) const;

  const ModelBytes& file_;
  int64_t nodes_ = 0;
};

}  // namespace phosphene::onnx
