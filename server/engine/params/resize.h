#pragma once

#include <cstdint>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// `image` [N,C,h,w] f32 0..1 at another size, bilinear with antialiasing,
// half-pixel centres; the image itself when the size is the same. No gradient.
at::Tensor ResizeImage(const at::Tensor& image, int64_t height, int64_t width);

// An image blob [N,3|4,h,w] as `channels` channels: 1 is its BT.601 luma, 3
// leaves alpha out, 4 adds an opaque alpha.
// REQUIRES: `channels` is 1, 3 or 4.
at::Tensor ConvertChannels(const at::Tensor& image, int64_t channels);

}  // namespace phosphene
