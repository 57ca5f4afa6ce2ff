// Points of an atlas as tensors, and the loops over them on several threads.

#include "server/engine/raster/sample_points.h"

#include <algorithm>
#include <cmath>

#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

constexpr int64_t kGrainPoints = 2048;
constexpr int64_t kGrainTexels = 32768;

at::Tensor Plain(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.detach().cpu().contiguous() : tensor;
}

// Calls fn(channel, first row, rows) over [C,height] rows of `width`.
template <typename Fn>
void OverRows(int64_t channels, int64_t height, int64_t width, const Fn& fn) {
  const int64_t grain = std::max<int64_t>(1, kGrainTexels / width);
  WideFor(channels * height, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t c = begin / height, y = begin % height;
      const int64_t rows = std::min(height - y, end - begin);
      fn(c, static_cast<int32_t>(y), static_cast<int32_t>(y + rows));
      begin += rows;
    }
  });
}

}  // namespace

int32_t PointSet::LevelsRead(int32_t levels) const {
  if (!level.defined() || count() == 0) return 1;
  const float most = level.max().item<float>();
  if (most <= 0) return 1;
  // Also where one is no number.
  if (!(most < static_cast<float>(levels - 1))) return levels;
  return static_cast<int32_t>(std::ceil(most)) + 1;
}

SamplePoints PointSet::Points(int64_t channels) const {
  SamplePoints out;
  out.u = uv.const_data_ptr<float>();
  out.v = out.u + count();
  if (level.defined()) out.level = level.const_data_ptr<float>();
  out.stride = count();
  if (pixel.defined()) {
    out.pixel = pixel.const_data_ptr<int64_t>();
    out.plane = height * width;
    out.stride = out.plane;
  }
  return out;
}

at::Tensor PointSet::EmptyValues(int64_t channels) const {
  if (!pixel.defined()) return at::empty({channels, count()}, at::kFloat);
  return at::zeros({views, channels, height, width}, at::kFloat);
}

PointSet PointSetAt(const at::Tensor& uv, const at::Tensor& level) {
  TORCH_CHECK(uv.dim() == 2 && uv.size(0) == 2 && uv.dtype() == at::kFloat,
              "points of an atlas are [2,n] f32, not ", uv.sizes());
  TORCH_CHECK(
      !level.defined() || (level.dim() == 1 && level.size(0) == uv.size(1) &&
                           level.dtype() == at::kFloat),
      "levels of points are [n] f32");
  PointSet out;
  out.uv = Plain(uv);
  out.level = Plain(level);
  return out;
}

PointSet PointSetOf(const RasterViews& views, const at::Tensor& level) {
  PointSet out = PointSetAt(views.uv, level);
  out.pixel = Plain(views.pixel);
  out.views = views.views;
  out.height = views.height;
  out.width = views.width;
  return out;
}

at::Tensor CoarserLevel(const at::Tensor& fine) {
  const int64_t channels = fine.size(0), h = fine.size(1), w = fine.size(2);
  const int64_t height = std::max<int64_t>(1, h / 2);
  const int64_t width = std::max<int64_t>(1, w / 2);
  at::Tensor out = at::empty({channels, height, width}, fine.options());
  const float* from = fine.const_data_ptr<float>();
  float* to = out.mutable_data_ptr<float>();
  OverRows(channels, height, 2 * width,
           [&](int64_t c, int32_t begin, int32_t end) {
             MakeMipRows(from + c * h * w, static_cast<int32_t>(h),
                         static_cast<int32_t>(w), begin, end,
                         to + c * height * width);
           });
  return out;
}

void SpreadLevel(const at::Tensor& coarse, Spread how, const at::Tensor& fine) {
  const int64_t channels = fine.size(0), h = fine.size(1), w = fine.size(2);
  const int64_t plane = coarse.size(1) * coarse.size(2);
  const float* from = coarse.const_data_ptr<float>();
  float* to = fine.mutable_data_ptr<float>();
  OverRows(channels, h, w, [&](int64_t c, int32_t begin, int32_t end) {
    SpreadMipRows(from + c * plane, static_cast<int32_t>(h),
                  static_cast<int32_t>(w), begin, end, how, to + c * h * w);
  });
}

template <typename Texels>
at::Tensor ReadAll(const Texels& texels, const PointSet& points) {
  at::Tensor out = points.EmptyValues(texels.channels);
  const SamplePoints at = points.Points(texels.channels);
  float* to = out.mutable_data_ptr<float>();
  WideFor(points.count(), kGrainPoints, [&](int64_t begin, int64_t end) {
    ReadTexels(texels, at, begin, end, to);
  });
  return out;
}

// Threads share channels, so that the order of a channel's sums is theirs.
template <typename Texels>
void AddAll(const Texels& texels, const PointSet& points, bool fine,
            const at::Tensor& values) {
  const SamplePoints at = points.Points(texels.channels);
  const float* from = values.const_data_ptr<float>();
  const int64_t grain = points.count() < kGrainPoints ? texels.channels : 1;
  WideFor(texels.channels, grain, [&](int64_t first, int64_t last) {
    AddToTexels(texels, at, points.count(), fine, static_cast<int32_t>(first),
                static_cast<int32_t>(last), from);
  });
}

template at::Tensor ReadAll(const PlainTexels&, const PointSet&);
template at::Tensor ReadAll(const TiledTexels&, const PointSet&);
template void AddAll(const PlainTexels&, const PointSet&, bool,
                     const at::Tensor&);
template void AddAll(const TiledTexels&, const PointSet&, bool,
                     const at::Tensor&);

}  // namespace phosphene
