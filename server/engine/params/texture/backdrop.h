#pragma once

#include <cstdint>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What is behind the object in the views of a step.
class Backdrops {
 public:
  // `image` [1,3,H,W] f32 0..1 is that of an IMAGE background, else undefined.
  Backdrops(v1::TextureParameterization::Background kind, at::Tensor image,
            uint64_t seed)
      : kind_(kind), image_(std::move(image)), seed_(seed) {}

  // No background is put behind: the image keeps the coverage as alpha.
  bool open() const { return kind_ == v1::TextureParameterization::OPEN; }
  // [1 or views,3,height or 1,width or 1] f32 0..1 on `device`; view v of a
  // step is a pure function of seed, step and v.
  at::Tensor Draw(int64_t step, int64_t views, int64_t height, int64_t width,
                  at::Device device) const;
  // What a finished picture stands before: of random ones their mean.
  at::Tensor Still(int64_t height, int64_t width, at::Device device) const;

 private:
  at::Tensor Constant(double value, at::Device device) const;

  v1::TextureParameterization::Background kind_;
  at::Tensor image_;
  uint64_t seed_;
};

}  // namespace phosphene
