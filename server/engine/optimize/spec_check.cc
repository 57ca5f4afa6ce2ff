// Everything wrong with a spec, as far as the engine can tell.

#include "server/engine/optimize/spec_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/optimize/completed_spec.h"
#include "server/engine/optimize/view_check.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/step/tile_rules.h"
#include "server/engine/transforms/interface.h"
#include "server/rules/rules.h"
#include "server/rules/spec_rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

constexpr double kDefaultOctaveScale = 1.4;

// Adds objectives about an object in space where none is painted.
void CheckSurfaces(const v1::Objective& objective, const ParamKind& painted,
                   const std::string& path, Verdict& verdict) {
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  if (kind != nullptr && kind->needs_surface != nullptr &&
      kind->needs_surface(objective) && !verdict.full()) {
    verdict.faults().Add(
        absl::StrCat(path, ".", kind->arm),
        absl::StrCat("is about an object in space, ", painted.arm,
                     " paints a picture; allowed with: ",
                     ParamKindsThat([](const ParamKind& other) {
                       return other.has_surface;
                     })));
  }
  for (const Term& term : TermsOf(objective, path))
    CheckSurfaces(*term.spec, painted, term.path, verdict);
}

// The names that stand for the picture instead of a layer.
bool IsImage(absl::string_view layer) {
  return layer.empty() || layer == "input" || layer == "image";
}

// Whether the objective or one below it reads the logits without naming them.
bool ReadsLogits(const v1::Objective& objective) {
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  if (kind != nullptr && kind->reads_logits != nullptr &&
      kind->reads_logits(objective)) {
    return true;
  }
  const std::vector<Term> terms = TermsOf(objective, "");
  return std::any_of(terms.begin(), terms.end(),
                     [](const Term& term) { return ReadsLogits(*term.spec); });
}

void CheckObjectives(const v1::JobSpec& spec, const NetworkInfo* network,
                     const Canvas& canvas, Verdict& verdict) {
  const ParamKind* painted = FindParamKind(spec.parameterization());
  for (int i = 0; i < spec.objectives_size() && !verdict.full(); ++i) {
    const std::string path = absl::StrCat("spec.objectives[", i, "]");
    verdict.Join(CheckObjective(spec.objectives(i), network, canvas, path),
                 path);
    if (painted != nullptr && !painted->has_surface)
      CheckSurfaces(spec.objectives(i), *painted, path, verdict);
  }
}

void CheckModel(const v1::JobSpec& spec, const absl::Status& model_error,
                Verdict& verdict) {
  if (!model_error.ok()) {
    if (absl::IsNotFound(model_error)) {
      verdict.AddMissing("spec.model", model_error);
    } else if (!verdict.HasAt("spec.model")) {
      verdict.faults().Add("spec.model", std::string(model_error.message()));
    }
    return;
  }
  if (!spec.model().empty()) return;
  for (int i = 0; i < spec.objectives_size(); ++i) {
    if (LayersOf(spec.objectives(i)).empty()) continue;
    verdict.faults().Add("spec.model",
                         absl::StrCat("is required: spec.objectives[", i,
                                      "] reads a layer of a network"));
    return;
  }
}

}  // namespace

int64_t OctaveCount(const v1::JobSpec& spec) {
  return std::max(1, spec.optimizer().octaves().count());
}

Canvas OctaveCanvas(const v1::JobSpec& spec, int64_t octave) {
  Canvas canvas = CanvasOf(spec.parameterization());
  const double scale = spec.optimizer().octaves().scale();
  const double factor =
      std::pow(scale == 0 ? kDefaultOctaveScale : scale,
               static_cast<double>(octave - (OctaveCount(spec) - 1)));
  canvas.height = std::max<int64_t>(
      1, std::lround(static_cast<double>(canvas.height) * factor));
  canvas.width = std::max<int64_t>(
      1, std::lround(static_cast<double>(canvas.width) * factor));
  return canvas;
}

std::vector<std::string> LayersOf(const v1::Objective& objective) {
  std::vector<std::string> names;
  if (ReadsLogits(objective)) names.push_back("");
  VisitTexts(objective, "", v1::FieldRules::LAYER, [&](const RuledText& text) {
    if (!IsImage(text.value)) names.push_back(text.value);
  });
  return names;
}

bool ReadsTransformedAlpha(const v1::Objective& objective) {
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  if (kind != nullptr && kind->reads_transformed_alpha != nullptr &&
      kind->reads_transformed_alpha(objective)) {
    return true;
  }
  const std::vector<Term> terms = TermsOf(objective, "");
  return std::any_of(terms.begin(), terms.end(), [](const Term& term) {
    return ReadsTransformedAlpha(*term.spec);
  });
}

absl::Status CheckSpec(const v1::JobSpec& stated, const NetworkInfo* network,
                       const absl::Status& model_error) {
  const v1::JobSpec spec = CompleteSpec(stated, network);
  Verdict verdict;
  AddSpecFaults(stated, verdict.faults());
  CheckModel(spec, model_error, verdict);
  const std::string param = "spec.parameterization";
  if (spec.has_parameterization())
    verdict.Join(CheckParam(spec.parameterization(), param), param);
  verdict.Join(CheckOptimizer(spec.optimizer(), "spec.optimizer"),
               "spec.optimizer");
  verdict.Join(
      TransformChain::CheckEach(stated.transforms(), "spec.transforms"),
      "spec.transforms");
  verdict.Join(CheckOutputs(spec), "spec.outputs");
  const Canvas canvas = KnownCanvasOf(spec.parameterization());
  CheckObjectives(spec, network, canvas, verdict);
  if (spec.tiling().mode() == v1::Tiling::ON)
    CheckTiles(spec, network, verdict.faults());
  const OptimizerKind* optimizer = FindOptimizerKind(spec.optimizer());
  if (spec.tiling().delayed() && optimizer != nullptr && optimizer->searches) {
    verdict.faults().Add(
        "spec.tiling.delayed",
        absl::StrCat(optimizer->arm,
                     " searches along a line, which seeds of the step before "
                     "do not follow; use adam, or leave it out"));
  }
  // What follows needs a canvas, and transforms that can be made.
  const bool canvas_known =
      canvas.height > 0 && canvas.width > 0 && canvas.channels > 0;
  if (canvas_known && !verdict.HasAt("spec.transforms") &&
      !verdict.HasAt("spec.optimizer.octaves") && !spec.objectives().empty()) {
    CheckView(spec, network, verdict);
  }
  return verdict.ToStatus();
}

}  // namespace phosphene
