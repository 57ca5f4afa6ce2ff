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
#include "server/engine/optimize/outputs.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/transforms/interface.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

constexpr double kDefaultOctaveScale = 1.4;

// Adds a part's verdict to the whole: faults join, UNIMPLEMENTED is kept apart.
class Verdict {
 public:
  Faults faults;

  void Join(const absl::Status& status, absl::string_view path) {
    if (status.ok()) return;
    if (status.code() == absl::StatusCode::kUnimplemented) {
      if (unimplemented_.ok()) unimplemented_ = status;
      return;
    }
    const std::vector<Fault> list = FaultsOf(status);
    if (list.empty()) faults.Add(path, std::string(status.message()));
    for (const Fault& fault : list) faults.Add(fault.field, fault.message);
  }
  absl::Status ToStatus() const {
    return faults.empty() ? unimplemented_ : faults.ToStatus();
  }

 private:
  absl::Status unimplemented_;
};

// The names that stand for the picture instead of a layer.
bool IsImage(absl::string_view layer) {
  return layer.empty() || layer == "input" || layer == "image";
}

// Most entries that the rules of a list of JobSpec allow.
int MaxItems(const char* field) {
  return RulesOf(*v1::JobSpec::descriptor()->FindFieldByName(field))
      .max_items();
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

// The canvas for those who look at other parts: what of it breaks its rules is
// told of there, and taken as what allows the most here.
Canvas LenientCanvas(v1::Parameterization spec) {
  const auto broken = [&spec](const char* field) {
    Faults faults;
    AddFieldFaults(spec, field, "", faults);
    return !faults.empty();
  };
  if (broken("rows")) {
    const auto* rows = spec.GetDescriptor()->FindFieldByName("rows");
    spec.set_rows(static_cast<int32_t>(RulesOf(*rows).max()));
  }
  if (broken("channels")) spec.set_channels(4);
  if (broken("width")) spec.clear_width();
  if (broken("height")) spec.clear_height();
  return CanvasOf(spec);
}

void CheckObjectives(const v1::JobSpec& spec, const NetworkInfo* network,
                     const Canvas& canvas, Verdict& verdict) {
  if (spec.objectives().empty() && spec.steps() != 0) {
    verdict.faults.Add("spec.objectives",
                       absl::StrCat("are missing: there is nothing to do in ",
                                    spec.steps(), " steps"));
  }
  const int count = std::min(spec.objectives_size(), MaxItems("objectives"));
  for (int i = 0; i < count; ++i) {
    const std::string path = absl::StrCat("spec.objectives[", i, "]");
    verdict.Join(CheckObjective(spec.objectives(i), network, canvas, path),
                 path);
  }
}

void CheckModel(const v1::JobSpec& spec, const absl::Status& model_error,
                Faults& faults) {
  if (!model_error.ok()) {
    faults.Add("spec.model", std::string(model_error.message()));
    return;
  }
  if (!spec.model().empty()) return;
  for (int i = 0; i < spec.objectives_size(); ++i) {
    if (LayersOf(spec.objectives(i)).empty()) continue;
    faults.Add("spec.model", absl::StrCat("is required: spec.objectives[", i,
                                          "] reads a layer of a network"));
    return;
  }
}

// That the transforms fit the canvas of every octave and end in what the
// network takes.
void CheckView(const v1::JobSpec& spec, const NetworkInfo* network,
               Verdict& verdict) {
  for (const int64_t octave : std::set<int64_t>{0, OctaveCount(spec) - 1}) {
    const Canvas canvas = OctaveCanvas(spec, octave);
    const absl::Status status =
        TransformChain::Check(spec.transforms(), canvas.channels, canvas.height,
                              canvas.width, "spec.transforms");
    verdict.Join(status, "spec.transforms");
    if (!status.ok()) return;
  }
  const Canvas canvas = CanvasOf(spec.parameterization());
  const auto chain =
      TransformChain::Make(spec.transforms(), canvas.height, canvas.width);
  if (!chain.ok() || network == nullptr) return;
  const int64_t channels = (*chain)->Channels(canvas.channels),
                wanted = network->input_channels();
  const bool grey = channels == 1 && wanted == 3;
  if (channels == wanted || grey || wanted == 0) return;
  verdict.faults.Add(
      "spec.parameterization.channels",
      absl::StrCat("the network takes ", wanted,
                   " channels, the transforms leave ", channels,
                   channels == 4 ? "; add a random_background transform" : ""));
}

}  // namespace

int64_t OctaveCount(const v1::JobSpec& spec) {
  return std::max(1, spec.optimizer().octaves().count());
}

int64_t StepsPerOctave(const v1::JobSpec& spec) {
  if (spec.objectives().empty()) return 0;
  return spec.steps() == 0 ? 512 : spec.steps();
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

absl::Status CheckSpec(const v1::JobSpec& spec, const NetworkInfo* network,
                       const absl::Status& model_error) {
  Verdict verdict;
  AddRuleFaults(spec, "spec", verdict.faults);
  CheckModel(spec, model_error, verdict.faults);
  const absl::Status param =
      CheckParam(spec.parameterization(), "spec.parameterization");
  verdict.Join(param, "spec.parameterization");
  verdict.Join(CheckOptimizer(spec.optimizer(), "spec.optimizer"),
               "spec.optimizer");
  const absl::Status transforms =
      TransformChain::CheckEach(spec.transforms(), "spec.transforms");
  verdict.Join(transforms, "spec.transforms");
  verdict.Join(CheckOutputs(spec), "spec.outputs");
  CheckObjectives(spec, network, LenientCanvas(spec.parameterization()),
                  verdict);
  // What follows needs a canvas that exists.
  if (!param.ok() && param.code() != absl::StatusCode::kUnimplemented)
    return verdict.ToStatus();
  const Canvas canvas = CanvasOf(spec.parameterization());
  if (canvas.rows * canvas.height * canvas.width > kMaxCanvasPixels) {
    verdict.faults.Add("spec.parameterization",
                       absl::StrCat(canvas.rows, " rows of ", canvas.width,
                                    " x ", canvas.height, " are more than ",
                                    kMaxCanvasPixels, " pixels"));
  }
  Faults octaves;
  AddFieldFaults(spec.optimizer(), "octaves", "", octaves);
  const bool too_many = spec.transforms_size() > MaxItems("transforms");
  if (octaves.empty() && transforms.ok() && !too_many &&
      !spec.objectives().empty()) {
    CheckView(spec, network, verdict);
  }
  return verdict.ToStatus();
}

}  // namespace phosphene
