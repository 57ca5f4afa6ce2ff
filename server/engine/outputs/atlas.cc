// The atlas of a texture as a picture.
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodePngOf(source.spec,
                               /*metadata=*/true, object->atlas));
  return OneFile(name, "image/png", std::move(bytes), object->atlas.width,
                 object->atlas.height);
}

}  // namespace

const OutputKind& AtlasOutputKind() {
  static const OutputKind kind = {.arm = "atlas",
                                  .default_name = "atlas.png",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
