#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "google/protobuf/text_format.h"
#include "server/engine/params/interface.h"
#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/torch_pch.h"
#include "tests/support/status_matchers.h"

namespace phosphene {

inline v1::Parameterization ParamSpec(const std::string& text) {
  v1::Parameterization spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec))
      << text;
  return spec;
}

inline ParamContext ContextOf(const v1::Parameterization& spec,
                              uint64_t seed = 7) {
  ParamContext context;
  context.canvas = CanvasOf(spec);
  context.seed = seed;
  return context;
}

// A checked spec, made.
inline std::unique_ptr<Param> MakeOrDie(const v1::Parameterization& spec,
                                        uint64_t seed = 7) {
  EXPECT_OK(CheckParam(spec, "p"));
  auto param = MakeParam(spec, ContextOf(spec, seed));
  EXPECT_OK(param);
  return param.ok() ? std::move(*param) : nullptr;
}
inline std::unique_ptr<Param> MakeOrDie(const std::string& text,
                                        uint64_t seed = 7) {
  return MakeOrDie(ParamSpec(text), seed);
}

// Fixed numbers of any shape: N(0,1), and smooth images in 0.1..0.9.
inline at::Tensor Noise(at::IntArrayRef shape, uint64_t seed = 99) {
  return Rng(seed, RngStream::kObjective).NormalTensor(shape);
}
inline at::Tensor SmoothImage(const Canvas& canvas, int64_t rows) {
  const at::Tensor coarse = Rng(5, RngStream::kObjective)
                                .UniformTensor({rows, canvas.channels, 5, 5});
  return at::upsample_bilinear2d(coarse, {canvas.height, canvas.width}, true) *
             .8 +
         .1;
}

// Every tensor moved by 0.1 * N(0,1): a state no start is in.
inline void Walk(Param& param) {
  const at::NoGradGuard no_grad;
  for (const ParamTensor& tensor : param.Tensors()) {
    at::Tensor(tensor.value).add_(Noise(tensor.value.sizes()), .1);
  }
}

inline std::map<std::string, at::Tensor> SaveTensors(Param& param) {
  std::map<std::string, at::Tensor> saved;
  for (const ParamTensor& tensor : param.Tensors()) {
    saved[tensor.name] = tensor.value.detach().clone();
  }
  return saved;
}

// Gradients of sum(image * weights) by tensor name.
inline std::map<std::string, at::Tensor> Gradients(Param& param,
                                                   const at::Tensor& weights) {
  for (const ParamTensor& tensor : param.Tensors()) {
    at::Tensor(tensor.value).mutable_grad() = at::Tensor();
  }
  (param.Image(0) * weights).sum().backward();
  std::map<std::string, at::Tensor> grads;
  for (const ParamTensor& tensor : param.Tensors())
    grads[tensor.name] = tensor.value.grad();
  return grads;
}

inline double Psnr(const at::Tensor& a, const at::Tensor& b) {
  const double error = (a - b).to(at::kDouble).square().mean().item<double>();
  return error == 0 ? 200 : -10 * std::log10(error);
}

}  // namespace phosphene
