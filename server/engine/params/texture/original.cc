// The texture an object came with.
#include "server/engine/params/texture/original.h"

#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/params/resize.h"

namespace phosphene {
namespace {

constexpr double kGrey = .5;

}  // namespace

absl::StatusOr<at::Tensor> OriginalAtlas(
    const v1::TextureParameterization& spec, int64_t side, const Scene& scene,
    const ParamContext& context) {
  if (!spec.texture().empty()) {
    auto image = context.load_image(spec.texture());
    if (!image.ok()) return Annotate(image.status(), "texture.texture");
    return ResizeImage(ConvertChannels(*image, 3), side, side)[0].to(
        context.device);
  }
  return at::full({3, side, side}, kGrey,
                  at::TensorOptions(at::kFloat).device(context.device));
}

}  // namespace phosphene
