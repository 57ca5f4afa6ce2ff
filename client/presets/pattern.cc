// The preset of `pattern`.

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/units.h"
#include "client/presets/canvas_size.h"
#include "client/presets/presets.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Optimized at one size, a canvas wider or higher than this is seen through
// windows.
constexpr int kWhole = 512;
constexpr int kWindow = 448;

// The appendix starts at .5 + .01 U(0,1), whose standard deviation this is.
constexpr double kStart = 0.5;
constexpr double kStartNoise = 0.0029;
constexpr double kLight = 2.2;      // octaves are enlarged in linear light
constexpr double kLeastRate = 0.2;  // steps of fine octaves, of the first's

constexpr int kRendered = 1024;  // the side a cppn is drawn at in the end

// The way a pattern is made, told by --param.
enum class Way { kOctaves, kCppn, kOneSize };

Way WayOf(const SpecOptions& common) {
  if (common.param.empty() || common.param == "pixel") return Way::kOctaves;
  return common.param == "cppn" ? Way::kCppn : Way::kOneSize;
}

absl::Status SetMatch(const PatternOptions& options, Way way,
                      v1::PatternObjective* pattern) {
  const std::vector<std::string> names = {"channels", "places"};
  const std::string& name =
      options.match.empty() ? names[way == Way::kCppn] : options.match;
  if (name == names[1]) {
    pattern->set_match(v1::PatternObjective::PLACES);
    return absl::OkStatus();
  }
  if (name == names[0]) {
    pattern->set_selectivity(options.selectivity);
    return absl::OkStatus();
  }
  return FlagError(
      "--match", absl::StrCat("\"", name, "\" is not allowed; allowed ",
                              QuotedList(names), NearestHint(name, names, 1)));
}

absl::StatusOr<v1::Objective> Target(const PatternOptions& options, Way way) {
  v1::Objective out;
  if (options.image.empty()) {
    out.mutable_channel()->set_layer(options.layer);
    out.mutable_channel()->set_channel(options.channel);
    return out;
  }
  v1::PatternObjective& pattern = *out.mutable_pattern();
  pattern.set_layer(options.layer);
  pattern.set_image(FileRef(options.image));
  RETURN_IF_ERROR(SetMatch(options, way, &pattern));
  return out;
}

absl::Status CheckOptions(const PatternOptions& options, Way way,
                          const SpecOptions& common) {
  if (options.layer.empty() && common.objective.empty()) {
    return UsageError(
        "say what to show: --layer L with --channel C or --image FILE, or "
        "--objective EXPR");
  }
  RETURN_IF_ERROR(CheckFlag("--selectivity", options.selectivity,
                            "spec.objectives.pattern.selectivity"));
  if (way == Way::kOctaves) {
    RETURN_IF_ERROR(CheckFlag("--octaves", options.octaves,
                              "spec.optimizer.octaves.count"));
    return CheckFlag("--octave-scale", options.octave_scale,
                     "spec.optimizer.octaves.scale");
  }
  return absl::OkStatus();
}

// DeepDream's way: octaves from noise, the gradient equalized band by band and
// its colours mixed, each step so far that values move by their rate.
void SetOctaves(const PatternOptions& options, v1::JobSpec* spec) {
  v1::Parameterization* param = spec->mutable_parameterization();
  param->set_width(512);
  param->mutable_pixel()->set_sd(kStartNoise);
  param->mutable_color()->set_basis(v1::ColorSpace::RGB);
  param->mutable_color()->set_squash(v1::ColorSpace::CLIP);
  param->mutable_init()->mutable_constant()->add_values(kStart);
  param->mutable_init()->set_noise(1);
  v1::Optimizer* optimizer = spec->mutable_optimizer();
  optimizer->set_learning_rate(0.02);
  optimizer->mutable_sgd();
  optimizer->set_normalize_gradient(v1::Optimizer::LAPLACIAN);
  optimizer->set_correlate_gradient(true);
  v1::Octaves* octaves = optimizer->mutable_octaves();
  octaves->set_count(options.octaves);
  octaves->set_scale(options.octave_scale);
  octaves->set_rate_factor(1 / options.octave_scale);
  octaves->set_least_rate(kLeastRate);
  octaves->set_gamma(kLight);
  spec->set_steps(50);
}

// A net of coordinates that come around, drawn as large as one likes.
void SetCppn(v1::JobSpec* spec) {
  spec->mutable_parameterization()->set_width(224);
  v1::CppnParameterization* cppn =
      spec->mutable_parameterization()->mutable_cppn();
  cppn->set_periodic(true);
  cppn->set_activation(v1::CppnParameterization::UNBIASED);
  spec->mutable_optimizer()->set_learning_rate(0.003);
  spec->mutable_optimizer()->mutable_adam();
  spec->set_steps(501);
}

absl::Status SetOneSize(const SpecOptions& common, v1::JobSpec* spec) {
  spec->mutable_parameterization()->set_width(256);
  RETURN_IF_ERROR(SetParam(common.param, spec->mutable_parameterization()));
  spec->mutable_optimizer()->set_learning_rate(0.05);
  spec->mutable_optimizer()->mutable_adam();
  spec->set_steps(256);
  return absl::OkStatus();
}

void AddWindow(const SpecOptions& common, v1::JobSpec* spec) {
  const Size canvas = CanvasSize(common, spec->parameterization().width());
  if (std::max(canvas.width, canvas.height) <= kWhole) return;
  v1::CropTransform* window = spec->add_transforms()->mutable_crop();
  window->set_width(std::min(canvas.width, kWindow));
  window->set_height(std::min(canvas.height, kWindow));
}

// Drawn with kRendered on the longer side, in the shape of the canvas.
void SetRendered(v1::JobSpec* spec) {
  const v1::Parameterization& param = spec->parameterization();
  const int64_t width = param.width(),
                height = param.height() > 0 ? param.height() : width;
  const int64_t longer = std::max({width, height, int64_t{1}});
  if (longer >= kRendered) return;
  for (v1::Output& output : *spec->mutable_outputs()) {
    if (output.has_checkpoint()) continue;
    output.set_width(static_cast<int>(width * kRendered / longer));
    output.set_height(static_cast<int>(height * kRendered / longer));
  }
}

}  // namespace

absl::StatusOr<v1::JobSpec> PatternSpec(const PatternOptions& options,
                                        const SpecOptions& common) {
  const Way way = WayOf(common);
  RETURN_IF_ERROR(CheckOptions(options, way, common));
  v1::JobSpec spec;
  if (way == Way::kOctaves) SetOctaves(options, &spec);
  if (way == Way::kCppn) SetCppn(&spec);
  if (way == Way::kOneSize) RETURN_IF_ERROR(SetOneSize(common, &spec));
  ASSIGN_OR_RETURN(v1::Objective target, Target(options, way));
  RETURN_IF_ERROR(SetObjectives(common.objective, std::move(target), &spec));
  // A cppn tiles by its coordinates, which are shifted anew each step.
  if (way != Way::kCppn) spec.add_transforms()->mutable_roll();
  if (way == Way::kOneSize) AddWindow(common, &spec);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kImage, &spec));
  if (way != Way::kCppn) return spec;
  SetRendered(&spec);
  AddWeights(&spec);
  return spec;
}

}  // namespace phosphene::client
