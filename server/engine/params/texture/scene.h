#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/raster/raster_mesh.h"
#include "server/meshes/mesh.h"
#include "server/meshes/topology.h"

namespace phosphene {

// A mesh ready to be painted: with UVs, its own or made, centred and scaled for
// views, its seams found. Immutable after MakeScene.
struct Scene {
  Mesh source;  // as its file has it
  // In the file's coordinates, with the atlas' UVs; the triangles of `source`
  // in their order.
  Mesh mesh;
  RasterMesh drawn;  // `mesh`, centred, of radius 1
  std::vector<SurfaceEdge> seams;
  std::vector<std::string> notes;  // what was left out, made, or may look odd
};

struct SceneOptions {
  bool unwrap = false;  // make UVs although there are some
  int64_t atlas_side = 1024;
};

// INVALID_ARGUMENT: what ReadMesh says of the bytes.
absl::StatusOr<std::unique_ptr<Scene>> MakeScene(absl::string_view bytes,
                                                 const SceneOptions& options);

}  // namespace phosphene
