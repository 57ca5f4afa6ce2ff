#pragma once

#include <cstdint>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Linear interpolation as TensorFlow 1's resize_bilinear does it, which lucid's
// low-resolution tensors rely on (align_corners=false, half_pixel_centers=
// false): position dst reads src = dst * in / out, cells beyond the last repeat
// it. Differentiable; a row's bits do not depend on its company.

// values [N,C,h,w] f32 -> [N,C,height,width].
at::Tensor StretchPlanes(const at::Tensor& values, int64_t height,
                         int64_t width);

// values [n,...] f32 -> [rows,...], linear along the first dimension.
at::Tensor StretchRows(const at::Tensor& values, int64_t rows);

// The same map of one dimension as a matrix [out, in] f32; every row has at
// most two entries, which sum to 1.
at::Tensor StretchMatrix(int64_t in, int64_t out);

}  // namespace phosphene
