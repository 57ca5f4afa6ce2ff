// A border of constant, random or mirrored pixels.

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

using v1::PadTransform;

// -p .. size+p-1 mirrored at the edge pixels, which are not repeated (as
// numpy's "reflect"); a border wider than the image mirrors again.
std::vector<int32_t> Reflected(int64_t pixels, int64_t size) {
  std::vector<int32_t> out;
  const int64_t period = std::max<int64_t>(1, 2 * (size - 1));
  for (int64_t i = -pixels; i < size + pixels; ++i) {
    const int64_t at = ((i % period) + period) % period;
    out.push_back(static_cast<int32_t>(at < size ? at : period - at));
  }
  return out;
}

// lucid's transform.pad(w, mode, constant_value): grey 0.5 by default, so that
// jitter and rotation bring no hard edge into view.
class Pad final : public WarpTransform {
 public:
  explicit Pad(const v1::Transform& spec)
      : WarpTransform(spec.per_row()),
        pixels_(spec.pad().pixels()),
        mode_(spec.pad().mode()),
        value_(spec.pad().has_value() ? spec.pad().value() : 0.5) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    const int64_t h = path->height(), w = path->width();
    if (mode_ == PadTransform::REFLECT) {
      path->Index(Reflected(pixels_, h), Reflected(pixels_, w), 0);
      return;
    }
    double value = value_;
    if (mode_ == PadTransform::RANDOM_CONSTANT)
      value = RowRng(draw, row).Uniform();
    path->Index(WarpRange(-pixels_, h + 2 * pixels_, h),
                WarpRange(-pixels_, w + 2 * pixels_, w),
                static_cast<float>(value));
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    *height += 2 * pixels_;
    *width += 2 * pixels_;
  }

 private:
  int64_t pixels_;
  PadTransform::Mode mode_;
  double value_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Pad>(spec);
}

}  // namespace

const TransformKind& PadTransformKind() {
  static const TransformKind kind = {
      .arm = "pad", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
