// From parameters to what objectives look at: image, transforms, network.

#include "server/engine/step/view.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/engine/params/surface.h"
#include "server/engine/step/refused.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

// A companion at canvas size: as it is, or a crop drawn anew each step.
at::Tensor CompanionView(const Companion& companion, const Canvas& canvas,
                         const Lane& lane, size_t index) {
  at::Tensor image = companion.image;
  if (!companion.crop_each_step) return image;
  if (image.size(2) < canvas.height || image.size(3) < canvas.width) {
    throw Refused{
        FieldError("spec.objectives",
                   absl::StrCat("a reference image of ", image.size(3), " x ",
                                image.size(2), " is smaller than the canvas, ",
                                canvas.width, " x ", canvas.height,
                                ", it is cropped to"))};
  }
  Rng rng(lane.seed, RngStream::kObjective, lane.step,
          static_cast<uint32_t>(index));
  const int64_t top = rng.Index(image.size(2) - canvas.height + 1);
  const int64_t left = rng.Index(image.size(3) - canvas.width + 1);
  return image.narrow(2, top, canvas.height).narrow(3, left, canvas.width);
}

// RGB as the image's channels: grey by luma, alpha opaque; channels of other
// kinds take red, green and blue by turns.
at::Tensor WithChannels(const at::Tensor& rgb, int64_t channels) {
  if (channels == 1) {
    return rgb.select(1, 0)
        .mul(.299)
        .add(rgb.select(1, 1), .587)
        .add(rgb.select(1, 2), .114)
        .unsqueeze(1);
  }
  if (channels == 4) return at::constant_pad_nd(rgb, {0, 0, 0, 0, 0, 1}, 1);
  if (channels == 3) return rgb;
  return rgb.index_select(
      1, at::arange(channels, rgb.options().dtype(at::kLong)).remainder(3));
}

}  // namespace

at::Tensor Sight::Image(const Lane& lane) {
  const StepTimer timer(times_, &StepTimes::param);
  return parts_.param->Image(lane.step);
}

at::Tensor Sight::WithCompanions(const at::Tensor& image,
                                 const Lane& lane) const {
  if (parts_.companions.empty() && !parts_.wants_original) return image;
  std::vector<at::Tensor> batch = {image};
  for (size_t i = 0; i < parts_.companions.size(); ++i) {
    batch.push_back(WithChannels(
        CompanionView(parts_.companions[i], parts_.canvas, lane, i),
        image.size(1)));
  }
  if (parts_.wants_original)
    batch.push_back(parts_.param->surface()->Original(lane.step));
  return at::cat(batch);
}

StepView Sight::View(const at::Tensor& image, const Lane& lane) {
  const StepTimer timer(times_, &StepTimes::transforms);
  StepView view;
  view.step = lane.step;
  view.rows = image.size(0);
  view.image = image;
  view.input = parts_.transforms->Apply(WithCompanions(image, lane), lane.seed,
                                        lane.step);
  if (image.size(1) == 4) {
    view.alpha = image.narrow(1, 3, 1);
    if (parts_.wants_input_alpha) {
      view.input_alpha =
          parts_.transforms->ApplyAlpha(view.alpha, lane.seed, lane.step);
    }
  }
  if (parts_.wants_coverage) {
    view.coverage = parts_.transforms->ApplyAlpha(
        parts_.param->surface()->Coverage(), lane.seed, lane.step);
  }
  // Grey is shown on all channels of the network.
  if (view.input.size(1) == 1 && parts_.network_channels > 1) {
    view.input = view.input.expand({-1, parts_.network_channels, -1, -1});
  }
  return view;
}

std::map<std::string, at::Tensor> Sight::Activations(const at::Tensor& input,
                                                     const Lane& lane) {
  const StepTimer timer(times_, &StepTimes::network);
  const Network* const network = parts_.network.get();
  if (network == nullptr) return {};
  try {
    auto activations = network->Forward(input);
    ran_.emplace(input.size(2), input.size(3));
    return activations;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    // What ran at a size runs again; else it is the size.
    const std::string what = e.what_without_backtrace();
    const std::pair size(input.size(2), input.size(3));
    if (ran_.count(size) > 0 || absl::StrContains(what, "memory")) throw;
    throw Refused{FieldError(
        lane.spec->transforms().empty() ? "spec.parameterization"
                                        : "spec.transforms",
        absl::StrCat("the network does not take an image of ", size.second,
                     " x ", size.first, " (after the transforms): ", what,
                     "; a resize at the end of the transforms gives every "
                     "image the size it takes (--transforms "
                     "standard,resize:N)"))};
  }
}

}  // namespace phosphene
