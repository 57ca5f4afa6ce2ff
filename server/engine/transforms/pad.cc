// A border of constant, random or mirrored pixels.

#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
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

void Check(const v1::Transform& spec, absl::string_view path, Faults& faults) {
  RequireRange(spec.pad().pixels(), 0, 1024, absl::StrCat(path, ".pad.pixels"),
               faults);
  if (spec.pad().has_value()) {
    RequireRange(spec.pad().value(), 0, 1, absl::StrCat(path, ".pad.value"),
                 faults);
  }
  const int mode = spec.pad().mode();
  RequireKnown(PadTransform::Mode_IsValid(mode), mode,
               "CONSTANT, REFLECT, RANDOM_CONSTANT",
               absl::StrCat(path, ".pad.mode"), faults);
}

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Pad>(spec);
}

}  // namespace

const TransformKind& PadTransformKind() {
  static const TransformKind kind = {.arm = "pad",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
