// The image's spectrum, scaled to equal energy per octave: image =
// irfft2(spectrum sqrt(W H) / max(f, 1/max(W,H))^decay) / 4. Source: lucid
// fft_image.
#include <cmath>

#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"
#include "server/engine/params/spectrum.h"
#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

constexpr double kDefaultSd = .01;
constexpr double kDefaultDecay = 1;
// Brings the start to the contrast that suits a sigmoid (lucid's constant).
constexpr double kContrast = 4;

// values = irfft2(spectrum * scale). The backward transform is written out:
// scale, norm and mirrored columns are one factor.
class ScaledIrfftFn : public torch::autograd::Function<ScaledIrfftFn> {
 public:
  // spectrum [N,C,H,columns,2]; scale, grad_scale [H,columns,1]; all f32.
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& spectrum, const at::Tensor& scale,
                            const at::Tensor& grad_scale, int64_t width) {
    ctx->save_for_backward({grad_scale});
    return SpectrumToImage(spectrum, scale, width);
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    return {
        ImageToSpectrum(grads[0], ctx->get_saved_variables()[0], Seam::kZero),
        {},
        {},
        {}};
  }
};

class FourierLatent : public Latent {
 public:
  FourierLatent(double sd, double decay, const LatentContext& context)
      : width_(context.canvas.width) {
    const int64_t height = context.canvas.height;
    const int64_t columns = SpectrumColumns(width_);
    spectrum_ = RandomRows(
        context, {context.canvas.channels, height, columns, 2}, /*draw=*/0, sd);
    const double pixels =
        static_cast<double>(width_) * static_cast<double>(height);
    scale_ = PowerLaw(height, width_, decay)
                 .mul_(std::sqrt(pixels) / kContrast)
                 .unsqueeze_(-1);
    const double norm =
        1.0 / static_cast<double>(height * (width_ + width_ % 2));
    grad_scale_ = (scale_ * ColumnMultiplicity(width_).unsqueeze(-1) * norm)
                      .to(context.device);
    scale_ = scale_.to(context.device);
  }

  std::vector<ParamTensor> Tensors() override {
    return {{"spectrum", spectrum_}};
  }

  at::Tensor Values() override {
    return ScaledIrfftFn::apply(spectrum_, scale_, grad_scale_, width_);
  }

  absl::Status Set(const at::Tensor& values) override {
    spectrum_.copy_(ImageToSpectrum(values, scale_.reciprocal(), Seam::kMean));
    return absl::OkStatus();
  }

 private:
  const int64_t width_;
  at::Tensor spectrum_;    // [rows,C,H,columns,2] f32, real and imaginary part
  at::Tensor scale_;       // [H,columns,1] f32
  at::Tensor grad_scale_;  // [H,columns,1] f32
};

}  // namespace

std::unique_ptr<Latent> MakeFourierLatent(
    const v1::FourierParameterization& spec, const LatentContext& context) {
  return std::make_unique<FourierLatent>(
      spec.has_sd() ? spec.sd() : kDefaultSd,
      spec.has_decay() ? spec.decay() : kDefaultDecay, context);
}

const ParamKind& FourierKind() {
  static const ParamKind kind = {
      .arm = "fourier",
      .make = [](const v1::Parameterization& spec, const ParamContext& context)
          -> absl::StatusOr<std::unique_ptr<Param>> {
        return MakeColored(
            spec, context.canvas,
            MakeFourierLatent(spec.fourier(), LatentContext::Of(context)));
      },
      .why_not_from_image = FromAnyImage,
      .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
