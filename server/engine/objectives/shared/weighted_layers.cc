// Lists of layers with a weight each.
#include "server/engine/objectives/shared/weighted_layers.h"

#include "server/base/status_macros.h"

namespace phosphene {
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
