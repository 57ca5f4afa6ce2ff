// A textured mesh as Wavefront OBJ, with its MTL and its picture beside it.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"
#include "server/meshes/write/obj.h"

namespace phosphene {
namespace {

// What the files beside NAME.obj are called: NAME, unless another output of the
// job has such a name.
std::string StemOf(absl::string_view name, const v1::JobSpec& spec) {
  const std::string stem(name.substr(0, name.rfind('.')));
  for (const v1::Output& other : spec.outputs()) {
    if (other.name() == absl::StrCat(stem, ".png") ||
        other.name() == absl::StrCat(stem, ".mtl")) {
      return absl::StrCat(stem, "-texture");
    }
  }
  return stem;
}

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh object, ObjectOf(source));
  const std::string stem = StemOf(name, source.spec);
  ASSIGN_OR_RETURN(ObjFiles files, EncodeObj(*object.mesh, object.atlas, stem));
  std::vector<RunArtifact> out =
      OneFile(name, "model/obj", std::move(files.obj));
  for (auto& beside :
       {OneFile(absl::StrCat(stem, ".mtl"), "model/mtl", std::move(files.mtl)),
        OneFile(absl::StrCat(stem, ".png"), "image/png", std::move(files.png),
                object.atlas.width, object.atlas.height)}) {
    out.push_back(beside[0]);
  }
  return out;
}

}  // namespace

const OutputKind& ObjOutputKind() {
  static const OutputKind kind = {.arm = "obj",
                                  .default_name = "mesh.obj",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
