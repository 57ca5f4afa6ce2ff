// What stands against a job's view going through the network in tiles.

#include "server/engine/step/tile_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

bool IsPicture(absl::string_view layer) {
  return layer.empty() || layer == "input" || layer == "image";
}

// Layers that the objective itself names; its terms are asked apart.
std::vector<std::string> LayersNamed(const v1::Objective& objective) {
  std::vector<std::string> names;
  if (!TermsOf(objective, "").empty()) return names;
  VisitTexts(objective, "", v1::FieldRules::LAYER,
             [&](const RuledText& text) { names.push_back(text.value); });
  return names;
}

bool ReadsLogits(const v1::Objective& objective) {
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  return kind != nullptr && kind->reads_logits != nullptr &&
         kind->reads_logits(objective);
}

bool ReadsNetwork(const v1::Objective& objective) {
  const std::vector<std::string> layers = LayersNamed(objective);
  if (ReadsLogits(objective) ||
      !std::all_of(layers.begin(), layers.end(), IsPicture)) {
    return true;
  }
  const std::vector<Term> terms = TermsOf(objective, "");
  return std::any_of(terms.begin(), terms.end(),
                     [](const Term& term) { return ReadsNetwork(*term.spec); });
}

// Why its layers cannot be cut; "" where they can.
std::string WhyNotLayers(const v1::Objective& objective,
                         const NetworkInfo* network) {
  for (const std::string& layer : LayersNamed(objective)) {
    if (layer == "image")
      return "\"image\" is the picture before transforms; ask for it in an "
             "objective of its own";
    if (IsPicture(layer) || network == nullptr) continue;
    const auto resolved = network->Resolve(layer);
    if (!resolved.ok()) continue;
    const auto reach = network->ReachOf(*resolved);
    if (!reach.ok()) return std::string(reach.status().message());
  }
  return "";
}

void CheckObjective(const v1::Objective& objective, const std::string& path,
                    const NetworkInfo* network, Faults& faults) {
  for (const Term& term : TermsOf(objective, path))
    CheckObjective(*term.spec, term.path, network, faults);
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  if (kind == nullptr || !TermsOf(objective, path).empty() ||
      !ReadsNetwork(objective)) {
    return;
  }
  std::string why = kind->why_not_tiled(objective);
  if (why.empty() && kind->needs_surface != nullptr &&
      kind->needs_surface(objective)) {
    why = "it is about an object in space";
  }
  if (why.empty()) why = WhyNotLayers(objective, network);
  if (why.empty()) return;
  faults.Add(absl::StrCat(path, ".", kind->arm),
             absl::StrCat("cannot be had from tiles of the picture: ", why));
}

}  // namespace

bool ReadsNetwork(const v1::JobSpec& spec) {
  return std::any_of(
      spec.objectives().begin(), spec.objectives().end(),
      [](const v1::Objective& objective) { return ReadsNetwork(objective); });
}

void CheckTiles(const v1::JobSpec& spec, const NetworkInfo* network,
                Faults& faults) {
  for (int i = 0; i < spec.objectives_size(); ++i) {
    CheckObjective(spec.objectives(i), absl::StrCat("spec.objectives[", i, "]"),
                   network, faults);
  }
}

}  // namespace phosphene
