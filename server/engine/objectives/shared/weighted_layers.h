#pragma once

#include <string>
#include <vector>

#include "server/engine/objectives/interface.h"

namespace phosphene {

// A layer (resolved) and its factor.
struct LayerShare {
  std::string name;
  double weight = 1;
};

// Wants them all.
absl::StatusOr<std::vector<LayerShare>> WantLayers(
    const google::protobuf::RepeatedPtrField<v1::WeightedLayer>& layers,
    ObjectiveContext& context);

std::vector<std::string> NamesOf(const std::vector<LayerShare>& layers);

}  // namespace phosphene
