#pragma once

#include <vector>

#include "phosphene/v1/optimizer.pb.h"
#include "server/engine/optimizers/interface.h"

namespace phosphene {

// Rescales the gradients of `parameters` in place, each row by its own measure
// over all its tensors (shared tensors by theirs); a zero gradient stays zero.
// LAPLACIAN treats each [rows,C,H,W] gradient as an image: four detail bands
// and the rest of a pyramid (5-tap binomial kernel), each to RMS 1; tensors of
// another rank are left alone. With `wraps` an image goes on at its other side,
// and its bands keep their full size, so that a tile of any size is treated
// alike all over; without, nothing lies past its edges.
void NormalizeGradients(v1::Optimizer::GradientNormalization how,
                        const std::vector<ParamTensor>& parameters,
                        bool wraps = false);

// Mixes the colours of every [rows,3,H,W] gradient in place, as those of photos
// go together: each pixel through `ColorCorrelation()`, then divided by the
// standard deviation of its row, so that the row has 1; a zero row stays zero.
// Tensors of other shapes are left alone. Source: Distill 2018, appendix,
// infinite patterns.
void CorrelateColors(const std::vector<ParamTensor>& parameters);

// [3,3] f32: the colour covariance of photos plus 0.08 of the identity, which
// leaves single colours a share.
at::Tensor ColorCorrelation();

// The pyramid normalization of one gradient [C,H,W]; as the classic DeepDream
// notebook does it.
at::Tensor LaplacianNormalized(const at::Tensor& gradient, bool wraps = false);

}  // namespace phosphene
