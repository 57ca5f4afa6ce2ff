#pragma once

#include <memory>
#include <optional>

#include "phosphene/v1/job.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

class WeightCache;

// How a program is made and how its backward pass behaves.
struct OpOptions {
  at::Device device = at::kCPU;
  // The type all f32, f16 and bf16 values are computed in; unset: each as the
  // graph says (then outputs have exactly the types ONNX asks for).
  std::optional<at::ScalarType> float_type;
  v1::GradientOverrides::MaxPoolGradient max_pool = v1::GradientOverrides::MAX;
  bool linear_relu = false;
};

}  // namespace phosphene::onnx
