// A textured mesh for colour printers.
#include "server/meshes/write/three_mf.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  ThreeMfOptions options;
  if (output.three_mf().size() > 0) options.size = output.three_mf().size();
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodeThreeMf(*object->mesh, object->atlas, options));
  return OneFile(name, "model/3mf", std::move(bytes));
}

}  // namespace

const OutputKind& ThreeMfOutputKind() {
  static const OutputKind kind = {.arm = "three_mf",
                                  .default_name = "mesh.3mf",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
