#pragma once

#include "absl/strings/string_view.h"
#include "server/base/faults.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// <a, v> * max(0.1, cos(a, v))^power at each position: `a` [N,C,h,w] against
// `v` broadcastable to it -> [N,h,w]. Power 0 is the plain dot product. Epsilon
// 1e-4 on the norms and the floor of 0.1 are lucid's (_dot_cossim).
at::Tensor DotCosine(const at::Tensor& a, const at::Tensor& v, double power);

// Adds a fault unless the exponent lies in 0..8.
void CheckCosinePower(double power, absl::string_view path, Faults& faults);

}  // namespace phosphene
