// Local response normalization (Krizhevsky, Sutskever & Hinton 2012, 3.3).

#include <algorithm>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

LrnParams Sized(LrnParams p, const at::Tensor& x) {
  p.channels = x.size(1);
  p.pixels = x.numel() / std::max<int64_t>(p.channels, 1);
  p.threads = AvailableThreads();
  return p;
}

at::Tensor KernelLrn(const LrnParams& p, const at::Tensor& x) {
  at::Tensor y = at::empty_like(x);
  if (x.scalar_type() == at::kFloat) {
    LrnForward(p, x.const_data_ptr<float>(), y.data_ptr<float>());
  } else {
    LrnForward(p, static_cast<const Bf16*>(x.const_data_ptr()),
               static_cast<Bf16*>(y.data_ptr()));
  }
  return y;
}

at::Tensor KernelLrnGradient(const LrnParams& p, const at::Tensor& x,
                             const at::Tensor& g) {
  at::Tensor dx = at::empty_like(x);
  if (x.scalar_type() == at::kFloat) {
    LrnBackward(p, x.const_data_ptr<float>(), g.const_data_ptr<float>(),
                dx.data_ptr<float>());
  } else {
    LrnBackward(p, static_cast<const Bf16*>(x.const_data_ptr()),
                static_cast<const Bf16*>(g.const_data_ptr()),
                static_cast<Bf16*>(dx.data_ptr()));
  }
  return dx;
}

// For each channel the sum over `before` channels before it to `after` behind
// it, in the memory format it has.
at::Tensor ChannelSums(const at::Tensor& x, int64_t before, int64_t after) {
  std::vector<int64_t> pads(2 * static_cast<size_t>(x.dim() - 1), 0);
  pads[pads.size() - 2] = before;
  pads[pads.size() - 1] = after;
  const at::Tensor padded = at::constant_pad_nd(x, pads, 0);
  at::Tensor sum = padded.narrow(1, 0, x.size(1));
  for (int64_t j = 1; j <= before + after; ++j)
    sum = sum + padded.narrow(1, j, x.size(1));
  return sum;
}

// Any type, rank and device, by sums over shifted channels: with its gradient
// about half as many operations as autograd would take.
at::Tensor ComposedLrn(const LrnParams& p, const at::Tensor& x) {
  const int64_t before = (p.size - 1) / 2, after = p.size - 1 - before;
  const double scale = p.alpha / static_cast<double>(p.size), beta = p.beta;
  const at::Tensor input = x.detach();
  at::Tensor y, base, factor;
  {
    const at::NoGradGuard no_grad;
    base = ChannelSums(input * input, before, after) * scale + p.bias;
    factor = base.pow(-beta);
    y = input * factor;
  }
  if (Records({x})) {
    SetBackward({x}, {y}, [=](const Tensors& grads) -> Tensors {
      const at::Tensor direct = grads[0] * factor;
      // What a channel adds to the sums of those around it comes back.
      const at::Tensor around =
          ChannelSums(direct * input / base, after, before);
      return {at::addcmul(direct, input, around, -2 * scale * beta)};
    });
  }
  return y;
}

// y_c = x_c / (bias + alpha/size sum of x^2 over `size` channels around
// c)^beta.
at::Tensor Lrn(const LrnParams& params, const at::Tensor& x) {
  TORCH_CHECK(x.dim() >= 2, "an input of at least 2 axes [N,C,...] is needed");
  const bool kernel =
      x.device().is_cpu() && x.dim() == 4 &&
      (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (!kernel) return ComposedLrn(params, x);
  const at::Tensor input = x.detach().contiguous(kLayout);
  const at::Tensor y = KernelLrn(Sized(params, input), input);
  if (Records({x})) {
    SetBackward({x}, {y}, [params, input](const Tensors& grads) -> Tensors {
      return {KernelLrnGradient(Sized(params, input), input,
                                grads[0].contiguous(kLayout))};
    });
  }
  return y;
}

}  // namespace

OpRun PrepareLRN(const OpInit& init) {
  init.NeedInputs(1, 1);
  LrnParams p;
  p.size = init.Int("size", 0);
  if (p.size < 1 || p.size > 4096) init.Fail("has a size outside of 1..4096");
  p.alpha = static_cast<float>(init.Float("alpha", 1e-4));
  p.beta = static_cast<float>(init.Float("beta", 0.75));
  p.bias = static_cast<float>(init.Float("bias", 1));
  return [p](const Tensors& in) { return Tensors{Lrn(p, in[0])}; };
}

}  // namespace phosphene::onnx
