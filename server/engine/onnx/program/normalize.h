#pragma once

#include "phosphene/v1/model.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Turns images into a network's input by a ModelConfig:
//   (lo + image * (hi - lo) - mean) / std, channels in the stated order.
// Immutable, thread-safe.
class Normalizer {
 public:
  // REQUIRES: a completed config; channels >= 1.
  Normalizer(const v1::ModelConfig& config, int64_t channels, at::Device device,
             at::ScalarType type);

  // [N,C,H,W] f32 0..1 to the network's type, channels_last. Differentiable.
  at::Tensor Apply(const at::Tensor& image) const;

 private:
  at::Tensor Scaled(const at::Tensor& image) const;

  at::ScalarType type_;
  bool reversed_ = false;     // BGR
  at::Tensor scale_, shift_;  // [1,C,1,1] f32, in the network's channel order
};

}  // namespace phosphene::onnx
