// Networks of double precision, in single precision.

#include "server/engine/onnx/adapt/single_floats.h"

#include <algorithm>

#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

bool IsDouble(const Graph& graph, const std::string& name) {
  const auto it = graph.constants.find(name);
  return it != graph.constants.end() && it->second.scalar_type() == at::kDouble;
}

bool HasDoubleWeights(const Graph& graph) {
  return std::any_of(
      graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
        return TraitsOf(node.op).takes_weights &&
               std::any_of(node.inputs.begin(), node.inputs.end(),
                           [&](const auto& i) { return IsDouble(graph, i); });
      });
}

}  // namespace

bool MakeSingle(const std::string& image, Graph* graph) {
  const GraphInput* input = graph->FindInput(image);
  const bool doubles =
      (input != nullptr && input->type == TensorProto::DOUBLE) ||
      HasDoubleWeights(*graph);
  if (!doubles) return false;
  for (auto& [name, constant] : graph->constants) {
    if (constant.scalar_type() == at::kDouble)
      constant = constant.to(at::kFloat);
  }
  for (Node& node : graph->nodes) {
    for (auto& [name, a] : node.attributes) {
      if (name == "to" || name == "dtype") {
        if (a.i == TensorProto::DOUBLE) a.i = TensorProto::FLOAT;
      } else if (a.type == Attribute::kTensor && a.t.defined() &&
                 a.t.scalar_type() == at::kDouble) {
        a.t = a.t.to(at::kFloat);
      }
    }
  }
  return true;
}

}  // namespace phosphene::onnx
