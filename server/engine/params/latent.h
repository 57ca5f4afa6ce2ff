#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/params/interface.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What most parameterizations are made of: optimized tensors and a linear map
// from them to values before colour, [rows,C,H,W] f32 of any range. MakeColored
// (colored.h) turns one into a Param. Confined to a thread.
class Latent {
 public:
  virtual ~Latent() = default;
  virtual std::vector<ParamTensor> Tensors() = 0;
  // [rows,C,H,W] f32, contiguous, with gradient.
  virtual at::Tensor Values() = 0;
  // Makes Values() equal `values` [rows,C,H,W]; UNIMPLEMENTED where no tensors
  // do.
  virtual absl::Status Set(const at::Tensor& values) = 0;
};

// What a latent is made from.
struct LatentContext {
  Canvas canvas;
  uint64_t seed = 0;
  at::Device device = at::kCPU;
  uint32_t first_draw = 0;  // number of its first tensor among the Param's

  static LatentContext Of(const ParamContext& context,
                          uint32_t first_draw = 0) {
    return {context.canvas, context.seed, context.device, first_draw};
  }
};

// A leaf [rows,shape...] f32 ~ N(0, sd) that requires gradient: row r from
// RowSeed(seed, r), so it is what row r alone would start from. `draw` is the
// tensor's number within the latent.
at::Tensor RandomRows(const LatentContext& context, at::IntArrayRef shape,
                      uint32_t draw, double sd);
// Likewise [shape...], drawn once for all rows: a shared tensor.
at::Tensor RandomShared(const LatentContext& context, at::IntArrayRef shape,
                        uint32_t draw, double sd);

// The latents that other arms hold too (stack, rgba, texture).
std::unique_ptr<Latent> MakePixelLatent(const v1::PixelParameterization& spec,
                                        const LatentContext& context);
std::unique_ptr<Latent> MakeFourierLatent(
    const v1::FourierParameterization& spec, const LatentContext& context);
std::unique_ptr<Latent> MakeLaplacianLatent(
    const v1::LaplacianParameterization& spec, const LatentContext& context);

// The latent of a message with arms pixel, fourier and laplacian; nullptr when
// none is set.
template <typename Spec>
std::unique_ptr<Latent> MakeLatent(const Spec& spec,
                                   const LatentContext& context) {
  if (spec.has_pixel()) return MakePixelLatent(spec.pixel(), context);
  if (spec.has_fourier()) return MakeFourierLatent(spec.fourier(), context);
  if (spec.has_laplacian())
    return MakeLaplacianLatent(spec.laplacian(), context);
  return nullptr;
}

// The kind whose name the set arm of a message's oneof `base` has.
const ParamKind* BaseKind(const google::protobuf::Message& spec);

}  // namespace phosphene
