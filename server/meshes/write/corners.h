#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// A mesh as GPUs and most formats want it: one vertex for each pair of a
// position and a UV, so points on a seam stand twice.
struct CornerMesh {
  struct Vertex {
    uint32_t position = 0;  // of Mesh::positions
    Vec2 uv;
  };
  // In the order of their positions, those of one position in the order of
  // their first use: a reader that welds them finds the positions in their old
  // order. A position no triangle has is left out.
  std::vector<Vertex> vertices;
  std::vector<std::array<uint32_t, 3>> triangles;  // as in the mesh
};

// UVs of one position are the same vertex when their values are. REQUIRES: the
// mesh has UVs and its indices are within its arrays. Thread-safe.
CornerMesh SplitCorners(const Mesh& mesh);

// A unit normal for each position: the sum of its faces', weighted by area;
// +y where they cancel out. Thread-safe.
std::vector<Vec3> SmoothNormals(const Mesh& mesh);

// INVALID_ARGUMENT unless the mesh has UVs and at least one triangle, and the
// atlas is a picture of 3 channels: what every writer here needs.
absl::Status CheckTextured(const Mesh& mesh, const Image8& atlas);

}  // namespace phosphene
