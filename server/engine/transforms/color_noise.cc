// Random gain and offset of each colour.

#include "server/engine/transforms/color_channels.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// x_c (1 + g_c) + o_c with g ~ N(0, gain_sd), o ~ N(0, offset_sd) for each
// channel c: light and white balance that differ from step to step.
class ColorNoise final : public ImageTransform {
 public:
  explicit ColorNoise(const v1::Transform& spec)
      : per_row_(spec.per_row()),
        gain_sd_(spec.color_noise().has_gain_sd() ? spec.color_noise().gain_sd()
                                                  : 0.05),
        offset_sd_(spec.color_noise().has_offset_sd()
                       ? spec.color_noise().offset_sd()
                       : 0.05) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    return OnColors(image, [&](const at::Tensor& colors) {
      // [1 or N, 2, C, 1, 1]: gains and offsets.
      const at::Tensor normal = FeedTo(
          draw.feed,
          DrawTensor(per_row_, colors.size(0), draw,
                     [&](const Rng& rng) {
                       return rng.NormalTensor({2, colors.size(1), 1, 1});
                     }),
          colors.device());
      return colors * (normal.select(1, 0) * gain_sd_ + 1) +
             normal.select(1, 1) * offset_sd_;
    });
  }

 private:
  bool per_row_;
  double gain_sd_, offset_sd_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<ColorNoise>(spec);
}

}  // namespace

const TransformKind& ColorNoiseTransformKind() {
  static const TransformKind kind = {
      .arm = "color_noise", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
