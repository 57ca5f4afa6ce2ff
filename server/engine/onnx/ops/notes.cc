// Says what operators do that a reader of the file would not expect.

#include "server/engine/onnx/ops/notes.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

// Nodes that one sentence is about.
struct Found {
  int64_t count = 0;
  std::string example;

  void Add(const Node& node) {
    if (count++ == 0) example = Describe(node);
  }
  void Say(absl::string_view what, std::vector<std::string>* notes) const {
    if (count == 0) return;
    notes->push_back(absl::StrCat(
        example, count > 1 ? absl::StrCat(" and ", count - 1, " more") : "",
        ": ", what));
  }
};

bool Trains(const Node& node, const Graph& graph) {
  const auto flag = node.attributes.find("training_mode");
  if (flag != node.attributes.end()) return flag->second.i != 0;
  // Dropout says so in an input.
  if (node.inputs.size() != 3 || node.inputs[2].empty()) return false;
  const auto known = graph.constants.find(node.inputs[2]);
  return known == graph.constants.end() || known->second.numel() != 1 ||
         known->second.item().toBool();
}

}  // namespace

std::vector<std::string> OperatorNotes(const Graph& graph) {
  Found rounds, draws, trains;
  for (const Node& node : graph.nodes) {
    const OpTraits& traits = TraitsOf(node.op);
    if (traits.straight_through) rounds.Add(node);
    if (traits.random) draws.Add(node);
    if (traits.may_train && Trains(node, graph)) trains.Add(node);
  }
  std::vector<std::string> notes;
  rounds.Say(
      "values are rounded to quantized ones; gradients go straight through the "
      "rounding, and are 0 where values are clipped",
      &notes);
  draws.Say(
      "random numbers would be drawn; their mean is used, so that the same job "
      "gives the same picture",
      &notes);
  trains.Say(
      "training mode; nothing is dropped, and statistics are those of each "
      "picture alone (export the network with model.eval())",
      &notes);
  return notes;
}

}  // namespace phosphene::onnx
