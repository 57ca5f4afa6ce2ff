// A texture as one atlas: latent values through a colour map.
#include <optional>
#include <utility>

#include "server/engine/params/texture/skin.h"
#include "server/engine/raster/seam_points.h"

namespace phosphene {
namespace {

class AtlasSkin final : public Skin {
 public:
  AtlasSkin(const SkinContext& context, std::unique_ptr<Latent> latent)
      : side_(context.side),
        filter_(context.filter),
        color_(context.color, 3),
        latent_(std::move(latent)),
        seam_points_(
            SeamPoints(context.scene->seams, context.side, context.side)
                .to(context.device)) {}

  // One texture for all views.
  std::vector<ParamTensor> Tensors() override {
    std::vector<ParamTensor> tensors = latent_->Tensors();
    for (ParamTensor& tensor : tensors) tensor.per_row = false;
    return tensors;
  }

  at::Tensor Show(const RasterViews& views) override {
    shown_.emplace(Colors());
    return shown_->Sample(views, filter_);
  }

  at::Tensor Seams(int64_t levels) override {
    return SeamLoss(*shown_, seam_points_, levels);
  }

  at::Tensor ShowFinished(const RasterViews& views) override {
    const at::NoGradGuard no_grad;
    return SampleAtlas(Colors(), views, filter_);
  }

  at::Tensor Atlas() override {
    const at::NoGradGuard no_grad;
    return Colors().cpu();
  }

  absl::Status SetAtlas(const at::Tensor& atlas) override {
    const at::NoGradGuard no_grad;
    return latent_->Set(color_.FromImage(atlas));
  }

  int64_t side() const override { return side_; }

  bool TakeMask(const at::Tensor& mask) override {
    const at::NoGradGuard no_grad;
    start_ = Colors().clone();
    mask_ = mask[0];
    return true;
  }

 private:
  at::Tensor Colors() {
    const at::Tensor colors = color_.ToImage(latent_->Values())[0];
    return mask_.defined() ? at::lerp(start_, colors, mask_)
                           : colors.contiguous();
  }

  const int64_t side_;
  const TexelFilter filter_;
  const ColorMap color_;
  const std::unique_ptr<Latent> latent_;
  const at::Tensor seam_points_;      // [4,n]
  std::optional<SharedAtlas> shown_;  // of the last Show
  at::Tensor mask_;                   // [1,side,side] or undefined
  at::Tensor start_;                  // [3,side,side] under the mask
};

}  // namespace

std::unique_ptr<Skin> MakeAtlasSkin(const SkinContext& context,
                                    std::unique_ptr<Latent> latent) {
  return std::make_unique<AtlasSkin>(context, std::move(latent));
}

}  // namespace phosphene
