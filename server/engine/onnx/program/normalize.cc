// From images 0..1 to what a network was trained on.

#include "server/engine/onnx/program/normalize.h"

#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {

// (lo + image (hi - lo) - mean) / std as image * scale + shift.
Normalizer::Normalizer(const v1::ModelConfig& config, int64_t channels,
                       at::Device device, at::ScalarType type)
    : type_(type), reversed_(config.channel_order() == v1::ModelConfig::BGR) {
  const auto vector =
      [&](const google::protobuf::RepeatedField<double>& values) {
        const at::Tensor v = at::tensor(
            std::vector<double>(values.begin(), values.end()), at::kDouble);
        return v.expand({channels}).view({1, channels, 1, 1});
      };
  const at::Tensor mean = vector(config.mean()), std = vector(config.std());
  scale_ =
      ((config.range_hi() - config.range_lo()) / std).to(device, at::kFloat);
  shift_ = ((config.range_lo() - mean) / std).to(device, at::kFloat);
}

at::Tensor Normalizer::Scaled(const at::Tensor& image) const {
  const Widened wide;  // each operation rounds an element once
  at::Tensor out = at::empty(
      image.sizes(), image.options()
                         .dtype(at::kFloat)
                         .memory_format(at::MemoryFormat::ChannelsLast));
  at::mul_out(out, reversed_ ? image.flip(1) : image, scale_);
  out.add_(shift_);
  return out.to(type_);
}

at::Tensor Normalizer::Apply(const at::Tensor& image) const {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == scale_.size(1), "images of ",
              scale_.size(1), " channels [N,C,H,W] are needed, not ",
              image.sizes());
  at::Tensor out = [&] {
    at::NoGradGuard no_grad;
    return Scaled(image.detach());
  }();
  if (Records({image})) {
    SetBackward({image}, {out},
                [scale = scale_, reversed = reversed_](const auto& grads) {
                  const Widened wide;
                  const at::Tensor g =
                      at::mul(grads[0].to(at::kFloat), scale).contiguous();
                  return std::vector<at::Tensor>{reversed ? g.flip(1) : g};
                });
  }
  return out;
}

}  // namespace phosphene::onnx
