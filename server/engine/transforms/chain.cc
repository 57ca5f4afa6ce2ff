// Checks a list of transforms and applies it, moves of pixels in fused passes.

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/transforms/interface.h"
#include "server/engine/transforms/warp.h"
#include "server/rules/rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

// Bounds on what a list may grow an image to, before memory is spent.
constexpr int64_t kMaxSide = 32768;
constexpr int64_t kMaxPixels = int64_t{1} << 27;

using Transforms = google::protobuf::RepeatedPtrField<v1::Transform>;

// Applies transforms in order; runs of pixel-moving ones in fused passes.
class ListChain final : public TransformChain {
 public:
  explicit ListChain(std::vector<std::unique_ptr<ImageTransform>> list)
      : list_(std::move(list)) {
    for (const auto& transform : list_) {
      warps_.push_back(dynamic_cast<const WarpTransform*>(transform.get()));
    }
  }

  at::Tensor Apply(const at::Tensor& image, uint64_t seed,
                   int64_t step) override {
    return Run(image, seed, step, false);
  }
  at::Tensor ApplyAlpha(const at::Tensor& alpha, uint64_t seed,
                        int64_t step) override {
    return Run(alpha, seed, step, true);
  }
  int64_t Channels(int64_t in) const override {
    for (const auto& transform : list_) in = transform->Channels(in);
    return in;
  }

 private:
  at::Tensor Run(at::Tensor image, uint64_t seed, int64_t step, bool is_alpha) {
    for (size_t i = 0; i < list_.size();) {
      TransformDraw draw{seed, step, static_cast<uint32_t>(i), feed()};
      if (warps_[i] == nullptr) {
        image = is_alpha ? list_[i]->ApplyAlpha(image, draw)
                         : list_[i]->Apply(image, draw);
        ++i;
        continue;
      }
      std::vector<WarpStep> steps;
      for (; i < list_.size() && warps_[i] != nullptr; ++i) {
        draw.position = static_cast<uint32_t>(i);
        steps.push_back({warps_[i], draw});
      }
      image = RunWarps(image, steps, is_alpha);
    }
    return image;
  }

  std::vector<std::unique_ptr<ImageTransform>> list_;
  std::vector<const WarpTransform*> warps_;  // borrowed; null where it is none
};

// Walks sizes through one entry of the list, a preset's members in order.
struct SizeWalk {
  int64_t channels, min_h, min_w, max_h, max_w;

  absl::Status Step(const ImageTransform& transform, absl::string_view path) {
    const int64_t h = min_h, w = min_w, c = channels;
    transform.MinSize(&min_h, &min_w);
    transform.MaxSize(&max_h, &max_w);
    channels = transform.Channels(channels);
    if (channels < 1) {
      return FieldError(
          path,
          absl::StrCat("needs an image with alpha (4 channels), this has ", c));
    }
    if (min_h < 1 || min_w < 1) {
      return FieldError(
          path, absl::StrCat("leaves no pixels of an image that can be ", w,
                             "x", h, " here"));
    }
    if (max_h > kMaxSide || max_w > kMaxSide || max_h * max_w > kMaxPixels) {
      return FieldError(
          path,
          absl::StrCat("can grow the image to ", max_w, "x", max_h, ", above ",
                       kMaxSide, " on a side or ", kMaxPixels, " pixels"));
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status TransformChain::CheckEach(const Transforms& transforms,
                                       absl::string_view path) {
  Verdict verdict;
  for (int i = 0; i < transforms.size() && !verdict.full(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    const auto* arm = transforms[i].GetReflection()->GetOneofFieldDescriptor(
        transforms[i], v1::Transform::descriptor()->FindOneofByName("kind"));
    const TransformKind* kind = FindTransformKind(transforms[i]);
    AddRuleFaults(transforms[i], at, verdict.faults());
    if (arm != nullptr && kind == nullptr) {
      verdict.AddUnimplemented(absl::StrCat(at, ".", arm->name()),
                               "this transform is not built in");
    } else if (kind != nullptr && kind->check != nullptr) {
      Faults own;
      kind->check(transforms[i], at, own);
      verdict.Join(own.ToStatus(), at);
    }
  }
  return verdict.ToStatus();
}

absl::Status TransformChain::Check(const Transforms& transforms,
                                   int64_t channels, int64_t height,
                                   int64_t width, absl::string_view path) {
  RETURN_IF_ERROR(CheckEach(transforms, path));
  SizeWalk walk{channels, height, width, height, width};
  for (int i = 0; i < transforms.size(); ++i) {
    Transforms one;
    *one.Add() = transforms[i];
    for (const v1::Transform& member : FlattenTransforms(one, height, width)) {
      const TransformKind* kind = FindTransformKind(member);
      if (kind == nullptr)
        return absl::UnimplementedError(absl::StrCat(path, "[", i, "]"));
      ASSIGN_OR_RETURN(const auto transform, kind->make(member));
      RETURN_IF_ERROR(walk.Step(*transform, absl::StrCat(path, "[", i, "]")));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TransformChain>> TransformChain::Make(
    const Transforms& transforms, int64_t height, int64_t width) {
  std::vector<std::unique_ptr<ImageTransform>> list;
  for (const v1::Transform& spec :
       FlattenTransforms(transforms, height, width)) {
    const TransformKind* kind = FindTransformKind(spec);
    if (kind == nullptr)
      return absl::UnimplementedError("a transform is not built in");
    ASSIGN_OR_RETURN(auto transform, kind->make(spec));
    list.push_back(std::move(transform));
  }
  return std::make_unique<ListChain>(std::move(list));
}

}  // namespace phosphene
