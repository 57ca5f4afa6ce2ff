// Opens a network: reads it, lists its layers, finds its logits.

#include "server/engine/onnx/info/info.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/adapt/adapt.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/info/aliases.h"
#include "server/engine/onnx/info/infer_config.h"
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
  ASSIGN_OR_RETURN(Adapted adapted, Adapt(&config_, &graph_, notes));
  left_out_ = std::move(adapted.left_out);
  copies_ = adapted.copies;
  RETURN_IF_ERROR(CompleteConfig(graph_, &config_, notes));
  const GraphInput& input = *graph_.FindInput(config_.input());
  declared_batch_ = input.dims[0];
  channels_ = input.dims[1];
  RETURN_IF_ERROR(CheckInputSize());
  AddPreReluConcats(&graph_);
  ListLayers();
  const std::string late = sizes_.Note(static_cast<int64_t>(layers_.size()));
  if (!late.empty() && notes != nullptr) notes->push_back(late);
  return CheckAliases();
}

Layout OpenedNetwork::LayoutOf(const std::string& layer) const {
  const auto it = layouts_.find(layer);
  return it == layouts_.end() ? Layout() : it->second;
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
  const auto left = left_out_.find(name);
  if (left != left_out_.end()) {
    return absl::NotFoundError(
        absl::StrCat("layer \"", name.substr(0, 128), "\" of model ", name_,
                     " is not read: it is ", left->second));
  }
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
  if (sizes_.height > 0) return {sizes_.height, sizes_.width};
  const GraphInput& input = *graph_.FindInput(config_.input());
  const auto side = [&](int64_t asked, size_t axis) -> int64_t {
    if (asked > 0) return asked;
    const bool stated = input.dims.size() == 4 && input.dims[axis] > 0;
    return stated ? input.dims[axis] : kSurveySize;
  };
  return {side(config_.height(), 2), side(config_.width(), 3)};
}

int64_t OpenedNetwork::CountParameters() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : graph_.constants) {
    if (at::isFloatingType(tensor.scalar_type())) count += tensor.numel();
  }
  return count;
}

}  // namespace phosphene::onnx
