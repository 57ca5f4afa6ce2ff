// What opsets 5 and 6 said otherwise than 7.

#include "server/engine/onnx/adapt/old_opsets.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/info/survey.h"

namespace phosphene::onnx {
namespace {

constexpr int64_t kNumpyBroadcast = 7;

int64_t IntOf(const Node& node, const char* name, int64_t otherwise) {
  const auto it = node.attributes.find(name);
  return it == node.attributes.end() ? otherwise : it->second.i;
}

using Facts = std::unordered_map<std::string, ValueFacts>;

int RankOf(const Graph& graph, const Facts& facts, const std::string& value) {
  const auto constant = graph.constants.find(value);
  if (constant != graph.constants.end())
    return static_cast<int>(constant->second.dim());
  const auto it = facts.find(value);
  return it == facts.end() ? -1 : it->second.rank;
}

// The second operand's axes begin at `axis` of the first's: behind them it
// gets axes of one element.
void BroadcastAt(const Facts& facts, Graph* graph, Node* node) {
  const int64_t axis = IntOf(*node, "axis", -1);
  node->attributes.erase("broadcast");
  node->attributes.erase("axis");
  if (axis < 0 || node->inputs.size() != 2) return;  // aligned at the end
  const int rank = RankOf(*graph, facts, node->inputs[0]);
  const auto second = graph->constants.find(node->inputs[1]);
  if (second == graph->constants.end() || rank < 0) {
    node->fault =
        "broadcasts along an axis as opset 6 did, of values whose shapes are "
        "not known; convert the file to a later opset (onnx.version_converter)";
    return;
  }
  std::vector<int64_t> sizes = second->second.sizes().vec();
  while (static_cast<int64_t>(sizes.size()) < rank - axis) sizes.push_back(1);
  const std::string name = absl::StrCat(kAdaptedPrefix, " ", node->inputs[1],
                                        " at axis ", axis, " of ", rank);
  graph->constants[name] = second->second.reshape(sizes);
  node->inputs[1] = name;
}

void NumberType(Node* node) {
  const auto to = node->attributes.find("to");
  TensorProto::DataType type;
  if (to == node->attributes.end() || to->second.type != Attribute::kString)
    return;
  if (!TensorProto::DataType_Parse(absl::AsciiStrToUpper(to->second.s), &type))
    return;
  to->second.type = Attribute::kInt;
  to->second.i = type;
}

// Upsample-1: one factor for rows and one for columns.
void ListScales(Node* node) {
  const auto rows = node->attributes.find("height_scale"),
             columns = node->attributes.find("width_scale");
  if (rows == node->attributes.end() || columns == node->attributes.end())
    return;
  Attribute scales;
  scales.type = Attribute::kFloats;
  scales.floats = {1, 1, rows->second.f, columns->second.f};
  node->attributes["scales"] = scales;
}

// A slope per channel stood without axes behind it.
void WidenSlope(const Facts& facts, Graph* graph, Node* node) {
  if (node->inputs.size() != 2) return;
  const auto slope = graph->constants.find(node->inputs[1]);
  const int rank = RankOf(*graph, facts, node->inputs[0]);
  if (slope == graph->constants.end() || slope->second.dim() != 1 ||
      slope->second.numel() == 1 || rank < 3)
    return;
  std::vector<int64_t> sizes(rank - 1, 1);
  sizes[0] = slope->second.numel();
  const std::string name =
      absl::StrCat(kAdaptedPrefix, " ", node->inputs[1], " of channels");
  graph->constants[name] = slope->second.reshape(sizes);
  node->inputs[1] = name;
}

}  // namespace

void ReadAsOpset7(const std::string& image, Graph* graph) {
  if (graph->opset >= kNumpyBroadcast) return;
  const GraphInput* input = graph->FindInput(image);
  const int64_t channels =
      input != nullptr && input->dims.size() == 4 ? input->dims[1] : 0;
  const Facts facts = Survey(*graph, image, channels);
  for (Node& node : graph->nodes) {
    if (IntOf(node, "broadcast", 0) != 0 && node.inputs.size() == 2)
      BroadcastAt(facts, graph, &node);
    if (node.op == "Cast") NumberType(&node);
    if (node.op == "Upsample") ListScales(&node);
    if (node.op == "PRelu") WidenSlope(facts, graph, &node);
    if (node.op == "Tile" && graph->opset < 6)
      node.fault =
          "repeats along one axis as opset 5 did; convert the file to a later "
          "opset (onnx.version_converter)";
  }
  graph->opset = kNumpyBroadcast;
}

}  // namespace phosphene::onnx
