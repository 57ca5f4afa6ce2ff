// Opens a network: reads it, lists its layers, finds its logits.

#include "server/engine/onnx/info/info.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/info/aliases.h"
#include "server/engine/onnx/info/infer_config.h"
#include "server/engine/onnx/ops/traits.h"
#include "server/engine/onnx/program/passes.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"

namespace phosphene::onnx {

absl::StatusOr<std::shared_ptr<const OpenedNetwork>> OpenedNetwork::Open(
    const std::string& name, const ModelBytes& file,
    const v1::ModelConfig& config, std::vector<std::string>* notes) {
  std::shared_ptr<OpenedNetwork> net(new OpenedNetwork());
  net->name_ = name;
  net->config_ = config;
  absl::Status status;
  RETURN_IF_ERROR(
      Guarded("reading the network", [&] { status = net->Read(file, notes); }));
  RETURN_IF_ERROR(status);
  return net;
}

absl::Status OpenedNetwork::Read(const ModelBytes& file,
                                 std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(graph_, LoadGraph(file));
  RETURN_IF_ERROR(CheckOpsKnown(graph_));
  FoldConstants(&graph_);
  RETURN_IF_ERROR(CompleteConfig(graph_, &config_, notes));
  const GraphInput& input = *graph_.FindInput(config_.input());
  channels_ = ImageChannels(graph_, input.name);
  if (channels_ == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input \"", input.name, "\" does not say how many channels it has"));
  }
  if (input.dims.size() == 4) declared_batch_ = input.dims[0];
  RETURN_IF_ERROR(CheckInputSize());
  AddPreReluConcats(&graph_);
  ListLayers();
  return CheckAliases();
}

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
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (facts.at(name).rank < 0) unknown.push_back(name);
  }
  if (!unknown.empty()) Probe(unknown);
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

absl::StatusOr<Shapes> OpenedNetwork::ProbeShapes(const Program& program,
                                                  int64_t batch, int64_t height,
                                                  int64_t width) const {
  Shapes shapes;
  RETURN_IF_ERROR(Guarded("trying the network", [&] {
    const ScopedAllocationLimit memory(kTrialBytes, kTrialBytes);
    shapes =
        program.ShapesOf({at::full({batch, channels_, height, width}, 0.5)});
  }));
  return shapes;
}

void OpenedNetwork::Probe(const std::vector<std::string>& unknown) {
  OpOptions options;
  options.float_type = at::kFloat;
  // One program for all sizes: making it lays out every weight.
  const auto program =
      Program::Compile(graph_, {config_.input()}, unknown, options, &cache_);
  if (!program.ok())
    return;  // such layers stay unknown, and say why when they are run
  const auto [height, width] = ProbeSize();
  const auto one = ProbeShapes(**program, 1, height, width);
  if (!one.ok()) return;
  const auto two = ProbeShapes(**program, 2, height, width);
  // A file written for one image sees rows one at a time: any axis will do.
  const bool single = declared_batch_ == 1;
  for (const auto& [value, layout] :
       FindLayouts(graph_, config_.input(), *one,
                   two.ok() && !single ? *two : *one, single)) {
    const auto it = index_.find(value);
    if (it == index_.end()) continue;
    layouts_[value] = layout;
    layers_[it->second].set_channels(
        static_cast<int32_t>(one->at(value)[layout.channel_axis]));
  }
  const GraphInput& input = *graph_.FindInput(config_.input());
  if (input.dims.size() != 4 || input.dims[2] == 0 || input.dims[3] == 0)
    return;
  constexpr int64_t kLarger = 64;  // a multiple of the strides in use
  if (ProbeShapes(**program, 1, height + kLarger, width + kLarger).ok()) return;
  height_ = input.dims[2];
  width_ = input.dims[3];
}

Layout OpenedNetwork::LayoutOf(const std::string& layer) const {
  const auto it = layouts_.find(layer);
  return it == layouts_.end() ? Layout() : it->second;
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

absl::StatusOr<Reach> OpenedNetwork::ReachOf(absl::string_view resolved) const {
  const auto known = reach_.find(std::string(resolved));
  if (known == reach_.end()) {
    return absl::UnimplementedError(
        absl::StrCat("no picture reaches \"", resolved, "\""));
  }
  if (known->second.sees_all.empty()) return known->second.reach;
  return absl::UnimplementedError(
      absl::StrCat("\"", resolved, "\" sees the whole picture at once, by ",
                   known->second.sees_all));
}

double OpenedNetwork::BytesPerPixel(
    const std::vector<std::string>& resolved) const {
  const auto producers = IndexProducers(graph_);
  std::unordered_set<std::string> seen(resolved.begin(), resolved.end());
  std::vector<std::string> todo(seen.begin(), seen.end());
  double sum = 0;
  while (!todo.empty()) {
    const std::string value = std::move(todo.back());
    todo.pop_back();
    const auto own = bytes_.find(value);
    if (own != bytes_.end()) sum += own->second;
    const auto maker = producers.find(value);
    if (maker == producers.end()) continue;
    for (const std::string& input : graph_.nodes[maker->second].inputs) {
      if (seen.insert(input).second) todo.push_back(input);
    }
  }
  return sum;
}

absl::Status OpenedNetwork::CheckInputSize() const {
  const auto [height, width] = ProbeSize();
  const bool sizes_fit = channels_ >= 1 && channels_ <= kMaxChannels &&
                         std::max(height, width) <= kMaxImageElements;
  if (sizes_fit && height * width <= kMaxImageElements / channels_)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "input \"", config_.input(), "\" asks for images of ", channels_,
      " channels, ", height, " x ", width, "; they have at most ", kMaxChannels,
      " channels and ", kMaxImageElements, " elements"));
}

absl::Status OpenedNetwork::CheckAliases() const {
  std::vector<std::string> names;
  for (const v1::Layer& layer : layers_) names.push_back(layer.name());
  Faults faults;
  for (const auto& [alias, value] : config_.aliases()) {
    if (index_.count(value) > 0) continue;
    faults.Add(
        absl::StrCat("config.aliases[\"", alias, "\"]"),
        absl::StrCat("no layer \"", value, "\"", NearestHint(value, names)));
  }
  return faults.ToStatus();
}

absl::StatusOr<std::string> OpenedNetwork::Resolve(
    absl::string_view layer) const {
  const std::string name(layer);
  if (index_.count(name) > 0) return name;
  const auto alias = aliases_.find(name);
  if (alias != aliases_.end() && index_.count(alias->second) > 0)
    return alias->second;
  std::vector<std::string> names;
  for (const v1::Layer& known : layers_) names.push_back(known.name());
  for (const auto& [known, value] : aliases_) names.push_back(known);
  return absl::NotFoundError(absl::StrCat("no layer \"", name.substr(0, 128),
                                          "\" in model ", name_,
                                          NearestHint(layer, names)));
}

int64_t OpenedNetwork::Channels(absl::string_view resolved) const {
  const auto it = index_.find(std::string(resolved));
  return it == index_.end() ? 0 : layers_[it->second].channels();
}

std::pair<int64_t, int64_t> OpenedNetwork::ProbeSize() const {
  const GraphInput& input = *graph_.FindInput(config_.input());
  const bool stated = input.dims.size() == 4;
  return {stated && input.dims[2] > 0 ? input.dims[2] : kSurveySize,
          stated && input.dims[3] > 0 ? input.dims[3] : kSurveySize};
}

int64_t OpenedNetwork::CountParameters() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : graph_.constants) {
    if (at::isFloatingType(tensor.scalar_type())) count += tensor.numel();
  }
  return count;
}

}  // namespace phosphene::onnx
