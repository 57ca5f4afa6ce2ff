// Colours of one image by mean and covariance of another. Source: Gatys et al.
// 2016, linear transfer.
#include "server/engine/objectives/shared/color_transfer.h"

namespace phosphene {
namespace {

// Of 0..1 values: a grey image has no variance across its greys.
constexpr double kLeastVariance = 1e-5;

struct Colors {
  at::Tensor pixels;      // [C,n] f64, mean taken off
  at::Tensor mean;        // [C,1]
  at::Tensor covariance;  // [C,C]
};

Colors ColorsOf(const at::Tensor& image) {
  Colors out;
  const at::Tensor all = image[0].flatten(1).to(at::kDouble);
  out.mean = all.mean(1, /*keepdim=*/true);
  out.pixels = all - out.mean;
  out.covariance = at::mm(out.pixels, out.pixels.t()) / all.size(1);
  return out;
}

// covariance^exponent.
at::Tensor MatrixPower(const at::Tensor& covariance, double exponent) {
  const auto [values, vectors] = at::linalg_eigh(covariance);
  const at::Tensor powers = values.clamp_min(kLeastVariance).pow(exponent);
  return at::mm(vectors * powers.unsqueeze(0), vectors.t());
}

}  // namespace

at::Tensor WithColorsOf(const at::Tensor& image, const at::Tensor& colors) {
  const c10::NoGradGuard no_grad;
  const Colors own = ColorsOf(image), wanted = ColorsOf(colors);
  const at::Tensor map = at::mm(MatrixPower(wanted.covariance, .5),
                                MatrixPower(own.covariance, -.5));
  const at::Tensor pixels = at::mm(map, own.pixels) + wanted.mean;
  return pixels.clamp(0, 1).to(at::kFloat).view(image.sizes()).contiguous();
}

}  // namespace phosphene
