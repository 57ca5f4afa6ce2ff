// The preset of `dream`.

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// TensorFlow's example steps by 1.5 in units of 0..255.
constexpr double kStep = 1.5 / 255;

v1::Objective Target(const DreamOptions& options) {
  v1::Objective out;
  if (options.channel < 0) {
    out.mutable_deepdream()->set_layer(options.layer);
  } else {
    out.mutable_channel()->set_layer(options.layer);
    out.mutable_channel()->set_channel(options.channel);
  }
  return out;
}

}  // namespace

absl::StatusOr<v1::JobSpec> DreamSpec(const DreamOptions& options,
                                      const SpecOptions& common) {
  if (options.layer.empty() && common.objective.empty()) {
    return UsageError("say what to amplify: --layer L, or --objective EXPR");
  }
  RETURN_IF_ERROR(
      CheckFlag("--octaves", options.octaves, "spec.optimizer.octaves.count"));
  RETURN_IF_ERROR(CheckFlag("--octave-scale", options.octave_scale,
                            "spec.optimizer.octaves.scale"));
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(512);
  if (common.param.empty()) {
    param->mutable_pixel();
  } else {
    RETURN_IF_ERROR(SetParam(common.param, param));
  }
  // Plain steps in pixel values, as the original takes them.
  param->mutable_color()->set_basis(v1::ColorSpace::RGB);
  param->mutable_color()->set_squash(v1::ColorSpace::CLIP);
  spec.add_transforms()->mutable_roll();
  RETURN_IF_ERROR(SetObjectives(common.objective, Target(options), &spec));
  v1::Optimizer* optimizer = spec.mutable_optimizer();
  optimizer->set_learning_rate(kStep);
  optimizer->mutable_sgd();
  optimizer->set_normalize_gradient(
      options.laplacian ? v1::Optimizer::LAPLACIAN : v1::Optimizer::MEAN_ABS);
  optimizer->mutable_octaves()->set_count(options.octaves);
  optimizer->mutable_octaves()->set_scale(options.octave_scale);
  spec.set_steps(10);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  return spec;
}

}  // namespace phosphene::client
