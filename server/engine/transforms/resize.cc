// A resize to fixed sides: bilinear, antialiased, pixel centres at .5.

#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// To the size a network was trained on, whatever the canvas.
class Resize final : public ImageTransform {
 public:
  explicit Resize(const v1::Transform& spec)
      : height_(spec.resize().height()), width_(spec.resize().width()) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    if (image.size(2) == height_ && image.size(3) == width_) return image;
    return at::_upsample_bilinear2d_aa(image, {height_, width_},
                                       /*align_corners=*/false);
  }
  at::Tensor ApplyAlpha(const at::Tensor& alpha,
                        const TransformDraw& draw) override {
    return Apply(alpha, draw);
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    *height = height_;
    *width = width_;
  }

 private:
  int64_t height_, width_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Resize>(spec);
}

}  // namespace

const TransformKind& ResizeTransformKind() {
  static const TransformKind kind = {
      .arm = "resize", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
