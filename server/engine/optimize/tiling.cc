// Whether a job's view goes through the network in tiles, and how large.

#include "server/engine/optimize/tiling.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/optimize/budget.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/step/tile_rules.h"

namespace phosphene {
namespace {

constexpr int64_t kLeastTile = 64;
constexpr int64_t kMostTile = 8192;  // both as JobSpec.tiling.size has them
// Of the device's memory: the rest is for weights, outputs and other jobs.
constexpr double kShare = 0.7;
// Tiles this many times what they overlap by are cut around by a tenth of their
// area; larger ones only take more memory, and stop later.
constexpr int64_t kPaying = 20;
constexpr int64_t kLeastPaying = 1024;
// VGG19 to block 3 takes 1.6 KiB of values a pixel and 2.3 KiB in a step of a
// tile of 1056 x 1056 (fp32, one thread).
constexpr double kWork = 1.5;
// Weights, code and what the allocator keeps.
constexpr int64_t kBaseBytes = int64_t{300} << 20;

// Resolved layers that the objectives read.
absl::StatusOr<std::vector<std::string>> LayersRead(
    const PlanContext& context) {
  std::set<std::string> out;
  for (const v1::Objective& objective : context.spec->objectives()) {
    for (const std::string& name : LayersOf(objective)) {
      if (name.empty()) {
        out.insert(context.model.info->Logits());
        continue;
      }
      ASSIGN_OR_RETURN(std::string resolved, context.model.info->Resolve(name));
      out.insert(std::move(resolved));
    }
  }
  return std::vector<std::string>(out.begin(), out.end());
}

// Reference images that go through the network with the rows, at the most.
int64_t CompanionsOf(const v1::Objective& objective) {
  int64_t count = objective.content().follow_transforms() ? 1 : 0;
  if (objective.gram_style().crop_each_step())
    count += objective.gram_style().styles_size();
  return count;
}

struct Sizes {
  int64_t rows = 1;               // through the network, references among them
  int64_t height = 0, width = 0;  // of the view
  double bytes_per_pixel = 0;     // of a row
  double fixed = 0;               // whatever the tile is
};

Sizes SizesOf(const PlanContext& context,
              const std::vector<std::string>& layers) {
  const v1::JobSpec& spec = *context.spec;
  const Canvas canvas = CanvasOf(spec.parameterization());
  const ViewSizes view = ViewSizesOf(spec, canvas);
  Sizes out;
  out.rows = canvas.rows;
  for (const v1::Objective& objective : spec.objectives())
    out.rows += CompanionsOf(objective);
  out.height = view.max_height;
  out.width = view.max_width;
  out.bytes_per_pixel = StepBytesPerPixel(context, layers);
  out.fixed = static_cast<double>(kBaseBytes + LeastMemory(spec, false));
  // Fixed targets of content, f32.
  for (const v1::Objective& objective : spec.objectives()) {
    for (const v1::WeightedLayer& layer : objective.content().layers()) {
      const auto resolved = context.model.info->Resolve(layer.layer());
      const auto reach = resolved.ok() ? context.model.info->ReachOf(*resolved)
                                       : resolved.status();
      if (!reach.ok()) continue;
      const double places = static_cast<double>(canvas.height * canvas.width) /
                            static_cast<double>(reach->stride * reach->stride);
      out.fixed += places * sizeof(float) *
                   static_cast<double>(context.model.info->Channels(*resolved));
    }
  }
  return out;
}

double Needed(const Sizes& sizes, int64_t height, int64_t width) {
  return sizes.fixed + sizes.bytes_per_pixel *
                           static_cast<double>(sizes.rows * height * width);
}

absl::StatusOr<int64_t> LargestTile(const PlanContext& context,
                                    const Sizes& sizes,
                                    const std::vector<std::string>& layers,
                                    double room) {
  const int64_t side = std::max(sizes.height, sizes.width);
  ASSIGN_OR_RETURN(TileGrid grid,
                   MakeTileGrid(*context.model.info, layers, kMostTile, 1));
  const int64_t step = std::max(kLeastTile, grid.stride);
  const int64_t pays =
      std::max(kLeastPaying, kPaying * (grid.before + grid.after));
  int64_t best = 0;
  for (int64_t tile = step; tile <= std::min({kMostTile, side + step, pays});
       tile += step) {
    grid.size = tile;
    if (Needed(sizes, CutSide(grid, sizes.height),
               CutSide(grid, sizes.width)) <= room) {
      best = tile;
    }
  }
  if (best > 0) return best;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the job needs more than the ", static_cast<int64_t>(room) >> 20,
      " MiB there are for it, even in tiles of ", step,
      " pixels; a smaller canvas needs less"));
}

}  // namespace

double StepBytesPerPixel(const PlanContext& context,
                         const std::vector<std::string>& layers) {
  if (context.model.info == nullptr) return 0;
  const double share = context.dtype == at::kBFloat16 ? 0.5 : 1;
  return context.model.info->BytesPerPixel(layers) * kWork * share;
}

JobMemory EstimateMemory(const PlanContext& context) {
  JobMemory memory;
  memory.held = LeastMemory(*context.spec, /*reads_network=*/false);
  const bool reads =
      context.model.info != nullptr && ReadsNetwork(*context.spec);
  const absl::StatusOr<std::vector<std::string>> layers =
      reads ? LayersRead(context) : std::vector<std::string>();
  if (!layers.ok() || layers->empty()) {
    memory.step = memory.held;
    return memory;
  }
  const Sizes sizes = SizesOf(context, *layers);
  double whole = Needed(sizes, sizes.height, sizes.width);
  // What is larger goes in tiles.
  if (context.memory > 0)
    whole = std::min(whole, static_cast<double>(context.memory) * kShare);
  memory.step = std::max<int64_t>(
      static_cast<int64_t>(whole) - kBaseBytes - memory.held, 0);
  return memory;
}

absl::StatusOr<int64_t> ChooseTile(const PlanContext& context) {
  const v1::JobSpec& spec = *context.spec;
  const v1::Tiling& tiling = spec.tiling();
  const bool always = tiling.mode() == v1::Tiling::ON;
  if (tiling.mode() == v1::Tiling::OFF || context.model.info == nullptr ||
      !ReadsNetwork(spec)) {
    return 0;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> layers, LayersRead(context));
  const Sizes sizes = SizesOf(context, layers);
  const double room = static_cast<double>(context.memory) * kShare;
  const double whole = Needed(sizes, sizes.height, sizes.width);
  if (!always && (context.memory == 0 || whole <= room)) return 0;
  Faults faults;
  CheckTiles(spec, context.model.info.get(), faults);
  if (!faults.empty()) {
    if (always) return faults.ToStatus();
    return absl::ResourceExhaustedError(absl::StrCat(
        "the job needs about ", static_cast<int64_t>(whole) >> 20,
        " MiB at once, there are ", static_cast<int64_t>(room) >> 20,
        " MiB for it, and it cannot be cut: ",
        std::string(faults.ToStatus().message())));
  }
  if (tiling.size() > 0) return tiling.size();
  if (context.memory == 0) return kMostTile;
  return LargestTile(context, sizes, layers, room);
}

absl::StatusOr<std::unique_ptr<Stepper>> MakeTiledStepper(
    const PlanContext& context, Parts& parts, TileWatch watch) {
  const Canvas& canvas = parts.canvas;
  const bool one =
      canvas.height <= context.tile && canvas.width <= context.tile;
  if (context.tile == 0 || parts.network == nullptr || one) return nullptr;
  ASSIGN_OR_RETURN(const std::vector<std::string> layers, LayersRead(context));
  int64_t beyond = 0;
  for (const ObjectivePart& part : parts.objectives)
    beyond = std::max(beyond, part.fn->beyond());
  ASSIGN_OR_RETURN(TileGrid grid, MakeTileGrid(*context.model.info, layers,
                                               context.tile, beyond));
  return std::make_unique<TiledStepper>(parts, std::move(grid),
                                        context.spec->tiling().delayed(),
                                        std::move(watch));
}

}  // namespace phosphene
