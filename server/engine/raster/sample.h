#pragma once

#include <memory>

#include "server/engine/raster/raster.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

struct PointSet;  // sample_points.h

// Reading an atlas [C,H,W] f32, 1 <= C <= kMaxAtlasChannels, any H and W from 1
// to kMaxAtlasSide, with its exact gradient. Row 0 is the top, v = 1: a point
// lies at row (1 - v) H - .5 and column u W - .5 between texels, four of which
// are blended; both wrap (GL_REPEAT). Gradients flow to the atlas only.
//
// Levels of detail: level 0 is the atlas, texels of the next are means of 2x2
// (of the area they cover, where a side is odd; sides are halved downwards, to
// 1 at least). Level l between whole ones blends the two; it is clamped to
// 0..MipLevelCount-1. Fourier and pixel atlases alike; sample after the colour
// map.
//
// Deterministic, forward and backward: each channel's sums run over fragments
// in their order, whatever the number of threads. What lies on a CUDA device
// travels to the CPU, is read there, and the result travels back: the same
// bytes, at the price of the way.

enum class TexelFilter {
  kTrilinear,  // by the size of a pixel in texels
  kBilinear,   // level 0 alone
};

inline constexpr int64_t kMaxAtlasChannels = 8;
inline constexpr int64_t kMaxAtlasSide = 16384;

// Levels down to 1x1 included: 1 + floor(log2(max(H, W))).
int64_t MipLevelCount(int64_t height, int64_t width);

// [n] f32: log2 of the longer side of a pixel in texels of an H x W atlas, 0
// and above: max(0, log2 max(|d(uW,vH)/dx|, |d(uW,vH)/dy|)).
at::Tensor MipLevels(const RasterViews& views, int64_t height, int64_t width);

// An atlas [C,H,W] that is read several times: its levels are made once, and
// when gradients come, those of all readings become one gradient, written once.
// Bits depend on the order of readings. The atlas must not change before the
// last gradient. Cheap to copy; thread-compatible.
class SharedAtlas {
 public:
  explicit SharedAtlas(const at::Tensor& atlas);

  int64_t height() const;
  int64_t width() const;
  // As SampleAtlas and SampleAt below, which read once.
  at::Tensor Sample(const RasterViews& views, TexelFilter filter) const;
  at::Tensor SampleAt(const at::Tensor& uv, const at::Tensor& level) const;

 private:
  struct Levels;
  struct Reading;
  class SignFunction;
  class ReadFunction;

  at::Tensor Read(PointSet points) const;

  std::shared_ptr<Levels> levels_;
  at::Tensor sign_;  // [1], stands for the atlas in the graph
};

// [views,C,height,width]: the views of a mesh with this atlas on it; 0 in the
// background.
at::Tensor SampleAtlas(const at::Tensor& atlas, const RasterViews& views,
                       TexelFilter filter);

// [C,n] at points uv [2,n] f32 and levels [n] f32 (undefined: all 0).
at::Tensor SampleAt(const at::Tensor& atlas, const at::Tensor& uv,
                    const at::Tensor& level);

}  // namespace phosphene
