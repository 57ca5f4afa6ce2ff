#pragma once

#include <functional>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Gradients of the inputs from those of the outputs (undefined where nothing
// flows back to that output). Runs without recording.
using BackwardFn = std::function<std::vector<at::Tensor>(
    const std::vector<at::Tensor>& grads)>;

// True when autograd would record an operation on these.
bool Records(const std::vector<at::Tensor>& inputs);

// Makes `outputs`, computed from `inputs` without recording, differentiable by
// an own backward. What `backward` captures is freed once it has run; it must
// capture outputs detached, or they keep themselves alive.
// REQUIRES: Records(inputs); outputs are fresh tensors of floating type.
void SetBackward(const std::vector<at::Tensor>& inputs,
                 const std::vector<at::Tensor>& outputs, BackwardFn backward);

}  // namespace phosphene::onnx
