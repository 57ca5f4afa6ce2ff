#pragma once

#include <vector>

#include "server/engine/tensor/torch_pch.h"
#include "server/imaging/image.h"

namespace phosphene {

// f32 [1,C,H,W], values 0..1, on the CPU; C is 3, or 4 where there is alpha
// (grey is spread over RGB).
at::Tensor ToTensor(const Image8& image);

// One picture per row of an image batch [N,C,H,W] f32 0..1 on any device;
// values are clamped and rounded to 8 bits. 1, 3 and 4 channels are shown as
// they are; of two the first as red and blue, the second as green; of more the
// first three.
std::vector<Image8> ToImages(const at::Tensor& batch);
// The same, rounded to 16 bits.
std::vector<Image16> ToImages16(const at::Tensor& batch);

}  // namespace phosphene
