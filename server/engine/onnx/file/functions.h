#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/nodes.h"

namespace phosphene::onnx {

// How deep functions may call each other.
constexpr int kMaxFunctionDepth = 32;

// An operator that the file itself defines by others.
struct Function {
  std::vector<std::string> inputs, outputs;
  std::map<std::string, Attribute> defaults;  // of its attributes
  std::vector<Node> nodes;
  std::string fault;  // why it is not put in place: "has ..."
};

using Functions = std::map<std::string, Function>;  // by Node::op

// The functions of a file of that opset. INVALID_ARGUMENT for damage and for
// two of one name.
absl::StatusOr<Functions> ReadFunctions(const ModelProto& model, int64_t opset,
                                        NodeReader* reader);

// Puts the nodes of functions where they are called, those they call
// likewise; values inside are called NODE/VALUE, by the calling node.
// INVALID_ARGUMENT: functions that call themselves, or more of them than
// splice.h lets be put in place.
absl::Status InlineFunctions(const Functions& functions, Graph* graph);

}  // namespace phosphene::onnx
