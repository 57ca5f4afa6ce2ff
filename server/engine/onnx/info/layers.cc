// Lists the layers of a network: what following its graph tells of them, and
// what trying it adds.

#include <algorithm>
#include <utility>

#include "server/engine/onnx/info/aliases.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/info/trial.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {

void OpenedNetwork::ListLayers() {
  const auto facts = Survey(graph_, config_.input(), channels_);
  reach_ = ReachOfValues(graph_, config_.input());
  for (const auto& [value, known] : facts) {
    if (known.integer || known.stride == 0) continue;
    const double places =
        1.0 / static_cast<double>(known.stride * known.stride);
    bytes_[value] =
        sizeof(float) * static_cast<double>(known.channels) * places;
  }
  // Values that no image reaches, and shape arithmetic, are not layers.
  std::unordered_map<std::string, bool> reached{{config_.input(), true}};
  std::vector<std::string> names;
  for (const Node& node : graph_.nodes) {
    const bool from_image = std::any_of(
        node.inputs.begin(), node.inputs.end(),
        [&](const auto& input) { return reached.count(input) > 0; });
    for (const std::string& output : node.outputs) {
      if (!from_image || output.empty() || facts.at(output).integer) continue;
      reached.emplace(output, true);
      if (IsAdapted(output)) continue;
      names.push_back(output);
      const ValueFacts& value = facts.at(output);
      v1::Layer layer;
      layer.set_name(output);
      layer.set_op(node.op);
      layer.set_channels(static_cast<int32_t>(value.channels));
      layer.set_stride(static_cast<int32_t>(value.stride));
      layer.set_receptive_field(
          static_cast<int32_t>(value.stride > 0 ? value.field : 0));
      index_.emplace(output, layers_.size());
      layers_.push_back(std::move(layer));
    }
  }
  for (const auto& [value, flops] : CountFlops(graph_, facts, names)) {
    layers_[index_.at(value)].set_gflops(flops / 1e9);
  }
  const bool unknown = std::any_of(
      names.begin(), names.end(),
      [&](const std::string& name) { return facts.at(name).rank < 0; });
  if (unknown) {
    Probe(facts);
  } else {
    FindInputSizes(facts, nullptr);
  }
  aliases_ = PlainAliases(graph_);
  for (const auto& [alias, value] : LucidAliases(graph_))
    aliases_[alias] = value;
  for (const auto& [alias, value] : config_.aliases()) aliases_[alias] = value;
  for (const auto& [alias, value] : aliases_) {
    const auto it = index_.find(value);
    if (it != index_.end()) layers_[it->second].add_aliases(alias);
  }
  FindLogits(facts);
}

void OpenedNetwork::Probe(
    const std::unordered_map<std::string, ValueFacts>& facts) {
  const auto trial = Trial::Make(graph_, config_.input(), channels_, &cache_);
  if (!trial.ok())
    return;  // such layers stay unknown, and say why when they are run
  FindInputSizes(facts, trial->get());
  const auto [height, width] = ProbeSize();
  auto one = (*trial)->At(1, height, width);
  if (!one.ok()) return;
  auto two = (*trial)->At(2, height, width);
  KnownShapes shapes;
  for (const auto& [value, known] : facts) shapes.ranks[value] = known.rank;
  shapes.one = std::move(one->made);
  if (two.ok()) shapes.two = std::move(two->made);
  // A file written for one image sees rows one at a time: any axis will do.
  const bool single = declared_batch_ == 1;
  for (const auto& [value, layout] :
       FindLayouts(graph_, config_.input(), shapes, single)) {
    const auto it = index_.find(value);
    if (it == index_.end()) continue;
    layouts_[value] = layout;
    layers_[it->second].set_channels(
        static_cast<int32_t>(shapes.one.at(value)[layout.channel_axis]));
  }
}

void OpenedNetwork::FindLogits(
    const std::unordered_map<std::string, ValueFacts>& facts) {
  if (graph_.outputs.empty()) return;
  const auto producers = IndexProducers(graph_);
  const std::string& output = graph_.outputs[0];
  const auto maker = producers.find(output);
  if (maker == producers.end()) return;
  const Node& node = graph_.nodes[maker->second];
  const bool softmax = TraitsOf(node.op).probabilities && !node.inputs.empty();
  const std::string& value = softmax ? node.inputs[0] : output;
  const auto known = facts.find(value);
  // One number per class: two axes, or one position left of four.
  const bool classes = known == facts.end() || known->second.rank != 4 ||
                       (known->second.height == 1 && known->second.stride == 0);
  if (index_.count(value) > 0 && (softmax || classes)) logits_ = value;
}

}  // namespace phosphene::onnx
