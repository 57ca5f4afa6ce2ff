// A textured mesh as Wavefront OBJ, with its MTL and its picture beside it.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"
#include "server/meshes/write/obj.h"

namespace phosphene {
namespace {

// Longest name of an artifact, less that of an extension.
constexpr size_t kMaxStem = 59;

// What the files beside NAME.obj are called: NAME, NAME-2, ...: the first whose
// names no other file of the job has. They are the job's from then on.
std::string StemOf(absl::string_view name, std::set<std::string>* names) {
  const std::string base(name.substr(0, name.rfind('.')));
  if (names == nullptr) return base;
  for (int number = 1;; ++number) {
    const std::string end = number == 1 ? "" : absl::StrCat("-", number);
    const std::string stem = base.substr(0, kMaxStem - end.size()) + end;
    const std::string mtl = absl::StrCat(stem, ".mtl"),
                      png = absl::StrCat(stem, ".png");
    if (names->count(mtl) > 0 || names->count(png) > 0) continue;
    names->insert({mtl, png});
    return stem;
  }
}

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  const std::string stem = StemOf(name, source.names);
  PngOptions png;
  png.text = PngTextOf(source.spec);
  ASSIGN_OR_RETURN(ObjFiles files,
                   EncodeObj(*object->mesh, object->atlas, stem, png));
  std::vector<RunArtifact> out =
      OneFile(name, "model/obj", std::move(files.obj));
  for (auto& beside :
       {OneFile(absl::StrCat(stem, ".mtl"), "model/mtl", std::move(files.mtl)),
        OneFile(absl::StrCat(stem, ".png"), "image/png", std::move(files.png),
                object->atlas.width, object->atlas.height)}) {
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
