// A rotation by one of several angles (lucid's transform.random_rotate).

#include <vector>

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

using v1::RotateTransform;

// About the centre; a list instead of a range, so that 0 can be likelier.
class Rotate final : public WarpTransform {
 public:
  explicit Rotate(const v1::Transform& spec)
      : WarpTransform(spec.per_row()),
        angles_(spec.rotate().angles().begin(), spec.rotate().angles().end()),
        bilinear_(spec.rotate().sampling() == RotateTransform::BILINEAR) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    const float degrees =
        static_cast<float>(angles_[RowRng(draw, row).Index(angles_.size())]);
    // 3.14, not pi: lucid's.
    path->Rotate(3.14f * degrees / 180.0f, bilinear_);
  }

 private:
  std::vector<double> angles_;
  bool bilinear_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Rotate>(spec);
}

}  // namespace

const TransformKind& RotateTransformKind() {
  static const TransformKind kind = {
      .arm = "rotate", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
