// The preset of `cppn`.

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

absl::Status SetActivation(const std::string& name,
                           v1::CppnParameterization* cppn) {
  if (name.empty()) return absl::OkStatus();
  const std::vector<std::string> names = {"composite", "unbiased", "relu",
                                          "abs"};
  for (size_t i = 0; i < names.size(); ++i) {
    if (name != names[i]) continue;
    cppn->set_activation(static_cast<v1::CppnParameterization::Activation>(
        v1::CppnParameterization::COMPOSITE + static_cast<int>(i)));
    return absl::OkStatus();
  }
  return FlagError(
      "--activation",
      absl::StrCat("\"", name, "\" is not allowed; allowed ", QuotedList(names),
                   NearestHint(name, names, 1)));
}

// --render: every image output is drawn anew at this size.
absl::Status SetRender(const std::string& text, v1::JobSpec* spec) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Size> size = ParseSize(text);
  if (!size.ok()) return FlagError("--render", size.status().message());
  for (v1::Output& output : *spec->mutable_outputs()) {
    if (output.has_checkpoint()) continue;
    output.set_width(size->width);
    output.set_height(size->height);
  }
  return absl::OkStatus();
}

}  // namespace

// What `render` and `morph` draw from later.
void AddWeights(v1::JobSpec* spec) {
  for (const v1::Output& output : spec->outputs()) {
    if (output.has_checkpoint()) return;
  }
  v1::Output* weights = spec->add_outputs();
  weights->set_name(kWeightsArtifact);
  weights->mutable_checkpoint();
}

absl::StatusOr<v1::JobSpec> CppnSpec(const CppnOptions& options,
                                     const SpecOptions& common) {
  if (options.target.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to visualize: --layer L --channel C, or --objective EXPR");
  }
  if (options.depth != 0) {
    RETURN_IF_ERROR(CheckFlag("--depth", options.depth,
                              "spec.parameterization.cppn.depth"));
  }
  if (options.hidden != 0) {
    RETURN_IF_ERROR(CheckFlag("--hidden", options.hidden,
                              "spec.parameterization.cppn.hidden_channels"));
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(224);
  v1::CppnParameterization* cppn = param->mutable_cppn();
  cppn->set_depth(options.depth);
  cppn->set_hidden_channels(options.hidden);
  cppn->set_normalize(options.normalize);
  cppn->set_periodic(options.periodic);
  RETURN_IF_ERROR(SetActivation(options.activation, cppn));
  RETURN_IF_ERROR(
      SetObjectives(common.objective, TargetObjective(options.target), &spec));
  spec.mutable_optimizer()->set_learning_rate(0.005);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(512);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  RETURN_IF_ERROR(SetRender(options.render, &spec));
  AddWeights(&spec);
  return spec;
}

}  // namespace phosphene::client
