// From the image of an octave to the size of the next one.

#include "server/engine/optimize/enlarger.h"

#include "server/engine/params/resize.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// By its spectrum, so that no pixel is sharper than another. (Bilinear values
// are sharpest near the old pixels, in a comb whose peak lies on the edge.)
at::Tensor AlongAxis(const at::Tensor& image, int64_t axis, int64_t size) {
  const int64_t have = image.size(axis);
  if (have == size) return image;
  at::Tensor spectrum = at::fft_rfft(image, {}, axis);
  // The highest frequency stood for its mirror image too.
  if (have % 2 == 0) spectrum.select(axis, have / 2).mul_(.5);
  return at::fft_irfft(spectrum, size, axis)
      .mul_(static_cast<double>(size) / static_cast<double>(have));
}

// The colours of `image` to a power; alpha as it is.
at::Tensor ColorsToPower(const at::Tensor& image, double power) {
  at::Tensor out = image.clone();
  at::Tensor colors = image.size(1) == 4 ? out.narrow(1, 0, 3) : out;
  colors.clamp_(0, 1).pow_(power);
  return out;
}

}  // namespace

at::Tensor EnlargedAround(const at::Tensor& image, int64_t height,
                          int64_t width) {
  const at::NoGradGuard no_grad;
  return AlongAxis(AlongAxis(image.detach(), 2, height), 3, width).clamp_(0, 1);
}

Enlarger::Enlarger(const v1::JobSpec& spec)
    : as_light_(spec.optimizer().octaves().has_gamma()),
      gamma_(as_light_ ? spec.optimizer().octaves().gamma() : 1),
      wraps_(as_light_ && Wraps(spec.transforms())) {}

at::Tensor Enlarger::Render(Param& param, const Canvas& coarse,
                            const Canvas& canvas) const {
  if (!as_light_) return param.Render(canvas.height, canvas.width);
  return Resize(param.Render(coarse.height, coarse.width), canvas.height,
                canvas.width);
}

at::Tensor Enlarger::FinerThan(const Canvas& coarse,
                               const at::Tensor& image) const {
  return image - Resize(Resize(image, coarse.height, coarse.width),
                        image.size(2), image.size(3));
}

at::Tensor Enlarger::Resize(const at::Tensor& image, int64_t height,
                            int64_t width) const {
  if (!as_light_) return ResizeImage(image, height, width);
  const at::NoGradGuard no_grad;
  const at::Tensor light = ColorsToPower(image, gamma_);
  const bool grows = height >= image.size(2) && width >= image.size(3);
  return ColorsToPower(wraps_ && grows ? EnlargedAround(light, height, width)
                                       : ResizeImage(light, height, width),
                       1 / gamma_);
}

}  // namespace phosphene
