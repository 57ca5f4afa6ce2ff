// Named lists of transforms.

#include "server/engine/transforms/preset.h"

#include <algorithm>
#include <utility>

namespace phosphene {
namespace {

using v1::PresetTransform;
using Transforms = google::protobuf::RepeatedPtrField<v1::Transform>;

// lucid transform.standard_transforms.
std::vector<v1::Transform> Standard() {
  std::vector<v1::Transform> out(5);
  out[0].mutable_pad()->set_pixels(12);
  out[1].mutable_jitter()->set_pixels(8);
  for (int i = 0; i < 11; ++i)
    out[2].mutable_scale()->add_factors(1 + (i - 5) / 50.0);
  for (int i = -10; i <= 10; ++i) out[3].mutable_rotate()->add_angles(i);
  for (int i = 0; i < 5; ++i) out[3].mutable_rotate()->add_angles(0);
  out[4].mutable_jitter()->set_pixels(4);
  return out;
}

// The article's transparency notebook.
std::vector<v1::Transform> Transparent(int64_t height, int64_t width) {
  std::vector<v1::Transform> out(3);
  out[0].mutable_random_background();
  for (int i = 6; i <= 11; ++i) out[1].mutable_scale()->add_factors(i / 10.0);
  out[2].mutable_crop()->set_height(
      static_cast<int32_t>(std::max<int64_t>(1, height / 2)));
  out[2].mutable_crop()->set_width(
      static_cast<int32_t>(std::max<int64_t>(1, width / 2)));
  return out;
}

// What the preset does in one; chains flatten it instead, so that its members
// can fuse with their neighbours.
class Preset final : public ImageTransform {
 public:
  explicit Preset(const v1::Transform& spec) { *specs_.Add() = spec; }

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    at::Tensor out = image;
    ForEach(image.size(2), image.size(3), draw,
            [&](ImageTransform& t, const TransformDraw& d) {
              out = t.Apply(out, d);
            });
    return out;
  }
  at::Tensor ApplyAlpha(const at::Tensor& alpha,
                        const TransformDraw& draw) override {
    at::Tensor out = alpha;
    ForEach(alpha.size(2), alpha.size(3), draw,
            [&](ImageTransform& t, const TransformDraw& d) {
              out = t.ApplyAlpha(out, d);
            });
    return out;
  }
  void MinSize(int64_t* height, int64_t* width) const override {
    ForEach(*height, *width, {},
            [&](ImageTransform& t, auto&) { t.MinSize(height, width); });
  }
  void MaxSize(int64_t* height, int64_t* width) const override {
    ForEach(*height, *width, {},
            [&](ImageTransform& t, auto&) { t.MaxSize(height, width); });
  }
  int64_t Channels(int64_t in) const override {
    ForEach(1, 1, {}, [&](ImageTransform& t, auto&) { in = t.Channels(in); });
    return in;
  }

 private:
  template <typename Fn>
  void ForEach(int64_t height, int64_t width, TransformDraw draw,
               const Fn& fn) const {
    for (const v1::Transform& member :
         FlattenTransforms(specs_, height, width)) {
      auto made = FindTransformKind(member)->make(member);
      TORCH_CHECK(made.ok(), "a preset's member is not built in");
      fn(**made, draw);
      ++draw.position;
    }
  }
  Transforms specs_;
};

// That of the first member that has one; the canvas does not matter.
std::string WhyNotReplayed(const v1::Transform& spec) {
  for (const v1::Transform& member : PresetMembers(spec, 1, 1)) {
    const std::string why = FindTransformKind(member)->why_not_replayed(member);
    if (!why.empty()) return why;
  }
  return "";
}

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Preset>(spec);
}

}  // namespace

std::vector<v1::Transform> PresetMembers(const v1::Transform& spec,
                                         int64_t height, int64_t width) {
  std::vector<v1::Transform> out;
  if (spec.preset().name() == PresetTransform::STANDARD) out = Standard();
  if (spec.preset().name() == PresetTransform::TRANSPARENT)
    out = Transparent(height, width);
  for (v1::Transform& member : out) member.set_per_row(spec.per_row());
  return out;
}

const TransformKind& PresetTransformKind() {
  static const TransformKind kind = {
      .arm = "preset", .make = Make, .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
