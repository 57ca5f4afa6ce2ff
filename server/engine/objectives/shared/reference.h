#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/engine/objectives/interface.h"

namespace phosphene {

// What objectives against a reference image share.

// A blob as the network takes images: [1,C,H,W] f32 0..1 on the context's
// device, alpha left out; C = 1 (luma) for a one-channel network, else 3.
absl::StatusOr<at::Tensor> LoadReference(ObjectiveContext& context,
                                         absl::string_view blob);

// Another size: bilinear, antialiased when it shrinks.
at::Tensor Resized(const at::Tensor& image, int64_t height, int64_t width);

// The layers (resolved names) of `image`, computed once, f32 [1,C,h,w] without
// gradient; "input" and "image" are the image itself. RESOURCE_EXHAUSTED above
// 16 million pixels.
absl::StatusOr<std::map<std::string, at::Tensor>> RunReference(
    ObjectiveContext& context, const at::Tensor& image,
    const std::vector<std::string>& layers);

// Runs layers of `image` once without gradient, in tiles where the picture is
// larger than memory, and shows `look` a view of the whole or of each tile.
// Layers of the network alone. RESOURCE_EXHAUSTED as above where it is run at
// once.
absl::Status LookAtReference(ObjectiveContext& context, const at::Tensor& image,
                             const std::vector<std::string>& layers,
                             const LookFn& look);

// A reference image, resized to the canvas, that goes through the same
// transforms as the job's rows in every step.
class Companionship {
 public:
  static absl::StatusOr<Companionship> Make(ObjectiveContext& context,
                                            absl::string_view blob);
  // [1,C,h,w] f32 without gradient, of the size the rows' layer has.
  at::Tensor Layer(const StepView& view, const std::string& resolved) const;

 private:
  Companionship(at::Tensor image, int64_t id)
      : image_(std::move(image)), id_(id) {}
  at::Tensor image_;
  int64_t id_;
};

// The rows of a layer as far as `target` has channels: the alpha of an RGBA
// "image" has no counterpart in a reference.
at::Tensor Counterpart(const StepView& view, const std::string& resolved,
                       const at::Tensor& target);

// |a - b| or, by default, (a - b)^2.
at::Tensor Differences(const at::Tensor& a, const at::Tensor& b,
                       v1::Metric metric);
// Per row: mean |a - b| or, by default, mean (a - b)^2. [N,C,h,w] x [1,C,h,w]
// -> [N].
at::Tensor Distance(const at::Tensor& a, const at::Tensor& b,
                    v1::Metric metric);

}  // namespace phosphene
