#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/commands/session.h"
#include "client/presets/presets.h"
#include "phosphene/v1/model.pb.h"

namespace phosphene::client {

// "models/NAME" for NAME and models/NAME.
std::string ModelName(const std::string& name);

// All layers of a model, in order of execution.
absl::StatusOr<std::vector<v1::Layer>> FetchLayers(Session& session,
                                                   const std::string& model);

// Channels of one layer, by name or alias. NOT_FOUND gives the nearest names.
absl::StatusOr<int> FetchChannelCount(Session& session,
                                      const std::string& model,
                                      const std::string& layer);

// Layers for style transfer: those said, the known ones of the model where
// nothing is said.
absl::StatusOr<StyleLayers> FetchStyleLayers(Session& session,
                                             const std::string& model,
                                             const StyleLayers& said);

}  // namespace phosphene::client
