// ReLU and ReLU6 with the gradient a job asks for: plain, linear or redirected.

#include "server/engine/onnx/ops/shared/relu.h"

#include <limits>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/step_context.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

constexpr int64_t kShareElements =
    32768;  // below, a second thread costs more than it does

// The slope of max(x, 0) or of min(max(x, 0), max), from the output.
at::Tensor PlainGradient(const at::Tensor& g, const at::Tensor& y,
                         const Activation& activation) {
  if (activation.kind == Activation::kRelu)
    return at::threshold_backward(g, y, 0);
  return at::hardtanh_backward(g, y, 0, activation.max);
}

// Elements from one pixel to the next of a [N,C,H,W] whose pixels follow each
// other with neighbouring channels, whole or a slice of more channels; 0 if it
// is laid out otherwise.
int64_t PixelStride(const at::Tensor& x) {
  if (x.dim() != 4 || (x.size(1) > 1 && x.stride(1) != 1)) return 0;
  const int64_t stride = x.size(3) > 1   ? x.stride(3)
                         : x.size(2) > 1 ? x.stride(2)
                                         : x.size(1);
  const bool rows_follow = x.size(2) < 2 || x.stride(2) == x.size(3) * stride;
  const bool items_follow =
      x.size(0) < 2 || x.stride(0) == x.size(2) * x.size(3) * stride;
  return rows_follow && items_follow && stride >= x.size(1) ? stride : 0;
}

// The plain or redirected gradient in one pass; false where the kernel does not
// take the layout.
bool GateByKernel(const at::Tensor& g, const at::Tensor& y,
                  const Activation& activation, bool redirect,
                  at::Tensor* out) {
  const at::ScalarType type = y.scalar_type();
  if (!y.device().is_cpu() || (type != at::kFloat && type != at::kBFloat16))
    return false;
  if (g.scalar_type() != type || out->scalar_type() != type || y.numel() == 0)
    return false;
  GateParams p;
  p.g_stride = PixelStride(g), p.y_stride = PixelStride(y),
  p.out_stride = PixelStride(*out);
  if (p.g_stride == 0 || p.y_stride == 0 || p.out_stride == 0) return false;
  p.items = y.size(0), p.pixels = y.size(2) * y.size(3), p.channels = y.size(1);
  p.max = activation.kind == Activation::kClip
              ? static_cast<float>(activation.max)
              : std::numeric_limits<float>::infinity();
  p.redirect = redirect;
  p.threads = y.numel() > kShareElements ? AvailableThreads() : 1;
  if (type == at::kFloat) {
    GateGradient(p, g.const_data_ptr<float>(), y.const_data_ptr<float>(),
                 out->data_ptr<float>());
  } else {
    GateGradient(p, static_cast<const Bf16*>(g.const_data_ptr()),
                 static_cast<const Bf16*>(y.const_data_ptr()),
                 static_cast<Bf16*>(out->data_ptr()));
  }
  return true;
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
                              const Activation& activation,
                              const OpOptions& options) {
  if (activation.kind == Activation::kNone || options.linear_relu) return g;
  if (g.sizes() == y.sizes()) {
    at::Tensor gated = at::empty_like(y);
    if (GateByKernel(g, y, activation, current_step_context.redirect_relu,
                     &gated))
      return gated;
  }
  at::Tensor plain = PlainGradient(g, y, activation);
  // An item is a row of a batch; a vector has none.
  if (!current_step_context.redirect_relu || y.dim() < 2 || y.numel() == 0)
    return plain;
  const at::Tensor alive = plain.abs().flatten(1).amax(1).gt(0);
  std::vector<int64_t> shape(y.dim(), 1);
  shape[0] = y.size(0);
  return at::where(alive.view(shape), plain,
                   RedirectedGradient(g, y, activation));
}

void WriteActivationGradient(const at::Tensor& g, const at::Tensor& y,
                             const Activation& activation,
                             const OpOptions& options, at::Tensor* out) {
  const bool gates =
      activation.kind != Activation::kNone && !options.linear_relu;
  if (gates &&
      GateByKernel(g, y, activation, current_step_context.redirect_relu, out))
    return;
  const bool plain =
      !options.linear_relu && !current_step_context.redirect_relu;
  if (plain && activation.kind == Activation::kRelu) {
    at::threshold_backward_out(*out, g, y, 0);
  } else if (plain && activation.kind == Activation::kClip) {
    at::hardtanh_backward_out(*out, g, y, 0, activation.max);
  } else {
    out->copy_(ActivationGradient(g, y, activation, options));
  }
}

at::Tensor Activate(const at::Tensor& x, const Activation& activation,
                    const OpOptions& options) {
  const at::Tensor y = [&] {
    at::NoGradGuard no_grad;
    return activation.kind == Activation::kClip
               ? at::clamp(x, 0, activation.max)
               : at::relu(x);
  }();
  if (Records({x})) {
    SetBackward({x}, {y},
                [y = y.detach(), activation, options](const auto& grads) {
                  return std::vector<at::Tensor>{
                      ActivationGradient(grads[0], y, activation, options)};
                });
  }
  return y;
}

}  // namespace phosphene::onnx
