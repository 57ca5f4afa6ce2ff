// Backgrounds of views: constant, random anew for each view, or a picture.
#include "server/engine/params/texture/backdrop.h"

#include <vector>

#include "server/engine/params/natural_noise.h"
#include "server/engine/params/resize.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

using Texture = v1::TextureParameterization;

constexpr double kGrey = .5;
// As the transform random_background has them by default (lucid's fft_image).
constexpr double kNoiseSd = .2;
constexpr double kNoiseDecay = 1.5;

}  // namespace

at::Tensor Backdrops::Constant(double value, at::Device device) const {
  return at::full({1, 3, 1, 1}, value,
                  at::TensorOptions(at::kFloat).device(device));
}

at::Tensor Backdrops::Draw(int64_t step, int64_t views, int64_t height,
                           int64_t width, at::Device device) const {
  if (kind_ != Texture::RANDOM_COLOR && kind_ != Texture::RANDOM_FOURIER)
    return Still(height, width, device);
  std::vector<at::Tensor> drawn;
  for (int64_t view = 0; view < views; ++view) {
    const Rng rng(seed_, RngStream::kBackground, step,
                  static_cast<uint32_t>(view));
    drawn.push_back(
        kind_ == Texture::RANDOM_COLOR
            ? rng.UniformTensor({3, 1, 1})
            : NaturalNoise(rng, height, width, kNoiseSd, kNoiseDecay));
  }
  return at::stack(drawn).to(device);
}

at::Tensor Backdrops::Still(int64_t height, int64_t width,
                            at::Device device) const {
  switch (kind_) {
    case Texture::WHITE:
      return Constant(1, device);
    case Texture::GREY:
    case Texture::RANDOM_COLOR:
    case Texture::RANDOM_FOURIER:
      return Constant(kGrey, device);
    case Texture::IMAGE:
      return ResizeImage(image_, height, width);
    default:
      return Constant(0, device);
  }
}

}  // namespace phosphene
