// One value per pixel and channel, drawn from N(0, sd). Source: lucid
// pixel_image.
#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"

namespace phosphene {
namespace {

constexpr double kDefaultSd = .01;

// The values themselves.
class PixelLatent : public Latent {
 public:
  PixelLatent(double sd, const LatentContext& context)
      : pixels_(RandomRows(context,
                           {context.canvas.channels, context.canvas.height,
                            context.canvas.width},
                           /*draw=*/0, sd)) {}

  std::vector<ParamTensor> Tensors() override { return {{"pixels", pixels_}}; }
  at::Tensor Values() override { return pixels_; }
  absl::Status Set(const at::Tensor& values) override {
    pixels_.copy_(values);
    return absl::OkStatus();
  }

 private:
  at::Tensor pixels_;  // [rows,C,H,W] f32
};

}  // namespace

std::unique_ptr<Latent> MakePixelLatent(const v1::PixelParameterization& spec,
                                        const LatentContext& context) {
  return std::make_unique<PixelLatent>(spec.has_sd() ? spec.sd() : kDefaultSd,
                                       context);
}

// One value per pixel and channel: the simplest arm, and the one to copy.
const ParamKind& PixelKind() {
  static const ParamKind kind = {
      .arm = "pixel",
      .make = [](const v1::Parameterization& spec, const ParamContext& context)
          -> absl::StatusOr<std::unique_ptr<Param>> {
        return MakeColored(
            spec, context.canvas,
            MakePixelLatent(spec.pixel(), LatentContext::Of(context)));
      },
      .why_not_from_image = FromAnyImage,
      .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
