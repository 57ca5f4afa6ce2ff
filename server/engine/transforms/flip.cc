// Mirrors an image by chance.

#include <algorithm>

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

// Left-right with probability `horizontal`, top-bottom with `vertical`.
class Flip final : public WarpTransform {
 public:
  explicit Flip(const v1::Transform& spec)
      : WarpTransform(spec.per_row()),
        horizontal_(spec.flip().has_horizontal() ? spec.flip().horizontal()
                                                 : 0.5),
        vertical_(spec.flip().vertical()) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    Rng rng = RowRng(draw, row);
    // Both draws are taken always, so that one chance does not move the other.
    const bool mirror_x = rng.Uniform() < horizontal_;
    const bool mirror_y = rng.Uniform() < vertical_;
    const int64_t h = path->height(), w = path->width();
    std::vector<int32_t> rows = WarpRange(0, h, h),
                         columns = WarpRange(0, w, w);
    if (mirror_y) std::reverse(rows.begin(), rows.end());
    if (mirror_x) std::reverse(columns.begin(), columns.end());
    // Also where nothing is mirrored: rows of a batch share their passes.
    path->Index(rows, columns, 0);
  }

 private:
  double horizontal_, vertical_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Flip>(spec);
}

}  // namespace

const TransformKind& FlipTransformKind() {
  static const TransformKind kind = {
      .arm = "flip", .make = Make, .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
