// A resize by one of several factors (lucid's transform.random_scale).

#include <algorithm>
#include <vector>

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

// Truncated in f32, as lucid's tf.cast(scale * shape, "int32").
int64_t Scaled(double factor, int64_t size) {
  return static_cast<int64_t>(static_cast<float>(factor) *
                              static_cast<float>(size));
}

// Bilinear as TensorFlow's resize_bilinear without align_corners: position i
// reads i * in / out.
class Scale final : public WarpTransform {
 public:
  explicit Scale(const v1::Transform& spec)
      : WarpTransform(spec.per_row()),
        factors_(spec.scale().factors().begin(), spec.scale().factors().end()) {
  }

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    const double factor = factors_[RowRng(draw, row).Index(factors_.size())];
    const int64_t h = path->height(), w = path->width();
    const int64_t height = std::max<int64_t>(1, Scaled(factor, h));
    const int64_t width = std::max<int64_t>(1, Scaled(factor, w));
    path->Resize(height, width);
    // Rows drawn apart must stay of one size: back to the old one, about the
    // centre.
    if (per_row()) {
      path->Index(WarpRange((height - h) / 2, h, height),
                  WarpRange((width - w) / 2, w, width), 0.5f);
    }
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    Resize(*std::min_element(factors_.begin(), factors_.end()), height, width);
  }
  void MaxSize(int64_t* height, int64_t* width) const override {
    Resize(*std::max_element(factors_.begin(), factors_.end()), height, width);
  }

 private:
  void Resize(double factor, int64_t* height, int64_t* width) const {
    if (per_row()) return;
    *height = Scaled(factor, *height);
    *width = Scaled(factor, *width);
  }
  std::vector<double> factors_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Scale>(spec);
}

}  // namespace

const TransformKind& ScaleTransformKind() {
  static const TransformKind kind = {
      .arm = "scale", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
