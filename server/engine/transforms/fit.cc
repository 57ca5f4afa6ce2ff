// A resize to a size the network takes: bilinear, antialiased, pixel centres at
// .5.

#include <algorithm>

#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// A side as the network takes it; `stated` is the one side, 0 for none.
int64_t Fitting(const v1::FitTransform& fit, int64_t stated, int64_t side) {
  if (stated > 0) return stated;
  if (side < 1) return side;
  const int64_t multiple = std::max(1, fit.multiple());
  const int64_t least = std::max<int64_t>(
      multiple, (fit.least() + multiple - 1) / multiple * multiple);
  // Half of one rounds up.
  return std::max(least, (side + multiple / 2) / multiple * multiple);
}

// What has such a size already goes through as it is.
class Fit final : public ImageTransform {
 public:
  explicit Fit(const v1::Transform& spec) : fit_(spec.fit()) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    int64_t height = image.size(2), width = image.size(3);
    MinSize(&height, &width);
    if (image.size(2) == height && image.size(3) == width) return image;
    return at::_upsample_bilinear2d_aa(image, {height, width},
                                       /*align_corners=*/false);
  }
  at::Tensor ApplyAlpha(const at::Tensor& alpha,
                        const TransformDraw& draw) override {
    return Apply(alpha, draw);
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    *height = Fitting(fit_, fit_.height(), *height);
    *width = Fitting(fit_, fit_.width(), *width);
  }
  int64_t SidesAreMultiplesOf() const override {
    return std::max(1, fit_.multiple());
  }

 private:
  const v1::FitTransform fit_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Fit>(spec);
}

}  // namespace

const TransformKind& FitTransformKind() {
  static const TransformKind kind = {
      .arm = "fit", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
