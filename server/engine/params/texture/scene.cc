// Reads a mesh and makes it ready to be painted.
#include "server/engine/params/texture/scene.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/unwrap.h"
#include "server/meshes/uv_facts.h"

namespace phosphene {
namespace {

void AddNote(std::string note, std::vector<std::string>* notes) {
  if (!note.empty()) notes->push_back(std::move(note));
}

}  // namespace
absl::StatusOr<std::unique_ptr<Scene>> MakeScene(absl::string_view bytes,
                                                 const SceneOptions& options) {
  auto scene = std::make_unique<Scene>();
  ASSIGN_OR_RETURN(scene->source, ReadMesh(bytes));
  if (options.unwrap || !scene->source.has_uvs()) {
    scene->mesh =
        Unwrap(scene->source, static_cast<int>(options.atlas_side)).mesh;
  } else {
    scene->mesh = scene->source;
    AddNote(UvNote(FindUvFacts(scene->mesh)), &scene->mesh.notes);
  }
  scene->notes = scene->mesh.notes;
  ASSIGN_OR_RETURN(scene->drawn, MakeRasterMesh(scene->mesh));
  scene->seams = SeamEdges(scene->mesh);
  return scene;
}

}  // namespace phosphene
