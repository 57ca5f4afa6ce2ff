// Max pooling with the gradient a job asks for: of the maximum or smoothed.

#include "server/engine/onnx/ops/shared/max_pool.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

bool KernelTakes(const at::Tensor& x, const Window& window) {
  return x.device().is_cpu() && x.dim() == 4 && window.rank() == 2 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         window.kernel[0] * window.kernel[1] <= 256;
}

// The window and the image as the kernels take them.
MaxPoolParams ParamsFor(const at::Tensor& x, const Window& window) {
  MaxPoolParams p;
  p.batch = x.size(0), p.channels = x.size(1), p.height = x.size(2),
  p.width = x.size(3);
  p.out_height = window.OutputSize(0, p.height);
  p.out_width = window.OutputSize(1, p.width);
  p.kernel_h = window.kernel[0], p.kernel_w = window.kernel[1];
  p.stride_h = window.stride[0], p.stride_w = window.stride[1];
  p.dilation_h = window.dilation[0], p.dilation_w = window.dilation[1];
  p.pad_top = window.pad_begin[0], p.pad_left = window.pad_begin[1];
  p.threads = AvailableThreads();
  return p;
}

// winner is undefined unless a gradient will be asked for.
at::Tensor ForwardByKernel(const MaxPoolParams& p, const at::Tensor& x,
                           at::Tensor* winner) {
  at::Tensor y = at::empty({p.batch, p.channels, p.out_height, p.out_width},
                           x.options().memory_format(kLayout));
  uint8_t* numbers = nullptr;
  if (winner != nullptr) {
    *winner = at::empty({p.batch * p.out_height * p.out_width * p.channels},
                        at::kByte);
    numbers = winner->data_ptr<uint8_t>();
  }
  if (x.scalar_type() == at::kFloat) {
    MaxPoolForward(p, x.const_data_ptr<float>(), y.data_ptr<float>(), numbers);
  } else {
    MaxPoolForward(p, static_cast<const Bf16*>(x.const_data_ptr()),
                   static_cast<Bf16*>(y.data_ptr()), numbers);
  }
  return y;
}

at::Tensor BackwardByKernel(const MaxPoolParams& p, const at::Tensor& grad,
                            const at::Tensor& winner) {
  const at::Tensor g = grad.contiguous(kLayout);
  at::Tensor dx = at::empty({p.batch, p.channels, p.height, p.width},
                            g.options().memory_format(kLayout));
  const uint8_t* numbers = winner.const_data_ptr<uint8_t>();
  if (g.scalar_type() == at::kFloat) {
    MaxPoolBackward(p, g.const_data_ptr<float>(), numbers,
                    dx.data_ptr<float>());
  } else {
    MaxPoolBackward(p, static_cast<const Bf16*>(g.const_data_ptr()), numbers,
                    static_cast<Bf16*>(dx.data_ptr()));
  }
  return dx;
}

// ATen's pooling after explicit padding, which takes what the kernels do not.
at::Tensor ByAten(const at::Tensor& x, const Window& window) {
  const at::Scalar least =
      at::isFloatingType(x.scalar_type())
          ? at::Scalar(-std::numeric_limits<float>::infinity())
          : at::Scalar(x.scalar_type() == at::kByte ? 0 : -128);
  const at::Tensor padded =
      at::constant_pad_nd(x, PadList(Covering(window, SpatialSizes(x))), least);
  const std::vector<int64_t> none(window.rank(), 0);
  // ATen has no integer pooling on CPU; 8-bit values are exact in f32.
  const bool whole_numbers = !at::isFloatingType(x.scalar_type());
  const at::Tensor in = whole_numbers ? padded.to(at::kFloat) : padded;
  at::Tensor y;
  if (window.rank() == 1) {
    y = at::max_pool1d(in, window.kernel, window.stride, none, window.dilation);
  } else if (window.rank() == 2) {
    y = at::max_pool2d(in, window.kernel, window.stride, none, window.dilation);
  } else {
    y = at::max_pool3d(in, window.kernel, window.stride, none, window.dilation);
  }
  return whole_numbers ? y.to(x.scalar_type()) : y;
}

// avg over a window's elements inside the image.
at::Tensor WindowMean(const at::Tensor& x, const Window& window) {
  const at::Tensor inside =
      Windows(at::ones_like(x.detach().slice(0, 0, 1).slice(1, 0, 1)), window,
              0)
          .sum(-1);
  return Windows(x, window, 0).sum(-1) / inside;
}

// Gradient of the smooth stand-in for the maximum, by autograd.
at::Tensor SmoothedGradient(const at::Tensor& grad, const at::Tensor& x,
                            const Window& window, bool l2) {
  at::AutoGradMode record(true);
  const at::Tensor input = x.detach().requires_grad_(true);
  // 0.01 keeps the quotient's gradient finite at zero; lucid's constant.
  const at::Tensor y = l2 ? WindowMean(input * input, window) /
                                (WindowMean(input.abs(), window) + 0.01)
                          : WindowMean(input, window);
  return torch::autograd::grad({y}, {input}, {grad})[0];
}

// Index of each window's first largest element in the flattened input, through
// all rows and channels.
at::Tensor Winners(const at::Tensor& x, const Window& window,
                   bool column_major) {
  at::NoGradGuard no_grad;
  const at::Tensor in = x.detach().to(at::kDouble);
  const at::Tensor at_window =
      Windows(in, window, -std::numeric_limits<double>::infinity())
          .argmax(-1)
          .cpu();
  // The same windows over each element's own index tell where winners lie.
  at::Tensor index = at::arange(x.numel() / (x.size(0) * x.size(1)), at::kLong);
  const at::IntArrayRef sizes = SpatialSizes(x);
  if (column_major) {
    std::vector<int64_t> reversed(sizes.rbegin(), sizes.rend());
    std::vector<int64_t> axes(sizes.size());
    for (size_t i = 0; i < axes.size(); ++i)
      axes[i] = static_cast<int64_t>(axes.size() - 1 - i);
    index = index.view(reversed).permute(axes);
  } else {
    index = index.view(sizes);
  }
  std::vector<int64_t> every = x.sizes().slice(0, 2).vec();
  const at::Tensor places = Windows(index.unsqueeze(0).unsqueeze(0), window, 0);
  every.insert(every.end(), places.sizes().begin() + 2, places.sizes().end());
  at::Tensor winners =
      places.expand(every).gather(-1, at_window.unsqueeze(-1)).squeeze(-1);
  // Indices count through the whole tensor, not through one channel.
  const int64_t area = index.numel();
  const at::Tensor base = at::arange(x.size(0) * x.size(1), at::kLong) * area;
  std::vector<int64_t> shape(x.dim(), 1);
  shape[0] = x.size(0), shape[1] = x.size(1);
  return winners + base.view(shape);
}

}  // namespace

at::Tensor MaxPool(const at::Tensor& x, const Window& window,
                   const OpOptions& options) {
  const bool smoothed = options.max_pool == v1::GradientOverrides::AVERAGE ||
                        options.max_pool == v1::GradientOverrides::L2;
  const bool records = Records({x});
  const bool kernel = KernelTakes(x, window);
  if (!kernel && !(records && smoothed)) return ByAten(x, window);
  at::Tensor y, winner;
  MaxPoolParams params;
  {
    at::NoGradGuard no_grad;
    if (kernel) {
      params = ParamsFor(x, window);
      const bool keep = records && !smoothed;
      y = ForwardByKernel(params, x.detach().contiguous(kLayout),
                          keep ? &winner : nullptr);
    } else {
      y = ByAten(x.detach(), window);
    }
  }
  if (!records) return y;
  if (smoothed) {
    const bool l2 = options.max_pool == v1::GradientOverrides::L2;
    SetBackward({x}, {y},
                [x = x.detach(), window, l2](const Tensors& grads) -> Tensors {
                  return {SmoothedGradient(grads[0], x, window, l2)};
                });
  } else {
    SetBackward({x}, {y}, [params, winner](const Tensors& grads) -> Tensors {
      MaxPoolParams p = params;
      p.threads = AvailableThreads();
      return {BackwardByKernel(p, grads[0], winner)};
    });
  }
  return y;
}

Tensors MaxPoolWithIndices(const at::Tensor& x, const Window& window,
                           bool column_major) {
  TORCH_CHECK(x.numel() > 0, "an empty input has no largest elements");
  const at::Tensor winners = Winners(x, window, false);
  // Picked, so that gradients find their way back.
  const at::Tensor y = x.reshape(-1)
                           .index_select(0, winners.reshape(-1).to(x.device()))
                           .view(winners.sizes());
  return {y, column_major ? Winners(x, window, true) : winners};
}

}  // namespace phosphene::onnx
