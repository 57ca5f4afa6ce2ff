#pragma once

#include <vector>

#include "phosphene/v1/optimizer.pb.h"
#include "server/engine/optimizers/interface.h"

namespace phosphene {

// Rescales the gradients of `parameters` in place, each row by its own measure
// over all its tensors (shared tensors by theirs); a zero gradient stays zero.
// LAPLACIAN treats each [rows,C,H,W] gradient as an image: four detail bands
// and the rest of a pyramid (5-tap binomial kernel), each to RMS 1; tensors of
// another rank are left alone.
void NormalizeGradients(v1::Optimizer::GradientNormalization how,
                        const std::vector<ParamTensor>& parameters);

// The pyramid normalization of one gradient [C,H,W]; as the classic DeepDream
// notebook does it.
at::Tensor LaplacianNormalized(const at::Tensor& gradient);

}  // namespace phosphene
