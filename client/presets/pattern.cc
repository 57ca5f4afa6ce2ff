// The preset of `pattern`.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/units.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// A canvas wider or higher than this is seen through windows.
constexpr int kWhole = 512;
constexpr int kWindow = 448;

v1::Objective Target(const PatternOptions& options) {
  v1::Objective out;
  if (options.image.empty()) {
    out.mutable_channel()->set_layer(options.layer);
    out.mutable_channel()->set_channel(options.channel);
    return out;
  }
  v1::PatternObjective& pattern = *out.mutable_pattern();
  pattern.set_layer(options.layer);
  pattern.set_image(FileRef(options.image));
  pattern.set_selectivity(options.selectivity);
  return out;
}

}  // namespace

absl::StatusOr<v1::JobSpec> PatternSpec(const PatternOptions& options,
                                        const SpecOptions& common) {
  if (options.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to show: --layer L with --channel C or --image FILE, or "
        "--objective EXPR");
  }
  RETURN_IF_ERROR(CheckFlag("--selectivity", options.selectivity,
                            "spec.objectives.pattern.selectivity"));
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(256);
  RETURN_IF_ERROR(SetParam(common.param, param));
  RETURN_IF_ERROR(SetObjectives(common.objective, Target(options), &spec));
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(256);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  if (!common.transforms.empty()) return spec;
  // A cppn tiles by its coordinates and rolls itself.
  spec.add_transforms()->mutable_roll();
  const int width = param->width();
  const int height = param->height() > 0 ? param->height() : width;
  if (std::max(width, height) > kWhole) {
    v1::CropTransform* window = spec.add_transforms()->mutable_crop();
    window->set_width(std::min(width, kWindow));
    window->set_height(std::min(height, kWindow));
  }
  return spec;
}

}  // namespace phosphene::client
