#include "server/engine/onnx/relu.h"

#include "server/engine/onnx/gradient.h"

namespace phosphene::onnx {
namespace {

at::Tensor PlainGradient(const at::Tensor& g, const at::Tensor& y, const Activation& activation) {
  if (activation.kind == Activation::kRelu) return at::threshold_backward(g, y, 0);
  return at::hardtanh_backward(g, y, 0, activation.max);
}

at::Tensor RedirectedGradient(const at::Tensor& g, const at::Tensor& y,
                              const Activation& activation) {
  at::Tensor blocked = (y <= 0).logical_and_(g > 0);
  if (activation.kind == Activation::kClip) {
    blocked.logical_or_((y >= activation.max).logical_and_(g < 0));
  }
  return g.masked_fill(blocked, 0);
}

}  // namespace

void ActivateInPlace(const Activation& activation, at::Tensor* x) {
  if (activation.kind == Activation::kRelu) {
    x->relu_();
  } else if (activation.kind == Activation::kClip) {
    x->clamp_(0, activation.max);
  }
}

at::Tensor ActivationGradient(const at::Tensor& g, const at::Tensor& y,
                              const Activation& activation, const OpOptions& options) {
  if (activation.kind == Activation::kNone || options.linear_relu) return g;
  at::Tensor plain = PlainGradient(g, y, activation);
  // An item is a row of a batch; there is none in a vector.
  if (!*options.redirect_relu || y.dim() < 2 || y.numel() == 0) return plain;
  const at::Tensor alive = plain.abs().flatten(1).amax(1).gt(0);
  std::vector<int64_t> shape(y.dim(), 1);
  shape[0] = y.size(0);
  return at::where(alive.view(shape), plain, RedirectedGradient(g, y, activation));
}

void WriteActivationGradient(const at::Tensor& g, const at::Tensor& y,
                             const Activation& activation, const OpOptions& options,
                             at::Tensor* out) {
  const bool plain = !options.linear_relu && !*options.redirect_relu;
  if (plain && activation.kind == Activation::kRelu) {
    at::threshold_backward_out(*out, g, y, 0);
  } else if (plain && activation.kind == Activation::kClip) {
    at::hardtanh_backward_out(*out, g, y, 0, activation.max);
  } else {
    out->copy_(ActivationGradient(g, y, activation, options));
  }
}

at::Tensor Activate(const at::Tensor& x, const Activation& activation, const OpOptions& options) {
  const at::Tensor y = [&] {
    at::NoGradGuard no_grad;
    return activation.kind == Activation::kClip ? at::clamp(x, 0, activation.max) : at::relu(x);
  }();
  if (Records({x})) {
    SetBackward({x}, {y}, [y = y.detach(), activation, options](const auto& grads) {
      return std::vector<at::Tensor>{ActivationGradient(grads[0], y, activation, options)};
    });
  }
  return y;
}

}  // namespace phosphene::onnx
