// The texture an object came with.
#include "server/engine/params/texture/original.h"

#include <optional>
#include <string>
#include <utility>

#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/params/resize.h"
#include "server/engine/tensor/image_tensor.h"
#include "server/meshes/base_color.h"

namespace phosphene {
namespace {

constexpr double kGrey = .5;

// The mesh with one picture for all of it, in its own UVs.
Mesh PaintedWith(Mesh mesh, std::string picture) {
  mesh.materials.assign(1, {.name = "own", .texture = std::move(picture)});
  for (MeshTriangle& triangle : mesh.triangles) triangle.material = 0;
  return mesh;
}

}  // namespace

absl::StatusOr<at::Tensor> OriginalAtlas(
    const v1::TextureParameterization& spec, int64_t side, const Scene& scene,
    const ParamContext& context) {
  absl::StatusOr<std::optional<Image8>> baked;
  if (spec.texture().empty()) {
    baked = BakeBaseColor(scene.source, scene.mesh, static_cast<int>(side));
    if (!baked.ok()) return Annotate(baked.status(), "texture.mesh");
  } else {
    ASSIGN_OR_RETURN(std::string picture, context.read_blob(spec.texture()));
    baked = BakeBaseColor(PaintedWith(scene.source, std::move(picture)),
                          scene.mesh, static_cast<int>(side));
    if (!baked.ok()) return Annotate(baked.status(), "texture.texture");
  }
  if (baked->has_value()) {
    return ConvertChannels(ToTensor(**baked), 3)[0].to(context.device);
  }
  return at::full({3, side, side}, kGrey,
                  at::TensorOptions(at::kFloat).device(context.device));
}

}  // namespace phosphene
