// Values of a network that are called what objectives call the picture.

#include "server/engine/onnx/adapt/reserved_names.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace phosphene::onnx {
namespace {

void Rename(const std::string& from, const std::string& to,
            std::vector<std::string>* names) {
  std::replace(names->begin(), names->end(), from, to);
}

bool Makes(const Graph& graph, const std::string& value) {
  return std::any_of(
      graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
        return std::find(node.outputs.begin(), node.outputs.end(), value) !=
               node.outputs.end();
      });
}

}  // namespace

void RenameReserved(Graph* graph) {
  for (const char* reserved : {"image", "input"}) {
    if (!Makes(*graph, reserved)) continue;
    std::string name = absl::StrCat(kNetworkPrefix, reserved);
    while (Makes(*graph, name) || graph->constants.count(name) > 0 ||
           graph->FindInput(name) != nullptr)
      name += "'";
    for (Node& node : graph->nodes) {
      Rename(reserved, name, &node.inputs);
      Rename(reserved, name, &node.outputs);
    }
    Rename(reserved, name, &graph->outputs);
  }
}

}  // namespace phosphene::onnx
