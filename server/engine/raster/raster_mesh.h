#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/meshes/mesh.h"
#include "server/meshes/normalize.h"

namespace phosphene {

// A mesh as it is drawn: centred by its bounding box and scaled so that its
// farthest point is at 1 from the origin (lucid makes the largest coordinate 1,
// which leaves corners out of the picture at its own distance). Free of torch;
// const after MakeRasterMesh, so any number of threads may draw it.
struct RasterMesh {
  struct Triangle {
    std::array<int32_t, 3> position;
    std::array<int32_t, 3> uv;
  };
  std::vector<Vec3> positions;
  std::vector<Vec2> uvs;  // at least one: (0,0) where the mesh has none
  std::vector<Triangle> triangles;
  // Three a triangle, of length 1: means of the faces about a corner that are
  // within kCreaseDegrees of this one, weighted by area.
  std::vector<Vec3> normals;
  UnitSphere sphere;  // position = (file's position - centre) * scale
};

inline constexpr double kCreaseDegrees = 50;
inline constexpr int64_t kMaxRasterTriangles = 2'000'000;

// INVALID_ARGUMENT where a triangle names what is not there, a position is not
// finite, all positions are one, or there are more than kMaxRasterTriangles.
absl::StatusOr<RasterMesh> MakeRasterMesh(const Mesh& mesh);

}  // namespace phosphene
