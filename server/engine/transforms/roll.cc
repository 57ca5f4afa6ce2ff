// A random shift that wraps around.

#include "server/engine/transforms/warp.h"

namespace phosphene {
namespace {

// out[i] = in[(i - s) mod size] along both axes, s uniform in -pixels..pixels
// or, for 0, over the whole axis: what no place in the image may depend on.
class Roll final : public WarpTransform {
 public:
  explicit Roll(const v1::Transform& spec)
      : WarpTransform(spec.per_row()), pixels_(spec.roll().pixels()) {}

  void Extend(const TransformDraw& draw, int64_t row,
              WarpPath* path) const override {
    Rng rng = RowRng(draw, row);
    const std::vector<int32_t> rows = Rolled(path->height(), rng);
    const std::vector<int32_t> columns = Rolled(path->width(), rng);
    path->Index(rows, columns, 0);
  }

 private:
  std::vector<int32_t> Rolled(int64_t size, Rng& rng) const {
    const int64_t shift =
        pixels_ == 0 ? rng.Index(size) : rng.Between(-pixels_, pixels_);
    std::vector<int32_t> out(size);
    for (int64_t i = 0; i < size; ++i) {
      out[i] = static_cast<int32_t>((((i - shift) % size) + size) % size);
    }
    return out;
  }
  int64_t pixels_;
};

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Roll>(spec);
}

}  // namespace

const TransformKind& RollTransformKind() {
  static const TransformKind kind = {.arm = "roll",
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .wraps = true};
  return kind;
}

}  // namespace phosphene
