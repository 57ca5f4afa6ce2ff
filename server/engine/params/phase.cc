// The phase of the spectrum, its magnitude fixed. Source: Fel et al. 2023,
// MACO.
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/params/color.h"
#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"
#include "server/engine/params/resize.h"
#include "server/engine/params/spectrum.h"
#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

constexpr double kDefaultDecay = 1;
constexpr double kDefaultContrast = 1;
// Keeps a canvas of constant colour (one pixel) finite.
constexpr double kSmallestSd = 1e-8;

// magnitude * (cos phase, sin phase): [N,C,H,columns,2].
at::Tensor SpectrumOf(const at::Tensor& phase, const at::Tensor& magnitude) {
  at::Tensor spectrum =
      at::empty({phase.size(0), phase.size(1), phase.size(2), phase.size(3), 2},
                phase.options());
  const int64_t channels = phase.size(1);
  const at::Tensor from = phase.flatten(0, 1), to = spectrum.flatten(0, 1);
  const auto fill = [&](int64_t i) {
    const at::Tensor size =
        magnitude[magnitude.size(0) == 1 ? 0 : i % channels];
    to[i].select(-1, 0).copy_(from[i].cos().mul_(size));
    to[i].select(-1, 1).copy_(from[i].sin().mul_(size));
  };
  EachAlone(from.size(0), fill);
  return spectrum;
}

// Mean over each row of `x` [N,C,H,W] in double, [N,1,1,1] f32.
at::Tensor RowMeans(const at::Tensor& x) {
  at::Tensor means = at::empty({x.size(0), 1, 1, 1}, x.options());
  EachAlone(x.size(0),
            [&](int64_t row) { means[row].fill_(x[row].mean(at::kDouble)); });
  return means;
}

// Phase -> values of mean 0 and standard deviation `contrast` in each row.
class PhaseFn : public torch::autograd::Function<PhaseFn> {
 public:
  // phase [N,C,H,columns]; magnitude [1 or C,H,columns].
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& leaf, const at::Tensor& magnitude,
                            int64_t width, double contrast) {
    const at::Tensor phase = leaf.detach();
    const at::Tensor one = at::ones({1, 1, 1}, phase.options());
    at::Tensor x = SpectrumToImage(SpectrumOf(phase, magnitude), one, width);
    x.sub_(RowMeans(x));
    const at::Tensor sd = RowMeans(x.square()).sqrt_().clamp_min_(kSmallestSd);
    const at::Tensor unit = x.div_(sd);
    ctx->save_for_backward({phase, magnitude, unit, sd});
    ctx->saved_data["contrast"] = contrast;
    return unit * contrast;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor phase = saved[0], magnitude = saved[1], unit = saved[2],
                     sd = saved[3];
    const at::Tensor g =
        grads[0].detach() * ctx->saved_data["contrast"].toDouble();
    // Through (x - mean) / sd: what shifts or scales the row has no effect.
    const at::Tensor along = unit * RowMeans(g * unit);
    const at::Tensor gx = (g - RowMeans(g)).sub_(along).div_(sd);
    const int64_t width = gx.size(3);
    const double norm =
        1.0 / static_cast<double>(gx.size(2) * (width + width % 2));
    const at::Tensor factor = (ColumnMultiplicity(width) * norm)
                                  .to(gx.device())
                                  .view({1, -1, 1})
                                  .expand({gx.size(2), -1, 1});
    const at::Tensor gs = ImageToSpectrum(gx, factor, Seam::kZero);
    // d(cos, sin) = (-sin, cos) dphase.
    const at::Tensor s = SpectrumOf(phase, magnitude);
    const at::Tensor out =
        gs.select(-1, 1) * s.select(-1, 0) - gs.select(-1, 0) * s.select(-1, 1);
    return {out, {}, {}, {}};
  }
};

class PhaseLatent : public Latent {
 public:
  PhaseLatent(const LatentContext& context, at::Tensor magnitude,
              double contrast)
      : width_(context.canvas.width),
        contrast_(contrast),
        magnitude_(magnitude.to(context.device)) {
    const Canvas& canvas = context.canvas;
    at::Tensor phase = at::empty(
        {canvas.rows, canvas.channels, canvas.height, SpectrumColumns(width_)},
        at::kFloat);
    for (int64_t row = 0; row < canvas.rows; ++row) {
      const Rng rng(RowSeed(context.seed, row), RngStream::kInit, 0,
                    context.first_draw);
      phase[row].copy_(rng.UniformTensor(phase[row].sizes()));
    }
    phase_ = phase.sub_(.5)
                 .mul_(2 * std::numbers::pi)
                 .to(context.device)
                 .requires_grad_();
  }

  std::vector<ParamTensor> Tensors() override { return {{"phase", phase_}}; }
  at::Tensor Values() override {
    return PhaseFn::apply(phase_, magnitude_, width_, contrast_);
  }
  absl::Status Set(const at::Tensor& values) override {
    return absl::UnimplementedError(
        "the phase parameterization cannot start from an image: its magnitudes "
        "are fixed");
  }

 private:
  const int64_t width_;
  const double contrast_;
  const at::Tensor magnitude_;  // [1 or C,H,columns] f32
  at::Tensor phase_;            // [rows,C,H,columns] f32, radians
};

// Mean magnitude of the images' spectra in the colour basis, [C,H,columns].
// Their constant terms are left out: brightness would drown everything else.
absl::StatusOr<at::Tensor> Measure(
    const v1::PhaseParameterization::ImageSet& set, const ColorMap& color,
    const ParamContext& context) {
  if (!context.load_image)
    return absl::FailedPreconditionError("no images can be loaded here");
  const at::NoGradGuard no_grad;
  const Canvas& canvas = context.canvas;
  at::Tensor sum;
  for (const std::string& blob : set.images()) {
    ASSIGN_OR_RETURN(at::Tensor image, context.load_image(blob));
    image = ResizeImage(ConvertChannels(image, canvas.channels), canvas.height,
                        canvas.width);
    const at::Tensor values = color.FromRgb(image);
    const at::Tensor spectrum =
        ImageToSpectrum(values, at::ones({1, 1, 1}), Seam::kMean);
    const at::Tensor size = spectrum.square().sum(-1).sqrt_()[0];
    sum = sum.defined() ? sum + size : size;
  }
  sum.select(1, 0).select(1, 0).zero_();
  return sum.div_(set.images_size());
}

void CheckPhase(const v1::Parameterization& spec, absl::string_view path,
                Faults& faults) {
  const int64_t channels = KnownCanvasOf(spec).channels;
  if (!spec.phase().has_measured() || channels == 0 || channels == 1 ||
      channels == 3) {
    return;
  }
  faults.Add(absl::StrCat(path, ".phase.measured"),
             absl::StrCat("needs 1 or 3 channels; there are ", channels));
}

absl::StatusOr<std::unique_ptr<Param>> MakePhase(
    const v1::Parameterization& spec, const ParamContext& context) {
  const v1::PhaseParameterization& phase = spec.phase();
  const Canvas& canvas = context.canvas;
  at::Tensor magnitude;
  if (phase.has_measured()) {
    ASSIGN_OR_RETURN(magnitude,
                     Measure(phase.measured(),
                             ColorMap(spec.color(), canvas.channels), context));
  } else {
    const bool set =
        phase.magnitude_case() == v1::PhaseParameterization::kDecay;
    magnitude = PowerLaw(canvas.height, canvas.width,
                         set ? phase.decay() : kDefaultDecay)
                    .unsqueeze(0);
  }
  return MakeColored(
      spec, canvas,
      std::make_unique<PhaseLatent>(
          LatentContext::Of(context), std::move(magnitude),
          phase.has_contrast() ? phase.contrast() : kDefaultContrast));
}

std::string WhyNotReplayed(const v1::Parameterization& spec) {
  return "it works in parts that the host chooses";
}

}  // namespace

const ParamKind& PhaseKind() {
  static const ParamKind kind = {.arm = "phase",
                                 .check = CheckPhase,
                                 .make = MakePhase,
                                 .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
