// Reference images: loading them, and their activations.
#include "server/engine/objectives/shared/reference.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxPixels = 16'000'000;

}  // namespace

absl::StatusOr<at::Tensor> LoadReference(ObjectiveContext& context,
                                         absl::string_view blob) {
  if (!context.load_image)
    return absl::FailedPreconditionError("no images can be loaded here");
  ASSIGN_OR_RETURN(at::Tensor image, context.load_image(blob));
  const int64_t channels =
      context.network != nullptr && context.network->input_channels() == 1 ? 1
                                                                           : 3;
  image = image.size(1) >= 3 ? image.narrow(1, 0, 3)
                             : image.narrow(1, 0, 1).expand({-1, 3, -1, -1});
  if (channels == 1) {
    // BT.601 luma.
    const at::Tensor luma =
        at::tensor({0.299f, 0.587f, 0.114f}).view({1, 3, 1, 1});
    image = (image * luma).sum(1, /*keepdim=*/true);
  }
  return image.contiguous().to(context.device);
}

at::Tensor Resized(const at::Tensor& image, int64_t height, int64_t width) {
  if (image.size(2) == height && image.size(3) == width) return image;
  return at::_upsample_bilinear2d_aa(image, {height, width},
                                     /*align_corners=*/false);
}

absl::Status LookAtReference(ObjectiveContext& context, const at::Tensor& image,
                             const std::vector<std::string>& layers,
                             const LookFn& look) {
  if (context.run_in_tiles) return context.run_in_tiles(image, layers, look);
  if (image.size(2) * image.size(3) > kMaxPixels) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a reference image of ", image.size(3), "x", image.size(2),
        " pixels is above ", kMaxPixels, " pixels; scale it down"));
  }
  if (!context.run_once)
    return absl::FailedPreconditionError("no network can be run here");
  ASSIGN_OR_RETURN(const auto activations, context.run_once(image, layers));
  StepView view;
  view.activations = &activations;
  look(view);
  return absl::OkStatus();
}

namespace {

// Puts what a view owns of a layer where it lies in the whole layer.
void Keep(const StepView& view, const std::string& layer, at::Tensor& whole) {
  const at::Tensor part = view.Layer(layer).detach();
  if (view.own == nullptr) {
    whole = part.clone();
    return;
  }
  const OwnCells own = view.CellsOf(layer);
  if (!whole.defined()) {
    whole = at::empty({1, part.size(1), own.whole_height, own.whole_width},
                      part.options());
  }
  whole.narrow(2, own.y, own.height).narrow(3, own.x, own.width).copy_(part);
}

}  // namespace

absl::StatusOr<std::map<std::string, at::Tensor>> RunReference(
    ObjectiveContext& context, const at::Tensor& image,
    const std::vector<std::string>& layers) {
  std::map<std::string, at::Tensor> out;
  std::vector<std::string> network_layers;
  for (const std::string& layer : layers) {
    if (layer == "input" || layer == "image") {
      out[layer] = image;
    } else {
      network_layers.push_back(layer);
    }
  }
  if (network_layers.empty()) return out;
  RETURN_IF_ERROR(LookAtReference(
      context, image, network_layers, [&](const StepView& view) {
        for (const std::string& layer : network_layers)
          Keep(view, layer, out[layer]);
      }));
  return out;
}

absl::StatusOr<Companionship> Companionship::Make(ObjectiveContext& context,
                                                  absl::string_view blob) {
  ASSIGN_OR_RETURN(at::Tensor image, LoadReference(context, blob));
  image = Resized(image, context.canvas.height, context.canvas.width);
  Companion companion;
  companion.image = image;
  const int64_t id = context.AddCompanion(std::move(companion));
  return Companionship(std::move(image), id);
}

at::Tensor Companionship::Layer(const StepView& view,
                                const std::string& resolved) const {
  if (resolved == "image") return image_;
  return view.CompanionLayer(resolved, id_).detach();
}

at::Tensor Counterpart(const StepView& view, const std::string& resolved,
                       const at::Tensor& target) {
  const at::Tensor rows = view.Layer(resolved);
  if (resolved != "image") return rows;
  return rows.narrow(1, 0, std::min(rows.size(1), target.size(1)));
}

at::Tensor Differences(const at::Tensor& a, const at::Tensor& b,
                       v1::Metric metric) {
  const at::Tensor difference = a - b;
  return metric == v1::METRIC_L1 ? difference.abs() : difference.square();
}

at::Tensor Distance(const at::Tensor& a, const at::Tensor& b,
                    v1::Metric metric) {
  return Differences(a, b, metric).mean({1, 2, 3});
}

}  // namespace phosphene
