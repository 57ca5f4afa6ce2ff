// A latent with a colour map: what most parameterizations are.
#include "server/engine/params/colored.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/engine/params/color.h"
#include "server/engine/params/resize.h"

namespace phosphene {
namespace {

class ColoredParam : public Param {
 public:
  ColoredParam(const v1::ColorSpace& color, const Canvas& canvas,
               std::unique_ptr<Latent> latent)
      : canvas_(canvas),
        color_(color, canvas.channels),
        latent_(std::move(latent)) {}

  std::vector<ParamTensor> Tensors() override { return latent_->Tensors(); }

  at::Tensor Image(int64_t step) override {
    return color_.ToImage(latent_->Values());
  }

  at::Tensor Render(int64_t height, int64_t width) override {
    const at::NoGradGuard no_grad;
    return ResizeImage(Image(0), height, width);
  }

  absl::Status SetImage(const at::Tensor& image) override {
    ASSIGN_OR_RETURN(const at::Tensor fitted, FitToCanvas(image, canvas_));
    const at::NoGradGuard no_grad;
    return latent_->Set(color_.FromImage(fitted));
  }

 private:
  const Canvas canvas_;
  const ColorMap color_;
  const std::unique_ptr<Latent> latent_;
};

}  // namespace

std::unique_ptr<Param> MakeColored(const v1::Parameterization& spec,
                                   const Canvas& canvas,
                                   std::unique_ptr<Latent> latent) {
  return std::make_unique<ColoredParam>(spec.color(), canvas,
                                        std::move(latent));
}

absl::StatusOr<at::Tensor> FitToCanvas(const at::Tensor& image,
                                       const Canvas& canvas) {
  const bool fits = image.dim() == 4 &&
                    (image.size(0) == 1 || image.size(0) == canvas.rows) &&
                    image.size(1) == canvas.channels && image.numel() > 0;
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an image of ", canvas.rows, " (or 1) rows and ", canvas.channels,
        " channels is needed; its dimensions are ",
        absl::StrJoin(image.sizes(), "x")));
  }
  return ResizeImage(image.to(at::kFloat), canvas.height, canvas.width)
      .expand({canvas.rows, canvas.channels, canvas.height, canvas.width});
}

}  // namespace phosphene
