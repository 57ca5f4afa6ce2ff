// A mesh with a colour at each vertex, for programs without textures.
#include "server/meshes/write/ply.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  PlyOptions options;
  if (output.ply().triangles() > 0)
    options.max_triangles = output.ply().triangles();
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodePly(*object->mesh, object->atlas, options));
  return OneFile(name, "model/ply", std::move(bytes));
}

}  // namespace

const OutputKind& PlyOutputKind() {
  static const OutputKind kind = {.arm = "ply",
                                  .default_name = "mesh.ply",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
