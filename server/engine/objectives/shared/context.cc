// What objectives say they need: layers and companions.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {

absl::StatusOr<std::string> ObjectiveContext::Want(absl::string_view layer) {
  if (layer == "input" || layer == "image") return std::string(layer);
  if (network == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("an objective reads layer \"", layer,
                     "\", but the job names no model"));
  }
  ASSIGN_OR_RETURN(std::string resolved, network->Resolve(layer));
  if (std::find(layers.begin(), layers.end(), resolved) == layers.end()) {
    layers.push_back(resolved);
  }
  return resolved;
}

int64_t ObjectiveContext::AddCompanion(Companion companion) {
  companions.push_back(std::move(companion));
  return static_cast<int64_t>(companions.size()) - 1;
}

}  // namespace phosphene
