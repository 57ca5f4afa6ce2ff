#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// <a, v> * max(0.1, cos(a, v))^power at each position: `a` [N,C,h,w] against
// `v` broadcastable to it -> [N,h,w]. Power 0 is the plain dot product. Epsilon
// 1e-4 on the norms and the floor of 0.1 are lucid's (_dot_cossim).
at::Tensor DotCosine(const at::Tensor& a, const at::Tensor& v, double power);

}  // namespace phosphene
