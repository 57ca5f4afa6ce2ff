#pragma once

#include <cstdint>
#include <string>

#include "phosphene/v1/model.pb.h"

namespace phosphene {

struct TinyOnnxOptions {
  uint64_t seed = 1;    // of the weights
  float last_bias = 0;  // of conv2; very negative: every ReLU after it is dead
  bool classifier = true;  // the part after relu2
};

// The bytes of a small convolutional network, opset 13, any batch and size from
// 8 x 8 on; values by name:
//   data [N,3,H,W] -> conv1 (8, 3x3) -> relu1 -> pool1 (max 2x2) -> conv2 (12,
//   3x3) -> relu2 -> gap -> flat -> logits (5) -> prob (softmax).
// Weights are seeded, of unit gain, so activations neither die nor explode.
std::string TinyOnnx(const TinyOnnxOptions& options = {});

// Range 0..1, mean 0.5, five labels.
v1::ModelConfig TinyConfig();

}  // namespace phosphene
