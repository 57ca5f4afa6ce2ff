// Whether what the transforms leave of a canvas is what the network takes.

#include "server/engine/optimize/view_check.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/engine/optimize/budget.h"
#include "server/engine/optimize/completed_spec.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/params/interface.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

constexpr char kTransforms[] = "spec.transforms";
constexpr char kCanvas[] = "spec.parameterization";
// A fit enlarges a canvas below a layer's least side, or one much smaller than
// its only one, to a blur of few pixels: refused below these shares of them.
constexpr int64_t kShareOfLeast = 2, kShareOfOnly = 8;
// A picture tried before it is refused, and the memory for it.
constexpr int64_t kMaxTriedPixels = int64_t{1} << 20;
constexpr int64_t kMaxTriedBytes = int64_t{1} << 32;
constexpr int64_t kMaxSide = 8192;

// Sides that the transforms leave.
struct Left {
  ViewSizes sizes;
  int64_t multiple = 1;  // both are multiples of it
};

Left LeftOf(const v1::JobSpec& spec, const Canvas& canvas) {
  Left left;
  ViewSizes& s = left.sizes;
  s = {canvas.height, canvas.width, canvas.height, canvas.width};
  for (const v1::Transform& member :
       FlattenTransforms(spec.transforms(), canvas.height, canvas.width)) {
    const TransformKind* kind = FindTransformKind(member);
    const auto made = kind->make(member);
    if (!made.ok()) continue;
    const ViewSizes before = s;
    (*made)->MinSize(&s.min_height, &s.min_width);
    (*made)->MaxSize(&s.max_height, &s.max_width);
    const bool same =
        before.min_height == s.min_height && before.min_width == s.min_width &&
        before.max_height == s.max_height && before.max_width == s.max_width;
    const int64_t own = (*made)->SidesAreMultiplesOf();
    left.multiple = same ? std::lcm(left.multiple, own) : own;
  }
  return left;
}

bool SideFits(int64_t least, int64_t most, int64_t left_multiple, int64_t only,
              const InputSizes& sizes) {
  if (only > 0) return least == only && most == only;
  const bool multiples = least == most ? least % sizes.multiple == 0
                                       : left_multiple % sizes.multiple == 0;
  return multiples && least >= sizes.least;
}

bool Fits(const Left& left, const InputSizes& sizes) {
  const ViewSizes& s = left.sizes;
  return SideFits(s.min_height, s.max_height, left.multiple, sizes.height,
                  sizes) &&
         SideFits(s.min_width, s.max_width, left.multiple, sizes.width, sizes);
}

// Whether the layers run at the smallest and at the largest view there can be.
bool Runs(const NetworkInfo& network, const std::vector<std::string>& layers,
          const ViewSizes& s) {
  // The network is compiled and gone before this returns.
  const std::shared_ptr<const NetworkInfo> info(std::shared_ptr<void>(),
                                                &network);
  const auto compiled = CompileNetwork(info, layers, {});
  if (!compiled.ok()) return false;
  return Guarded("trying a size",
                 [&] {
                   const at::NoGradGuard no_grad;
                   const ScopedAllocationLimit memory(kMaxTriedBytes,
                                                      kMaxTriedBytes);
                   const int64_t channels = network.input_channels();
                   (*compiled)->Forward(
                       at::full({1, channels, s.min_height, s.min_width}, 0.5));
                   (*compiled)->Forward(
                       at::full({1, channels, s.max_height, s.max_width}, 0.5));
                 })
      .ok();
}

std::string Range(int64_t least, int64_t most) {
  return least == most ? absl::StrCat(least) : absl::StrCat(least, "..", most);
}

std::string Told(const ViewSizes& s) {
  return absl::StrCat(Range(s.min_width, s.max_width), " x ",
                      Range(s.min_height, s.max_height));
}

std::string Takes(const InputSizes& sizes) {
  if (sizes.height > 0 && sizes.width > 0)
    return absl::StrCat(sizes.width, " x ", sizes.height, " only");
  if (sizes.height > 0)
    return absl::StrCat("pictures ", sizes.height, " high only");
  if (sizes.width > 0)
    return absl::StrCat("pictures ", sizes.width, " wide only");
  if (sizes.multiple == 1)
    return absl::StrCat("no less than ", sizes.least, " x ", sizes.least);
  return absl::StrCat("sides that are multiples of ", sizes.multiple, " only",
                      sizes.least > sizes.multiple
                          ? absl::StrCat(", from ", sizes.least, " on")
                          : "");
}

// What to type instead.
std::string EndInFit(const v1::JobSpec& spec) {
  if (spec.transforms().empty()) return "let them be a fit (--transforms fit)";
  const bool standard =
      spec.transforms_size() == 1 &&
      spec.transforms(0).preset().name() == v1::PresetTransform::STANDARD;
  return absl::StrCat("end them in fit", standard
                                             ? " (--transforms standard,fit)"
                                             : " (--transforms ...,fit)");
}

bool EndsInFit(const v1::JobSpec& spec) {
  return std::any_of(spec.transforms().begin(), spec.transforms().end(),
                     [](const auto& transform) { return transform.has_fit(); });
}

// The least side of a square canvas such that both sides of the coarsest view
// are at least `side`; 0 where the transforms do not let them.
int64_t LeastCanvas(const v1::JobSpec& spec, int64_t side) {
  v1::JobSpec square = spec;
  square.mutable_parameterization()->clear_height();
  int64_t too_small = 0, enough = kMaxSide;
  while (enough - too_small > 1) {
    const int64_t middle = (too_small + enough) / 2;
    square.mutable_parameterization()->set_width(static_cast<int32_t>(middle));
    const ViewSizes s = LeftOf(square, OctaveCanvas(square, 0)).sizes;
    (std::min(s.min_height, s.min_width) < side ? too_small : enough) = middle;
  }
  return enough < kMaxSide ? enough : 0;
}

// Faults at the sides of the canvas that are below `least`.
void TooSmall(const v1::JobSpec& spec, const std::string& layer,
              const std::string& takes, int64_t least, Verdict& verdict) {
  const Canvas canvas = CanvasOf(spec.parameterization());
  const std::string why =
      absl::StrCat("; the layer \"", layer, "\" of the network takes ", takes,
                   ": give a canvas of at least ", least, " x ", least,
                   " (--size ", least, ")");
  if (canvas.width < least) {
    verdict.faults().Add(absl::StrCat(kCanvas, ".width"),
                         absl::StrCat("is ", canvas.width, why));
  }
  if (canvas.height < least) {
    verdict.faults().Add(absl::StrCat(kCanvas, ".height"),
                         absl::StrCat("is ", canvas.height, why));
  }
}

// That the canvas is not so small or thin that a fit would make it up. True
// where it is.
bool MadeUp(const v1::JobSpec& spec, const std::string& layer,
            const InputSizes& sizes, Verdict& verdict) {
  if (!EndsInFit(spec)) return false;
  const Canvas canvas = CanvasOf(spec.parameterization());
  const auto least = [&](int64_t only) {
    return only > 0 ? (only + kShareOfOnly - 1) / kShareOfOnly
                    : (sizes.least + kShareOfLeast - 1) / kShareOfLeast;
  };
  const int64_t both = std::max(least(sizes.height), least(sizes.width));
  if (canvas.height >= least(sizes.height) &&
      canvas.width >= least(sizes.width)) {
    return false;
  }
  TooSmall(spec, layer, Takes(sizes), both, verdict);
  return true;
}

void CheckSizes(const v1::JobSpec& spec, const NetworkInfo& network,
                const Canvas& canvas, Verdict& verdict) {
  const std::vector<std::string> layers = ResolvedLayersOf(spec, network);
  const Left left = LeftOf(spec, canvas);
  std::vector<std::string> refused;
  for (const std::string& layer : layers) {
    const InputSizes sizes = network.SizesOf({layer});
    if (MadeUp(spec, layer, sizes, verdict)) return;
    if (!Fits(left, sizes)) refused.push_back(layer);
  }
  if (refused.empty()) return;
  const InputSizes sizes = network.SizesOf({refused[0]});
  const bool fixed = sizes.height > 0 || sizes.width > 0;
  const ViewSizes& view = left.sizes;
  const bool large = view.max_height * view.max_width > kMaxTriedPixels;
  // In tiles the network sees other sizes than the view's.
  if (large && !fixed && spec.tiling().mode() != v1::Tiling::OFF) return;
  if (!large && Runs(network, layers, view)) return;
  if (!fixed && std::min(view.min_height, view.min_width) < sizes.least) {
    const int64_t least = LeastCanvas(spec, sizes.least);
    TooSmall(spec, refused[0], Takes(sizes), least, verdict);
    if (!verdict.ok()) return;
  }
  verdict.faults().Add(
      kTransforms,
      absl::StrCat("the layer \"", refused[0], "\" of the network takes ",
                   Takes(sizes), "; ",
                   spec.transforms().empty() ? "the canvas is "
                                             : "the transforms leave ",
                   Told(left.sizes), ": ", EndInFit(spec)));
}

void CheckChannels(const v1::JobSpec& spec, const NetworkInfo& network,
                   const TransformChain& chain, Verdict& verdict) {
  const int64_t channels =
      chain.Channels(CanvasOf(spec.parameterization()).channels);
  const int64_t wanted = network.input_channels();
  // Grey is shown on all channels.
  if (channels == wanted || channels == 1 || wanted == 0) return;
  verdict.faults().Add(
      "spec.parameterization.channels",
      absl::StrCat("the network takes ", wanted,
                   " channels, the transforms leave ", channels,
                   channels == 4 ? "; add a random_background transform" : ""));
}

}  // namespace

void CheckView(const v1::JobSpec& spec, const NetworkInfo* network,
               Verdict& verdict) {
  for (const int64_t octave : std::set<int64_t>{0, OctaveCount(spec) - 1}) {
    const Canvas canvas = OctaveCanvas(spec, octave);
    const absl::Status status =
        TransformChain::Check(spec.transforms(), canvas.channels, canvas.height,
                              canvas.width, kTransforms);
    verdict.Join(status, kTransforms);
    if (!status.ok()) return;
  }
  if (network == nullptr) return;
  const Canvas canvas = CanvasOf(spec.parameterization());
  const auto chain =
      TransformChain::Make(spec.transforms(), canvas.height, canvas.width);
  if (!chain.ok()) return;
  CheckChannels(spec, *network, **chain, verdict);
  for (int64_t octave = 0; octave < OctaveCount(spec); ++octave) {
    if (!verdict.ok()) return;
    CheckSizes(spec, *network, OctaveCanvas(spec, octave), verdict);
  }
}

}  // namespace phosphene
