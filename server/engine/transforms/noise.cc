// Gaussian noise on every pixel.

#include "server/engine/transforms/color_channels.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// x + N(0, sd) for each pixel and channel; alpha is left alone.
class Noise final : public ImageTransform {
 public:
  explicit Noise(const v1::Transform& spec)
      : per_row_(spec.per_row()),
        sd_(spec.noise().has_sd() ? spec.noise().sd() : 0.05) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    return OnColors(image, [&](const at::Tensor& colors) {
      const at::Tensor noise =
          DrawTensor(per_row_, colors.size(0), draw, [&](const Rng& rng) {
            return rng.NormalTensor(
                {colors.size(1), colors.size(2), colors.size(3)});
          });
      return colors + FeedTo(draw.feed, noise.mul_(sd_), colors.device());
    });
  }

 private:
  bool per_row_;
  double sd_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Noise>(spec);
}

}  // namespace

const TransformKind& NoiseTransformKind() {
  static const TransformKind kind = {
      .arm = "noise", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
