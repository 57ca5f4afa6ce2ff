#pragma once

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/ops/options.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Applies an activation to a tensor that nobody else reads, in place, without
// recording.
void ActivateInPlace(const Activation& activation, at::Tensor* x);

// Gradient with respect to an activation's input from that of its output,
// given the output `y`. Plain: g where the activation is open (0 < y, and
// y < max), else 0. With options.linear_relu: g. While the thread's
// StepContext redirects: an item of the batch whose plain gradient is zero
// everywhere gets the redirected one instead, that is g except where it would
// push a closed value further away (y = 0 and g > 0; y = max and g < 0), g
// being the gradient of the loss that is minimised. Source: lucid
// overrides/redirected_relu_grad.py, which opens the ReLU at exactly 0; here,
// as in torch, 0 is closed.
at::Tensor ActivationGradient(const at::Tensor& g, const at::Tensor& y,
                              const Activation& activation,
                              const OpOptions& options);

// The same, written to `out`, which may be a slice of a larger tensor; in the
// plain case one pass.
void WriteActivationGradient(const at::Tensor& g, const at::Tensor& y,
                             const Activation& activation,
                             const OpOptions& options, at::Tensor* out);

// An activation as an operation of its own, differentiable.
at::Tensor Activate(const at::Tensor& x, const Activation& activation,
                    const OpOptions& options);

}  // namespace phosphene::onnx
