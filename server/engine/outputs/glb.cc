// A textured mesh as binary glTF, which opens everywhere.
#include "server/meshes/write/glb.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  ASSIGN_OR_RETURN(std::string bytes, EncodeGlb(*object->mesh, object->atlas,
                                                {output.glb().quality()}));
  return OneFile(name, "model/gltf-binary", std::move(bytes));
}

}  // namespace

const OutputKind& GlbOutputKind() {
  static const OutputKind kind = {.arm = "glb",
                                  .default_name = "mesh.glb",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
