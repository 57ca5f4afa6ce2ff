// Convolutions with constant weights, and the gradient of their input alone.

#include "server/engine/onnx/ops/shared/conv.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

constexpr auto kLayout = at::MemoryFormat::ChannelsLast;

at::Tensor ChannelsLast(const at::Tensor& x) {
  const Widened wide;  // elements are moved
  return x.contiguous(kLayout);
}

Window Unpadded(Window window) {
  std::fill(window.pad_begin.begin(), window.pad_begin.end(), 0);
  std::fill(window.pad_end.begin(), window.pad_end.end(), 0);
  return window;
}

// Of grouped convolutions; undefined where none has one.
at::Tensor JoinBiases(const std::vector<at::Tensor>& weights,
                      const std::vector<at::Tensor>& biases) {
  const bool any =
      std::any_of(biases.begin(), biases.end(),
                  [](const at::Tensor& bias) { return bias.defined(); });
  if (!any) return {};
  Tensors parts;
  for (size_t i = 0; i < weights.size(); ++i) {
    parts.push_back(biases[i].defined() ? biases[i]
                                        : at::zeros({weights[i].size(0)},
                                                    weights[i].options()));
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

}  // namespace

FrozenConv::FrozenConv(const OpInit& init,
                       const std::vector<at::Tensor>& weights,
                       const std::vector<at::Tensor>& biases,
                       std::vector<Activation> activations)
    : options_(init.options),
      window_(ReadWindow(init, weights[0].sizes().slice(2).vec())),
      group_(init.Int("group", 1)),
      activations_(std::move(activations)),
      packed_([this] { return weight_; }, group_),
      packed_flipped_([this] { return FlippedWeight(); }, group_) {
  for (size_t i = 0; i < weights.size(); ++i) {
    channels_.push_back(weights[i].size(0));
    if (biases[i].defined() &&
        (biases[i].dim() != 1 || biases[i].size(0) != channels_[i])) {
      init.Fail("has a bias that does not fit its weight");
    }
  }
  weight_ =
      (weights.size() == 1 ? weights[0] : at::cat(weights)).contiguous(kLayout);
  if (group_ < 1 || weight_.numel() == 0 || weight_.size(0) % group_ != 0) {
    init.Fail(absl::StrCat("has group ", group_, ", which does not divide its ",
                           weight_.size(0), " filters"));
  }
  bias_ = JoinBiases(weights, biases);
  packs_ = options_.device.is_cpu() && OneDnnConvolves(weight_.scalar_type());
}

at::Tensor FrozenConv::Forward(const at::Tensor& x, const Window& window,
                               const Activation& activation) {
  if (packs_) {
    return packed_.Convolve(x, bias_, window, activation);
  }
  const auto bias = bias_.defined() ? std::make_optional(bias_) : std::nullopt;
  at::Tensor y =
      at::convolution(x, weight_, bias, window.stride, window.pad_begin,
                      window.dilation, false, {0, 0}, group_);
  ActivateInPlace(activation, &y);
  return y;
}

at::Tensor FrozenConv::FlippedWeight() const {
  // Per group: [g,O/g,I/g,kh,kw] -> [I,O/g,kh,kw], turned by 180 degrees.
  const int64_t out = weight_.size(0) / group_, in = weight_.size(1);
  return weight_.contiguous()
      .view({group_, out, in, weight_.size(2), weight_.size(3)})
      .transpose(1, 2)
      .reshape({group_ * in, out, weight_.size(2), weight_.size(3)})
      .flip({2, 3})
      .contiguous(kLayout);
}

// Stride 1: a forward convolution with flipped weights. Larger strides: a phase
// of pixels at a time where that is faster. Else ATen's.
at::Tensor FrozenConv::InputGradient(const at::Tensor& g, const Window& window,
                                     at::IntArrayRef x_sizes) {
  Window back = window;
  bool forward_possible = packs_;
  for (size_t i = 0; i < window.rank(); ++i) {
    back.pad_begin[i] = back.pad_end[i] =
        window.Extent(i) - 1 - window.pad_begin[i];
    forward_possible =
        forward_possible && window.stride[i] == 1 && back.pad_begin[i] >= 0;
  }
  if (forward_possible) {
    return packed_flipped_.Convolve(g, {}, back, {});
  }
  if (packs_ && PhaseGradient::Suits(weight_, window, group_)) {
    std::call_once(phases_once_, [&] { phases_.emplace(weight_, window); });
    return phases_->Run(g, x_sizes);
  }
  return AtenInputGradient(g, window, x_sizes);
}

at::Tensor FrozenConv::AtenInputGradient(const at::Tensor& g,
                                         const Window& window,
                                         at::IntArrayRef x_sizes) const {
  const auto run = [&](const at::Tensor& grad, const at::Tensor& weight) {
    // Its sizes and type are read.
    const at::Tensor input =
        at::empty(x_sizes, grad.options().memory_format(kLayout));
    return std::get<0>(at::convolution_backward(
        grad, input, weight, std::nullopt, window.stride, window.pad_begin,
        window.dilation, false, {0, 0}, group_, {true, false, false}));
  };
  if (!g.is_cpu() || AvailableThreads() == 1) return run(g, weight_);
  ThreadTrust::Key key = ConvolutionKey(g, weight_.size(0), window, group_);
  key.insert(key.end(), x_sizes.begin(), x_sizes.end());
  const auto as = [&](ThreadTrust::Way way, const at::Tensor& grad,
                      const at::Tensor& weight) -> at::Tensor {
    if (way == ThreadTrust::Way::kPieces) return {};
    if (way == ThreadTrust::Way::kTogether) {
      const Widened wide;
      return run(grad, weight);
    }
    const OneThread alone;
    return run(grad, weight);
  };
  const auto way = ThreadTrust::Global().For(key, [&]() -> ThreadTrust::Trial {
    return [&as, noise = TrialNoise(g), weight = TrialNoise(weight_)](
               ThreadTrust::Way way) { return as(way, noise, weight); };
  });
  return as(way, g, weight_);
}

at::Tensor FrozenConv::JoinGradients(const Tensors& grads,
                                     const at::Tensor& whole) const {
  // Where gates are composed of ATen's operations, they choose and move.
  const Widened wide;
  at::Tensor joined = at::empty_like(whole);
  int64_t first = 0;
  for (size_t i = 0; i < grads.size(); ++i) {
    at::Tensor part = joined.narrow(1, first, channels_[i]);
    const at::Tensor y = whole.narrow(1, first, channels_[i]);
    first += channels_[i];
    if (!grads[i].defined()) {
      part.zero_();
    } else {
      WriteActivationGradient(grads[i], y, activations_[i], options_, &part);
    }
  }
  return joined;
}

Tensors FrozenConv::Run(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4, "an input of 4 axes [N,C,H,W] is needed, not ",
              x.dim());
  TORCH_CHECK(x.size(1) == weight_.size(1) * group_, "the input has ",
              x.size(1), " channels where ", weight_.size(1) * group_,
              " are needed");
  Window window = WithPads(window_, SpatialSizes(x));
  for (size_t i = 0; i < 2; ++i) window.OutputSize(i, x.size(2 + i));
  at::Tensor padded = x;
  if (!window.SymmetricPads()) {
    padded = at::constant_pad_nd(x, PadList(window), 0);
    window = Unpadded(window);
  }
  Tensors outputs;
  at::Tensor whole;
  {
    at::NoGradGuard no_grad;
    whole = Forward(ChannelsLast(padded.detach()), window, activations_[0]);
    int64_t first = 0;
    for (int64_t channels : channels_) {
      outputs.push_back(
          channels_.size() == 1 ? whole : whole.narrow(1, first, channels));
      first += channels;
    }
  }
  if (Records({padded})) {
    // The slices' own views of `whole`, so that the graph does not hold itself.
    for (at::Tensor& output : outputs) output = output.detach();
    SetBackward(
        {padded}, outputs,
        [self = shared_from_this(), whole = whole.detach(), window,
         sizes = padded.sizes().vec()](const Tensors& grads) -> Tensors {
          return {self->InputGradient(self->JoinGradients(grads, whole), window,
                                      sizes)};
        });
  }
  return outputs;
}

}  // namespace phosphene::onnx
