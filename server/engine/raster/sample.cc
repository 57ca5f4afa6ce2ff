// Reading an atlas that is held whole.

#include "server/engine/raster/sample.h"

#include <torch/custom_class.h>

#include <algorithm>

#include "server/engine/raster/sample_points.h"
#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

struct PointsHolder : torch::CustomClassHolder {
  PointSet points;
  int64_t height = 0, width = 0;  // of the atlas
};

// An atlas and its coarser levels, or the gradients of both.
struct Pyramid {
  std::vector<at::Tensor> level;  // [C,h,w], those that are read

  PlainTexels Texels(int32_t levels) const {
    PlainTexels out;
    out.levels = levels;
    out.channels = static_cast<int32_t>(level[0].size(0));
    for (size_t l = 0; l < level.size(); ++l) {
      out.height[l] = static_cast<int32_t>(level[l].size(1));
      out.width[l] = static_cast<int32_t>(level[l].size(2));
      out.channel[l] = level[l].size(1) * level[l].size(2);
      out.base[l] = const_cast<float*>(level[l].const_data_ptr<float>());
    }
    return out;
  }
};

class SampleFunction : public torch::autograd::Function<SampleFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& atlas,
                            const c10::intrusive_ptr<PointsHolder>& holder) {
    ctx->saved_data["points"] = c10::IValue::make_capsule(holder);
    const int32_t levels = LevelsOf(*holder);
    Pyramid pyramid;
    pyramid.level.push_back(atlas.detach().cpu().contiguous());
    const int32_t read = holder->points.LevelsRead(levels);
    while (static_cast<int32_t>(pyramid.level.size()) < read)
      pyramid.level.push_back(CoarserLevel(pyramid.level.back()));
    return ReadAll(pyramid.Texels(levels), holder->points).to(atlas.device());
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["points"].toCapsule();
    const auto& holder = static_cast<const PointsHolder&>(*capsule);
    const at::Tensor grad = grads[0].cpu().contiguous();
    const int64_t channels = grad.size(holder.points.pixel.defined() ? 1 : 0);
    const int32_t levels = LevelsOf(holder);
    Pyramid sums;
    int64_t h = holder.height, w = holder.width;
    const int32_t read = holder.points.LevelsRead(levels);
    for (int32_t l = 0; l < read; ++l) {
      sums.level.push_back(l == 0 && read > 1
                               ? at::empty({channels, h, w}, at::kFloat)
                               : at::zeros({channels, h, w}, at::kFloat));
      h = std::max<int64_t>(1, h / 2);
      w = std::max<int64_t>(1, w / 2);
    }
    const PlainTexels texels = sums.Texels(levels);
    if (read > 1) AddAll(texels, holder.points, false, grad);
    for (int32_t l = read - 1; l > 0; --l) {
      SpreadLevel(sums.level[l], l == 1 ? Spread::kOverwrite : Spread::kAdd,
                  sums.level[l - 1]);
    }
    AddAll(texels, holder.points, true, grad);
    return {sums.level[0].to(grads[0].device()), at::Tensor()};
  }

 private:
  static int32_t LevelsOf(const PointsHolder& holder) {
    return static_cast<int32_t>(MipLevelCount(holder.height, holder.width));
  }
};

at::Tensor Sample(const at::Tensor& atlas, PointSet points) {
  TORCH_CHECK(atlas.dim() == 3 && atlas.dtype() == at::kFloat &&
                  atlas.size(0) >= 1 && atlas.size(0) <= kMaxAtlasChannels &&
                  atlas.size(1) >= 1 && atlas.size(1) <= kMaxAtlasSide &&
                  atlas.size(2) >= 1 && atlas.size(2) <= kMaxAtlasSide,
              "an atlas is [C,H,W] f32 of 1..", kMaxAtlasChannels,
              " channels and sides 1..", kMaxAtlasSide, ", not ",
              atlas.sizes());
  auto holder = c10::make_intrusive<PointsHolder>();
  holder->points = std::move(points);
  holder->height = atlas.size(1);
  holder->width = atlas.size(2);
  return SampleFunction::apply(atlas, holder);
}

}  // namespace

int64_t MipLevelCount(int64_t height, int64_t width) {
  int64_t levels = 1;
  for (int64_t side = std::max(height, width); side > 1; side /= 2) ++levels;
  return levels;
}

at::Tensor MipLevels(const RasterViews& views, int64_t height, int64_t width) {
  const at::Tensor dx = views.uv_dx.cpu(), dy = views.uv_dy.cpu();
  const int64_t count = views.fragments();
  at::Tensor out = at::empty({count}, at::kFloat);
  WriteMipLevels(dx.const_data_ptr<float>(), dy.const_data_ptr<float>(), count,
                 0, count, static_cast<float>(height),
                 static_cast<float>(width), out.mutable_data_ptr<float>());
  return out.to(views.uv_dx.device());
}

at::Tensor SampleAtlas(const at::Tensor& atlas, const RasterViews& views,
                       TexelFilter filter) {
  at::Tensor level;
  if (filter == TexelFilter::kTrilinear)
    level = MipLevels(views, atlas.size(1), atlas.size(2));
  return Sample(atlas, PointSetOf(views, level));
}

at::Tensor SampleAt(const at::Tensor& atlas, const at::Tensor& uv,
                    const at::Tensor& level) {
  return Sample(atlas, PointSetAt(uv, level));
}

}  // namespace phosphene
