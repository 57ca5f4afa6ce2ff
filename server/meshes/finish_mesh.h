#pragma once

#include "absl/status/statusor.h"
#include "server/meshes/mesh.h"
#include "server/meshes/mesh_format.h"
#include "server/meshes/read_mesh.h"

namespace phosphene {

// A mesh of what a file holds: welds positions (1e-6 of the extent of what
// faces use), merges equal UVs, leaves out positions and UVs that no face
// uses, faces without area and, when a face has none, all UVs. A face is
// without area when its height is below 1e-10 of its longest edge.
// INVALID_ARGUMENT: values that are not finite, indices out of range, too many
// triangles, none with area.
absl::StatusOr<Mesh> FinishMesh(RawMesh raw, const MeshLimits& limits);

}  // namespace phosphene
