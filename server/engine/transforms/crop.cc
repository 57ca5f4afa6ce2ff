// A cut-out of fixed size, at a random place or the centre.

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

// The place is uniform over all that fit. What a smaller image lacks is grey.
class Crop final : public WarpTransform {
 public:
  explicit Crop(const v1::Transform& spec)
      : WarpTransform(spec.per_row()),
        height_(spec.crop().height()),
        width_(spec.crop().width()),
        center_(spec.crop().center()) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    Rng rng = RowRng(draw, row);
    const int64_t h = path->height(), w = path->width();
    const int64_t top = Begin(h - height_, rng), left = Begin(w - width_, rng);
    path->Index(WarpRange(top, height_, h), WarpRange(left, width_, w), 0.5f);
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    *height = height_;
    *width = width_;
  }

 private:
  // Where the crop begins, given what is left over; a smaller image is padded
  // about its centre.
  int64_t Begin(int64_t spare, Rng& rng) const {
    if (spare < 0) return -((-spare) / 2);
    return center_ ? spare / 2 : rng.Index(spare + 1);
  }
  int64_t height_, width_;
  bool center_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Crop>(spec);
}

}  // namespace

const TransformKind& CropTransformKind() {
  static const TransformKind kind = {
      .arm = "crop", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
