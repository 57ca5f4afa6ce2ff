// The presets of `interpolate`: frames and grids.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int kMaxGrid = 8;  // a sum has at most 64 terms

// The shared tensors of the notebook at 128 x 128: (rows, canvas / cells).
struct Shared {
  int rows, divisor;
};
constexpr Shared kShared[] = {{1, 2}, {1, 4}, {1, 8}, {2, 8}, {1, 16}, {2, 16}};

// A tensor of `rows` along each direction of the frames; `grid`: there are two.
void AddShared(const Size& canvas, int frames, bool grid,
               v1::StackParameterization* stack) {
  for (const Shared& shared : kShared) {
    if (shared.rows > frames) continue;
    auto* tensor = stack->add_shared();
    tensor->set_rows(grid ? shared.rows * shared.rows : shared.rows);
    if (grid && shared.rows > 1) tensor->set_columns(shared.rows);
    tensor->set_height(std::max(canvas.height / shared.divisor, 1));
    tensor->set_width(std::max(canvas.width / shared.divisor, 1));
  }
}

void AddAlignment(const std::vector<std::string>& layers, double weight,
                  int columns, v1::JobSpec* spec) {
  for (const std::string& layer : layers) {
    v1::Objective* objective = spec->add_objectives();
    objective->set_weight(weight);
    objective->mutable_alignment()->set_layer(layer);
    objective->mutable_alignment()->set_decay_ratio(5);
    objective->mutable_alignment()->set_columns(columns);
  }
}

// Transforms, optimizer and steps of both kinds.
void SetRun(bool aligned, v1::JobSpec* spec) {
  // One draw for all frames: aligned frames must be seen alike.
  spec->add_transforms()->mutable_preset()->set_name(
      v1::PresetTransform::STANDARD);
  spec->mutable_optimizer()->set_learning_rate(0.05);
  spec->mutable_optimizer()->mutable_adam();
  spec->set_steps(aligned ? 1024 : 512);
}

Size CanvasOf(const v1::Parameterization& param) {
  return {param.width(), param.height() == 0 ? param.width() : param.height()};
}

// The share of line (or column) `i` of `side` that target `k` of `count` has:
// a tent about the target's own place.
double Share(int i, int side, int k, int count) {
  const double place = static_cast<double>(i * (count - 1)) / (side - 1);
  return std::max(0.0, 1 - std::abs(place - k));
}

// Each target as one objective: the sum of its channel in every picture that
// has a share of it.
void AddTargets(const GridOptions& options, int lattice, v1::JobSpec* spec) {
  for (int t = 0; t < lattice * lattice; ++t) {
    v1::Objective* objective = spec->add_objectives();
    const auto& [layer, channel] = options.targets[static_cast<size_t>(t)];
    objective->set_label(absl::StrCat(layer, ":", channel));
    for (int row = 0; row < options.side * options.side; ++row) {
      const double share =
          Share(row / options.side, options.side, t / lattice, lattice) *
          Share(row % options.side, options.side, t % lattice, lattice);
      if (share == 0) continue;
      v1::Objective* term = objective->mutable_sum()->add_terms();
      term->set_weight(share);
      term->set_row(row);
      term->mutable_channel()->set_layer(layer);
      term->mutable_channel()->set_channel(channel);
    }
  }
}

}  // namespace

absl::StatusOr<v1::JobSpec> InterpolateSpec(const InterpolateOptions& options,
                                            const SpecOptions& common) {
  RETURN_IF_ERROR(
      CheckFlag("--frames", options.frames, "spec.parameterization.rows", 2));
  RETURN_IF_ERROR(CheckFlag("--fps", options.frames_per_second,
                            "spec.outputs.animated_webp.frames_per_second"));
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
  AddAlignment(options.align, options.align_weight, /*columns=*/0, &spec);
  SetRun(!options.align.empty(), &spec);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kAnimation, &spec));
  v1::StackParameterization* stack = param->mutable_stack();
  RETURN_IF_ERROR(SetBase(common.param, stack->mutable_unique()));
  if (options.sharing)
    AddShared(CanvasOf(*param), options.frames, /*grid=*/false, stack);
  RETURN_IF_ERROR(
      SetAnimations(options.frames_per_second, /*ping_pong=*/true, &spec));
  return spec;
}

absl::StatusOr<v1::JobSpec> GridSpec(const GridOptions& options,
                                     const SpecOptions& common) {
  const int count = static_cast<int>(options.targets.size());
  const int lattice = static_cast<int>(std::lround(std::sqrt(count)));
  if (lattice * lattice != count || lattice < 2 || lattice > 4) {
    return FlagError("--target",
                     absl::StrCat(count,
                                  " of them make no square; give 4, 9 "
                                  "or 16, line by line"));
  }
  if (options.side < lattice || options.side > kMaxGrid) {
    return FlagError("--grid",
                     absl::StrCat(options.side, " is not allowed; allowed ",
                                  lattice, "..", kMaxGrid));
  }
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  param->set_width(128);
  param->set_rows(options.side * options.side);
  AddTargets(options, lattice, &spec);
  AddAlignment(options.align, options.align_weight, options.side, &spec);
  SetRun(!options.align.empty(), &spec);
  RETURN_IF_ERROR(ApplyOptions(common, OutputStyle::kAnimation, &spec));
  v1::StackParameterization* stack = param->mutable_stack();
  stack->set_columns(options.side);
  RETURN_IF_ERROR(SetBase(common.param, stack->mutable_unique()));
  if (options.sharing)
    AddShared(CanvasOf(*param), options.side, /*grid=*/true, stack);
  return spec;
}

void AddFramesOutput(int columns, v1::JobSpec* spec) {
  v1::Output* frames = spec->add_outputs();
  frames->set_name(kFramesArtifact);
  frames->mutable_contact_sheet()->set_columns(columns);
  frames->mutable_contact_sheet()->set_gap(0);
}

}  // namespace phosphene::client
