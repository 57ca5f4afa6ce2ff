// A sum of images at 1/2^k of the size, k = 0..levels-1, each resized up
// bilinearly. Source: lucid laplacian_pyramid_image.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"
#include "server/engine/params/stretch.h"

namespace phosphene {
namespace {

constexpr double kDefaultSd = .01;
constexpr int kDefaultLevels = 4;

// The sum of images at 1/2^k of the size, k = 0..levels-1, stretched up.
class LaplacianLatent : public Latent {
 public:
  LaplacianLatent(double sd, int levels, const LatentContext& context)
      : canvas_(context.canvas) {
    for (int k = 0; k < levels; ++k) {
      const int64_t height = std::max<int64_t>(canvas_.height >> k, 1);
      const int64_t width = std::max<int64_t>(canvas_.width >> k, 1);
      levels_.push_back(RandomRows(context, {canvas_.channels, height, width},
                                   static_cast<uint32_t>(k), sd));
    }
  }

  std::vector<ParamTensor> Tensors() override {
    std::vector<ParamTensor> tensors;
    for (size_t k = 0; k < levels_.size(); ++k) {
      tensors.push_back({absl::StrCat("level", k), levels_[k]});
    }
    return tensors;
  }

  at::Tensor Values() override {
    at::Tensor sum = levels_[0];
    for (size_t k = 1; k < levels_.size(); ++k)
      sum = sum + Stretched(levels_[k]);
    return sum;
  }

  // Coarse levels take the averages of what coarser ones left; the level of
  // the canvas' own size takes the rest, so the sum is exact.
  absl::Status Set(const at::Tensor& values) override {
    at::Tensor rest = values;
    for (size_t k = levels_.size() - 1; k > 0; --k) {
      at::Tensor level = levels_[k];
      level.copy_(at::adaptive_avg_pool2d(rest, level.sizes().slice(2)));
      rest = rest - Stretched(level);
    }
    levels_[0].copy_(rest);
    return absl::OkStatus();
  }

 private:
  at::Tensor Stretched(const at::Tensor& level) const {
    return StretchPlanes(level, canvas_.height, canvas_.width);
  }

  const Canvas canvas_;
  std::vector<at::Tensor> levels_;  // [rows,C,H/2^k,W/2^k] f32
};

std::string WhyNotReplayed(const v1::Parameterization& spec) {
  return "it brings its weights over at each step";
}

}  // namespace

std::unique_ptr<Latent> MakeLaplacianLatent(
    const v1::LaplacianParameterization& spec, const LatentContext& context) {
  return std::make_unique<LaplacianLatent>(
      spec.has_sd() ? spec.sd() : kDefaultSd,
      spec.has_levels() ? spec.levels() : kDefaultLevels, context);
}

const ParamKind& LaplacianKind() {
  static const ParamKind kind = {
      .arm = "laplacian",
      .make = [](const v1::Parameterization& spec, const ParamContext& context)
          -> absl::StatusOr<std::unique_ptr<Param>> {
        return MakeColored(
            spec, context.canvas,
            MakeLaplacianLatent(spec.laplacian(), LatentContext::Of(context)));
      },
      .why_not_from_image = FromAnyImage,
      .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
