#pragma once

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Products of f32 matrices on the CPU, on all of AvailableThreads(): cut into
// parts by sizes alone, each multiplied by one thread, so that bits depend on
// no number of threads. Small ones, other types and devices go to ATen.
// Differentiable once.

// a [m,k] b [k,n], as at::mm.
at::Tensor WideMm(const at::Tensor& a, const at::Tensor& b);

// f f^T of [N,C,P] -> [N,C,C]: Gram matrices. A row's bits are those it has
// alone. Its gradient is one product where at::bmm makes two.
at::Tensor SelfProducts(const at::Tensor& f);

}  // namespace phosphene
