// Reads a mesh and makes it ready to be painted.
#include "server/engine/params/texture/scene.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/read_mesh.h"
#include "server/meshes/topology.h"

namespace phosphene {
namespace {

std::vector<SeamEdge> SeamsOf(const Mesh& mesh) {
  std::vector<SeamEdge> seams;
  for (const SurfaceEdge& edge : SeamEdges(mesh)) {
    const auto& [a, b] = edge.side;
    seams.push_back({a.uv[0], a.uv[1], b.uv[0], b.uv[1]});
  }
  return seams;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Scene>> MakeScene(absl::string_view bytes,
                                                 const SceneOptions& options) {
  auto scene = std::make_unique<Scene>();
  ASSIGN_OR_RETURN(scene->source, ReadMesh(bytes));
  scene->notes = scene->source.notes;
  scene->mesh = scene->source;
  ASSIGN_OR_RETURN(scene->drawn, MakeRasterMesh(scene->mesh));
  scene->seams = SeamsOf(scene->mesh);
  return scene;
}

}  // namespace phosphene
