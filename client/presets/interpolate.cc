#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/status_macros.h"
#include "client/presets/presets.h"

namespace phosphene::client {
namespace {

// The shared tensors of the notebook at 128 x 128: (rows, canvas / cells).
struct Shared {
  int rows, divisor;
};
constexpr Shared kShared[] = {{1, 2}, {1, 4}, {1, 8}, {2, 8}, {1, 16}, {2, 16}};

void AddShared(const Size& canvas, int frames,
               v1::StackParameterization* stack) {
  for (const Shared& shared : kShared) {
    if (shared.rows > frames) continue;
    auto* tensor = stack->add_shared();
    tensor->set_rows(shared.rows);
    tensor->set_height(std::max(canvas.height / shared.divisor, 1));
    tensor->set_width(std::max(canvas.width / shared.divisor, 1));
  }
}

}  // namespace

absl::StatusOr<v1::JobSpec> InterpolateSpec(const InterpolateOptions& options,
                                            const SpecOptions& common) {
  if (options.frames < 2 || options.frames > 256) {
    return FlagError(
        "--frames",
        absl::StrCat(options.frames, " is not allowed; allowed 2..256"));
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(128);
  param->set_rows(options.frames);
  v1::ChannelInterpolateObjective* between =
      spec.add_objectives()->mutable_channel_interpolate();
  between->set_from_layer(options.from_layer);
  between->set_from_channel(options.from_channel);
  between->set_to_layer(options.to_layer);
  between->set_to_channel(options.to_channel);
  for (const std::string& layer : options.align) {
    v1::Objective* objective = spec.add_objectives();
    objective->set_weight(options.align_weight);
    objective->mutable_alignment()->set_layer(layer);
    objective->mutable_alignment()->set_decay_ratio(5);
  }
  // One draw for all frames: aligned frames must be seen alike.
  spec.add_transforms()->mutable_preset()->set_name(
      v1::PresetTransform::STANDARD);
  spec.mutable_optimizer()->set_learning_rate(0.05);
  spec.mutable_optimizer()->mutable_adam();
  spec.set_steps(options.align.empty() ? 512 : 1024);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kAnimation, &spec));
  v1::StackParameterization* stack = param->mutable_stack();
  RETURN_IF_ERROR(SetBase(common.param, stack->mutable_unique()));
  const int height = param->height() == 0 ? param->width() : param->height();
  if (options.sharing)
    AddShared({param->width(), height}, options.frames, stack);
  for (v1::Output& output : *spec.mutable_outputs()) {
    if (!output.has_animated_webp()) continue;
    output.mutable_animated_webp()->set_frames_per_second(
        options.frames_per_second);
    output.mutable_animated_webp()->set_ping_pong(true);
  }
  return spec;
}

}  // namespace phosphene::client
