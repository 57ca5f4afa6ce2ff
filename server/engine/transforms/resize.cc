// A resize to fixed sides: bilinear, antialiased, pixel centres at .5.

#include <map>
#include <tuple>
#include <utility>

#include "server/engine/tensor/separable.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

at::Tensor Resized(const at::Tensor& image, int64_t height, int64_t width) {
  return at::_upsample_bilinear2d_aa(image, {height, width},
                                     /*align_corners=*/false);
}

// The resize of one axis as a matrix [out,in]: column j is what becomes of a
// picture whose pixel j alone has light.
at::Tensor ResizeMatrix(int64_t in, int64_t out) {
  return Resized(at::eye(in).view({1, 1, in, in}), out, in).view({out, in});
}

// To the size a network was trained on, whatever the canvas.
class Resize final : public ImageTransform {
 public:
  explicit Resize(const v1::Transform& spec)
      : height_(spec.resize().height()), width_(spec.resize().width()) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    if (image.size(2) == height_ && image.size(3) == width_) return image;
    if (image.is_cpu() && draw.feed == nullptr)
      return Resized(image, height_, width_);
    // A GPU's kernel adds its gradient in no fixed order.
    const auto& [rows, columns] = MatricesFor(image);
    return SeparableMap(image, rows, columns);
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
  using Matrices = std::pair<at::Tensor, at::Tensor>;

  // Made once for a size and kept: recorded steps read them where they are.
  const Matrices& MatricesFor(const at::Tensor& image) {
    const int64_t h = image.size(2), w = image.size(3);
    const auto [known, added] =
        matrices_.try_emplace({h, w, image.device().str()});
    if (added) {
      const c10::NoGradGuard no_grad;
      known->second = {ResizeMatrix(h, height_).to(image.device()),
                       ResizeMatrix(w, width_).to(image.device())};
    }
    return known->second;
  }

  int64_t height_, width_;
  std::map<std::tuple<int64_t, int64_t, std::string>, Matrices> matrices_;
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
