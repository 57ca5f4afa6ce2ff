// Puts an image with alpha over a random background, in linear light.

#include <cmath>

#include "server/engine/params/natural_noise.h"
#include "server/engine/transforms/color_channels.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

using Background = v1::RandomBackgroundTransform;

constexpr double kGamma = 2.2;
// Keeps the slope of the gamma curve finite at black.
constexpr double kBlack = 1e-5;
constexpr int64_t kFields = 8;  // of the checkerboard, per side

at::Tensor Checkerboard(int64_t height, int64_t width) {
  const at::Tensor y = (at::arange(height) * kFields).floor_divide(height);
  const at::Tensor x = (at::arange(width) * kFields).floor_divide(width);
  const at::Tensor board =
      (y.unsqueeze(1) + x.unsqueeze(0)).remainder(2).to(at::kFloat);
  return board.expand({3, height, width});
}

// Over-compositing in linear light, out^2.2 = c^2.2 a + b (1 - a): colour c and
// alpha a of the image, background b. What is transparent shows another picture
// at each step, so alpha pays only where it hides nothing the network looks for
// (Mordvintsev et al. 2018, "Transparency").
class RandomBackground final : public ImageTransform {
 public:
  explicit RandomBackground(const v1::Transform& spec)
      : per_row_(spec.per_row()),
        kind_(spec.random_background().kind()),
        sd_(spec.random_background().has_sd() ? spec.random_background().sd()
                                              : 0.2),
        decay_(spec.random_background().has_decay()
                   ? spec.random_background().decay()
                   : 1.5) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    TORCH_CHECK(image.size(1) == 4, "a background needs an image with alpha");
    const at::Tensor color = image.narrow(1, 0, 3),
                     alpha = image.narrow(1, 3, 1);
    const int64_t h = image.size(2), w = image.size(3);
    at::Tensor behind;  // [1 or N,3,H,W], in linear light
    {
      const c10::NoGradGuard no_grad;
      behind = DrawTensor(per_row_, image.size(0), draw,
                          [&](Rng rng) { return Draw(rng, h, w); });
      if (!IsFourier()) behind = behind.pow(kGamma);
      behind = FeedTo(draw.feed, behind, image.device());
    }
    const at::Tensor linear = color.pow(kGamma) * alpha + behind * (1 - alpha);
    return (linear + kBlack).pow(1 / kGamma);
  }
  int64_t Channels(int64_t in) const override { return in == 4 ? 3 : 0; }

 private:
  bool IsFourier() const {
    return kind_ == Background::KIND_UNSPECIFIED ||
           kind_ == Background::FOURIER;
  }
  // Display values, but those of FOURIER.
  at::Tensor Draw(Rng& rng, int64_t h, int64_t w) const {
    switch (kind_) {
      case Background::COLOR:
        return rng.UniformTensor({3, 1, 1}).expand({3, h, w});
      case Background::UNIFORM:
        return rng.UniformTensor({3, h, w});
      case Background::BLACK:
        return at::zeros({3, h, w});
      case Background::WHITE:
        return at::ones({3, h, w});
      case Background::CHECKERBOARD:
        return Checkerboard(h, w);
      default:
        // In linear light: the article's code composites these values as they
        // are.
        return NaturalNoise(rng, h, w, sd_, decay_);
    }
  }

  bool per_row_;
  Background::Kind kind_;
  double sd_, decay_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<RandomBackground>(spec);
}

}  // namespace

const TransformKind& RandomBackgroundTransformKind() {
  static const TransformKind kind = {.arm = "random_background",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
