#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/torch_pch.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {

using TransformList = google::protobuf::RepeatedPtrField<v1::Transform>;

// Uniform noise, [n,c,h,w].
inline at::Tensor NoisePicture(int64_t n, int64_t c, int64_t h, int64_t w,
                               uint64_t seed = 1) {
  return Rng(seed, RngStream::kInit).UniformTensor({n, c, h, w});
}

// The transform of one arm; fails loudly where it is not built in.
inline std::unique_ptr<ImageTransform> MakeTransform(
    const v1::Transform& spec) {
  const TransformKind* kind = FindTransformKind(spec);
  TORCH_CHECK(kind != nullptr, "no kind for ", spec.ShortDebugString());
  auto made = kind->make(spec);
  TORCH_CHECK(made.ok(), made.status().ToString());
  return *std::move(made);
}

// Transforms from their proto text; fails loudly where one does not parse.
inline TransformList Parse(const std::vector<std::string>& texts) {
  TransformList out;
  for (const std::string& text : texts) {
    TORCH_CHECK(google::protobuf::TextFormat::ParseFromString(text, out.Add()),
                text);
  }
  return out;
}

inline TransformList ListOf(std::initializer_list<v1::Transform> transforms) {
  TransformList out;
  for (const v1::Transform& transform : transforms) *out.Add() = transform;
  return out;
}

inline v1::Transform PresetOf(v1::PresetTransform::Name name) {
  v1::Transform out;
  out.mutable_preset()->set_name(name);
  return out;
}

inline std::unique_ptr<TransformChain> MakeChain(const TransformList& list,
                                                 int64_t height,
                                                 int64_t width) {
  auto made = TransformChain::Make(list, height, width);
  TORCH_CHECK(made.ok(), made.status().ToString());
  return *std::move(made);
}

// Applies the flattened list transform by transform, nothing fused.
inline at::Tensor OneByOne(const TransformList& list, const at::Tensor& image,
                           uint64_t seed, int64_t step) {
  at::Tensor out = image;
  uint32_t position = 0;
  for (const v1::Transform& spec :
       FlattenTransforms(list, image.size(2), image.size(3))) {
    out = MakeTransform(spec)->Apply(out, {seed, step, position++});
  }
  return out;
}

}  // namespace phosphene
