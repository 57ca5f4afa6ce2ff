#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// A linear map of pictures, one matrix along the height and one along the
// width: rows x columns^T. `x` [N,C,h,w] f32 -> [N,C,H,W]; `rows` [H,h] or
// [N,1,H,h], `columns` [W,w] or [N,1,W,w], on the device of `x`. For maps that
// a GPU's own kernels would differentiate by adding in no fixed order: products
// add in one, and these, unlike those of a network, in full single precision.
// Differentiable in x.
at::Tensor SeparableMap(const at::Tensor& x, const at::Tensor& rows,
                        const at::Tensor& columns);

}  // namespace phosphene
