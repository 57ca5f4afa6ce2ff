#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/onednn.h"
#include "server/engine/onnx/ops/shared/phase_gradient.h"
#include "server/engine/onnx/ops/shared/relu.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {

// One or several 2-D convolutions of the same input and window with constant
// weights, done as one, each followed by its activation: the shape an inception
// module begins with. Bias and activation are fused; backward makes the input's
// gradient only. On CPU the weights are laid out once for oneDNN, and where
// the stride is 1 the gradient is a forward convolution with the flipped,
// transposed weights. Thread-safe.
class FrozenConv : public std::enable_shared_from_this<FrozenConv> {
 public:
  // weights [O,I/group,kh,kw]; biases [O] or undefined. Several convolutions
  // must have group 1 and all relu or all no activation. Throws BadNode.
  FrozenConv(const OpInit& init, const std::vector<at::Tensor>& weights,
             const std::vector<at::Tensor>& biases,
             std::vector<Activation> activations);

  // Outputs [N,O_i,h,w] of x [N,C,H,W], channels_last. Several outputs are
  // slices of one tensor.
  Tensors Run(const at::Tensor& x);

 private:
  at::Tensor Forward(const at::Tensor& x, const Window& window,
                     const Activation& activation);
  at::Tensor InputGradient(const at::Tensor& g, const Window& window,
                           at::IntArrayRef x_sizes);
  at::Tensor AtenInputGradient(const at::Tensor& g, const Window& window,
                               at::IntArrayRef x_sizes) const;
  at::Tensor FlippedWeight() const;
  // Gradient of the convolution's output from those of its activations.
  at::Tensor JoinGradients(const Tensors& grads, const at::Tensor& whole) const;

  const OpOptions options_;
  Window window_;
  int64_t group_ = 1;
  at::Tensor weight_, bias_;       // bias_ may be undefined
  std::vector<int64_t> channels_;  // of each output
  std::vector<Activation> activations_;
  bool packs_ = false;  // oneDNN's own layout is used
  PackedWeight packed_, packed_flipped_;
  std::once_flag phases_once_;
  std::optional<PhaseGradient>
      phases_;  // made at the first run, where it suits
};

}  // namespace phosphene::onnx
