#include "server/engine/objectives/shared/weighted_layers.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr int kMaxLayers = 64;

}  // namespace

void CheckWeightedLayers(
    const google::protobuf::RepeatedPtrField<v1::WeightedLayer>& layers,
    const NetworkInfo* network, absl::string_view path, Faults& faults) {
  if (layers.empty() || layers.size() > kMaxLayers) {
    faults.Add(path,
               absl::StrCat("has ", layers.size(), ", needs 1..", kMaxLayers));
  }
  for (int i = 0; i < std::min(layers.size(), kMaxLayers); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    CheckLayer(network, layers[i].layer(), absl::StrCat(at, ".layer"), faults);
    if (!std::isfinite(layers[i].weight())) {
      faults.Add(absl::StrCat(at, ".weight"),
                 absl::StrCat(layers[i].weight(), " is not finite"));
    }
  }
}

absl::StatusOr<std::vector<LayerShare>> WantLayers(
    const google::protobuf::RepeatedPtrField<v1::WeightedLayer>& layers,
    ObjectiveContext& context) {
  std::vector<LayerShare> out;
  for (const v1::WeightedLayer& layer : layers) {
    ASSIGN_OR_RETURN(std::string name, context.Want(layer.layer()));
    out.push_back({std::move(name), layer.has_weight() ? layer.weight() : 1.0});
  }
  return out;
}

std::vector<std::string> NamesOf(const std::vector<LayerShare>& layers) {
  std::vector<std::string> out;
  for (const LayerShare& layer : layers) out.push_back(layer.name);
  return out;
}

}  // namespace phosphene
