// Reading an atlas that is held whole.

#include "server/engine/raster/sample.h"

#include <torch/custom_class.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "server/engine/raster/sample_points.h"
#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

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

}  // namespace

struct SharedAtlas::Levels {
  // What a reading's gradient adds, when its turn comes.
  struct Due {
    PointSet points;
    at::Tensor grad;
  };

  Pyramid pyramid;
  std::vector<Due> due;

  int64_t channels() const { return pyramid.level[0].size(0); }
  int64_t height() const { return pyramid.level[0].size(1); }
  int64_t width() const { return pyramid.level[0].size(2); }
  int32_t count() const {
    return static_cast<int32_t>(MipLevelCount(height(), width()));
  }

  at::Tensor Read(const PointSet& points) {
    const int32_t read = points.LevelsRead(count());
    while (static_cast<int32_t>(pyramid.level.size()) < read)
      pyramid.level.push_back(CoarserLevel(pyramid.level.back()));
    return ReadAll(pyramid.Texels(count()), points);
  }

  // The atlas is written once, by what comes from coarser levels; readings of
  // level 0 add to it.
  at::Tensor TakeGradient() {
    int32_t read = 1;
    for (const Due& one : due)
      read = std::max(read, one.points.LevelsRead(count()));
    Pyramid sums;
    int64_t h = height(), w = width();
    for (int32_t l = 0; l < read; ++l) {
      sums.level.push_back(l == 0 && read > 1
                               ? at::empty({channels(), h, w}, at::kFloat)
                               : at::zeros({channels(), h, w}, at::kFloat));
      h = std::max<int64_t>(1, h / 2);
      w = std::max<int64_t>(1, w / 2);
    }
    const PlainTexels texels = sums.Texels(count());
    for (const Due& one : due) {
      if (one.points.LevelsRead(count()) > 1)
        AddAll(texels, one.points, false, one.grad);
    }
    for (int32_t l = read - 1; l > 0; --l) {
      SpreadLevel(sums.level[l], l == 1 ? Spread::kOverwrite : Spread::kAdd,
                  sums.level[l - 1]);
    }
    for (const Due& one : due) AddAll(texels, one.points, true, one.grad);
    due.clear();
    return sums.level[0];
  }
};

struct SharedAtlas::Reading : torch::CustomClassHolder {
  Reading(std::shared_ptr<Levels> of, PointSet at)
      : levels(std::move(of)), points(std::move(at)) {}

  const std::shared_ptr<Levels> levels;
  const PointSet points;
};

// From an atlas to a sign that stands for it in the graph: what is read depends
// on the sign, so that the atlas' turn comes when all readings had theirs.
class SharedAtlas::SignFunction
    : public torch::autograd::Function<SharedAtlas::SignFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& atlas,
                            const c10::intrusive_ptr<Reading>& all) {
    ctx->saved_data["all"] = c10::IValue::make_capsule(all);
    all->levels->pyramid.level.push_back(atlas.detach().cpu().contiguous());
    return at::zeros({1}, atlas.options());
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["all"].toCapsule();
    const auto& all = static_cast<const Reading&>(*capsule);
    return {all.levels->TakeGradient().to(grads[0].device()), at::Tensor()};
  }
};

class SharedAtlas::ReadFunction
    : public torch::autograd::Function<SharedAtlas::ReadFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& sign,
                            const c10::intrusive_ptr<Reading>& reading) {
    ctx->saved_data["reading"] = c10::IValue::make_capsule(reading);
    return reading->levels->Read(reading->points).to(sign.device());
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["reading"].toCapsule();
    const auto& reading = static_cast<const Reading&>(*capsule);
    reading.levels->due.push_back(
        {reading.points, grads[0].cpu().contiguous()});
    return {at::zeros({1}, grads[0].options()), at::Tensor()};
  }
};

at::Tensor SharedAtlas::Read(PointSet points) const {
  return ReadFunction::apply(
      sign_, c10::make_intrusive<Reading>(levels_, std::move(points)));
}

SharedAtlas::SharedAtlas(const at::Tensor& atlas)
    : levels_(std::make_shared<Levels>()) {
  TORCH_CHECK(atlas.dim() == 3 && atlas.dtype() == at::kFloat &&
                  atlas.size(0) >= 1 && atlas.size(0) <= kMaxAtlasChannels &&
                  atlas.size(1) >= 1 && atlas.size(1) <= kMaxAtlasSide &&
                  atlas.size(2) >= 1 && atlas.size(2) <= kMaxAtlasSide,
              "an atlas is [C,H,W] f32 of 1..", kMaxAtlasChannels,
              " channels and sides 1..", kMaxAtlasSide, ", not ",
              atlas.sizes());
  sign_ = SignFunction::apply(
      atlas, c10::make_intrusive<Reading>(levels_, PointSet()));
}

int64_t SharedAtlas::height() const { return levels_->height(); }
int64_t SharedAtlas::width() const { return levels_->width(); }

at::Tensor SharedAtlas::Sample(const RasterViews& views,
                               TexelFilter filter) const {
  at::Tensor level;
  if (filter == TexelFilter::kTrilinear)
    level = MipLevels(views, height(), width());
  return Read(PointSetOf(views, level));
}

at::Tensor SharedAtlas::SampleAt(const at::Tensor& uv,
                                 const at::Tensor& level) const {
  return Read(PointSetAt(uv, level));
}

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
  return SharedAtlas(atlas).Sample(views, filter);
}

at::Tensor SampleAt(const at::Tensor& atlas, const at::Tensor& uv,
                    const at::Tensor& level) {
  return SharedAtlas(atlas).SampleAt(uv, level);
}

}  // namespace phosphene
