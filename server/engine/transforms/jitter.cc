// A random shift by whole pixels, cut off at the border (lucid's
// transform.jitter).

#include <algorithm>

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

// lucid's transform.jitter(d): a cut-out smaller by d on each axis, its corner
// uniform in 0..d. Mordvintsev et al. 2015 shift the image itself and back,
// which keeps its size: that is `roll`.
class Jitter final : public WarpTransform {
 public:
  explicit Jitter(const v1::Transform& spec)
      : WarpTransform(spec.per_row()), pixels_(spec.jitter().pixels()) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    Rng rng = RowRng(draw, row);
    const int64_t h = path->height(), w = path->width();
    const int64_t top = rng.Index(pixels_ + 1), left = rng.Index(pixels_ + 1);
    path->Index(WarpRange(top, h - pixels_, h), WarpRange(left, w - pixels_, w),
                0);
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    *height -= pixels_;
    *width -= pixels_;
  }

 private:
  int64_t pixels_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Jitter>(spec);
}

}  // namespace

const TransformKind& JitterTransformKind() {
  static const TransformKind kind = {
      .arm = "jitter", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
