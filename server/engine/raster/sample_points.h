#pragma once

#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample_kernels.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// For sample.cc and sample_tiles.cc: where an atlas is read and where values
// go. Tensors are contiguous and on the CPU.
struct PointSet {
  at::Tensor uv;     // [2,n] f32
  at::Tensor level;  // [n] f32; undefined: all 0
  at::Tensor pixel;  // [n] i64 of views; undefined: values are [C,n]
  int64_t views = 0, height = 0, width = 0;

  int64_t count() const { return uv.size(1); }

  // Levels an atlas of `levels` needs: up to the coarsest that is read.
  int32_t LevelsRead(int32_t levels) const;
  // For values of `channels`.
  SamplePoints Points(int64_t channels) const;
  // Zeros where there are pixels without a fragment, else uninitialised.
  at::Tensor EmptyValues(int64_t channels) const;
};

// c10::Error where tensors are not as said.
PointSet PointSetAt(const at::Tensor& uv, const at::Tensor& level);
PointSet PointSetOf(const RasterViews& views, const at::Tensor& level);

// What one level of a pyramid is made of: [C,max(1,H/2),max(1,W/2)], and the
// transpose, into `fine`. CPU f32, contiguous.
at::Tensor CoarserLevel(const at::Tensor& fine);
void SpreadLevel(const at::Tensor& coarse, Spread how, const at::Tensor& fine);

// Runs ReadTexels and AddToTexels over the threads there are.
// Gradients: AddAll(fine = false) fills the coarse levels, which are spread
// down to level 0, overwriting it, and AddAll(fine = true) adds what was read
// there itself: large atlases are written once instead of three times.
template <typename Texels>
at::Tensor ReadAll(const Texels& texels, const PointSet& points);
template <typename Texels>
void AddAll(const Texels& texels, const PointSet& points, bool fine,
            const at::Tensor& values);

}  // namespace phosphene
