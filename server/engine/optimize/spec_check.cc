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
#include "server/base/range_fault.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/optimize/outputs.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/transforms/interface.h"

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

// Adds the layer names in an arm's own fields: `layer`, `from_layer`, `layers`,
// ... whatever the kind.
void AddLayers(const google::protobuf::Message& arm,
               std::vector<std::string>* names) {
  const auto* reflection = arm.GetReflection();
  const auto add = [names](const std::string& name) {
    if (!IsImage(name)) names->push_back(name);
  };
  for (int i = 0; i < arm.GetDescriptor()->field_count(); ++i) {
    const auto* field = arm.GetDescriptor()->field(i);
    if (field->message_type() == v1::WeightedLayer::descriptor()) {
      for (int k = 0; k < reflection->FieldSize(arm, field); ++k) {
        add(static_cast<const v1::WeightedLayer&>(
                reflection->GetRepeatedMessage(arm, field, k))
                .layer());
      }
    } else if (field->name() == "layer" || field->name() == "from_layer" ||
               field->name() == "to_layer") {
      add(reflection->GetString(arm, field));
    }
  }
}

void CheckFrames(const v1::FramePolicy& frames, Faults& faults) {
  if (frames.every() != 0)
    RequireRange(frames.every(), 1, kMaxSteps, "spec.frames.every", faults);
  if (frames.max_size() != 0) {
    RequireRange(frames.max_size(), 16, 2048, "spec.frames.max_size", faults);
  }
  if (frames.quality() != 0)
    RequireRange(frames.quality(), 1, 100, "spec.frames.quality", faults);
  RequireRange(frames.keep_every(), 0, kMaxSteps, "spec.frames.keep_every",
               faults);
}

void CheckOverrides(const v1::GradientOverrides& overrides, Faults& faults) {
  const std::string path = "spec.gradient_overrides";
  RequireKnown(
      v1::GradientOverrides::Redirect_IsValid(overrides.redirect_relu()),
      overrides.redirect_relu(), "REDIRECT_AUTO, REDIRECT_ON, REDIRECT_OFF",
      path + ".redirect_relu", faults);
  RequireKnown(
      v1::GradientOverrides::MaxPoolGradient_IsValid(overrides.max_pool()),
      overrides.max_pool(), "MAX, AVERAGE, L2", path + ".max_pool", faults);
  RequireRange(overrides.redirect_steps(), 0, kMaxSteps,
               path + ".redirect_steps", faults);
}

void CheckObjectives(const v1::JobSpec& spec, const NetworkInfo* network,
                     const Canvas& canvas, Verdict& verdict) {
  if (spec.objectives_size() > kMaxObjectives) {
    verdict.faults.Add(
        "spec.objectives",
        absl::StrCat("has ", spec.objectives_size(), " objectives; at most ",
                     kMaxObjectives, " are allowed"));
  }
  if (spec.objectives().empty() && spec.steps() != 0) {
    verdict.faults.Add("spec.objectives",
                       absl::StrCat("are missing: there is nothing to do in ",
                                    spec.steps(), " steps"));
  }
  for (int i = 0; i < std::min(spec.objectives_size(), kMaxObjectives); ++i) {
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
  const auto* arm = objective.GetReflection()->GetOneofFieldDescriptor(
      objective, v1::Objective::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return names;
  const ObjectiveKind* kind = FindObjectiveKind(objective);
  if (kind != nullptr && kind->reads_logits != nullptr &&
      kind->reads_logits(objective)) {
    names.push_back("");
  }
  AddLayers(objective.GetReflection()->GetMessage(objective, arm), &names);
  for (const Term& term : TermsOf(objective, "")) {
    for (std::string& name : LayersOf(*term.spec))
      names.push_back(std::move(name));
  }
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
  CheckModel(spec, model_error, verdict.faults);
  const absl::Status param =
      CheckParam(spec.parameterization(), "spec.parameterization");
  verdict.Join(param, "spec.parameterization");
  const absl::Status optimizer =
      CheckOptimizer(spec.optimizer(), "spec.optimizer");
  verdict.Join(optimizer, "spec.optimizer");
  if (spec.steps() != 0)
    RequireRange(spec.steps(), 1, kMaxSteps, "spec.steps", verdict.faults);
  RequireRange(spec.checkpoint_every(), 0, kMaxSteps, "spec.checkpoint_every",
               verdict.faults);
  RequireKnown(v1::JobSpec::Precision_IsValid(spec.precision()),
               spec.precision(), "AUTO, FP32, BF16", "spec.precision",
               verdict.faults);
  CheckFrames(spec.frames(), verdict.faults);
  CheckOverrides(spec.gradient_overrides(), verdict.faults);
  verdict.Join(CheckOutputs(spec), "spec.outputs");
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
  CheckObjectives(spec, network, canvas, verdict);
  if (optimizer.ok() && !spec.objectives().empty())
    CheckView(spec, network, verdict);
  return verdict.ToStatus();
}

}  // namespace phosphene
