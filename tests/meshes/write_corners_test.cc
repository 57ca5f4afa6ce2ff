#include "server/meshes/write/corners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <tuple>

#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(SplitCorners, EveryCornerKeepsItsPointAndItsUv) {
  const Mesh mesh = Torus(7, 5);
  const CornerMesh split = SplitCorners(mesh);
  ASSERT_EQ(split.triangles.size(), mesh.triangles.size());
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    for (int c = 0; c < 3; ++c) {
      const auto& vertex = split.vertices[split.triangles[t][c]];
      const Vec2& uv = mesh.uvs[mesh.triangles[t].uv[c]];
      EXPECT_EQ(vertex.position, mesh.triangles[t].position[c]);
      EXPECT_EQ(vertex.uv.x, uv.x);
      EXPECT_EQ(vertex.uv.y, uv.y);
    }
  }
}

TEST(SplitCorners, NoPairStandsTwice) {
  Mesh mesh = Torus(7, 5);
  const size_t count = SplitCorners(mesh).vertices.size();
  EXPECT_EQ(count, mesh.uvs.size()) << "here every UV is of one position";
  // The same UVs under other indices are no other vertices.
  const auto shift = static_cast<uint32_t>(mesh.uvs.size());
  mesh.uvs.insert(mesh.uvs.end(), mesh.uvs.begin(), mesh.uvs.end());
  for (size_t t = 0; t < mesh.triangles.size(); t += 2) {
    for (uint32_t& uv : mesh.triangles[t].uv) uv += shift;
  }
  const CornerMesh split = SplitCorners(mesh);
  EXPECT_EQ(split.vertices.size(), count);
  std::set<std::tuple<uint32_t, float, float>> pairs;
  for (const auto& v : split.vertices) {
    pairs.insert({v.position, v.uv.x, v.uv.y});
  }
  EXPECT_EQ(pairs.size(), count);
}

TEST(SplitCorners, PositionsComeInTheirOldOrder) {
  const CornerMesh split = SplitCorners(Cube());
  EXPECT_EQ(split.vertices.size(), 24u);
  for (size_t v = 1; v < split.vertices.size(); ++v) {
    EXPECT_GE(split.vertices[v].position, split.vertices[v - 1].position);
  }
}

TEST(SmoothNormals, ASymmetricCornerLooksAlongTheDiagonal) {
  Mesh mesh = Cube();
  const std::vector<Vec3> normals = SmoothNormals(mesh);
  for (size_t p = 0; p < mesh.positions.size(); ++p) {
    const Vec3 &n = normals[p], &at = mesh.positions[p];
    EXPECT_NEAR(std::hypot(n.x, n.y, n.z), 1, 1e-6);
    EXPECT_GT(n.x * at.x, 0);
    EXPECT_GT(n.y * at.y, 0);
    EXPECT_GT(n.z * at.z, 0) << "outwards, as the faces are";
  }
}

TEST(SmoothNormals, SizeDoesNotMatter) {
  for (const float scale : {1e-18f, 1.f, 1e18f}) {
    Mesh mesh = Torus(9, 6);
    const std::vector<Vec3> unscaled = SmoothNormals(mesh);
    for (Vec3& p : mesh.positions) p = {p.x * scale, p.y * scale, p.z * scale};
    const std::vector<Vec3> normals = SmoothNormals(mesh);
    for (size_t p = 0; p < normals.size(); ++p) {
      EXPECT_NEAR(normals[p].x, unscaled[p].x, 1e-5);
      EXPECT_NEAR(normals[p].y, unscaled[p].y, 1e-5);
      EXPECT_NEAR(normals[p].z, unscaled[p].z, 1e-5);
    }
  }
}

TEST(CheckTextured, WantsUvsAndAnRgbAtlas) {
  const Mesh cube = Cube();
  EXPECT_THAT(CheckTextured(cube, Gradient(8, 8, 3)), IsOk());
  EXPECT_THAT(CheckTextured(cube, Gradient(8, 8, 4)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("4 channels")));
  Image8 torn = Gradient(8, 8, 3);
  torn.pixels.pop_back();
  EXPECT_THAT(CheckTextured(cube, torn),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Mesh bare = cube;
  bare.uvs.clear();
  EXPECT_THAT(
      CheckTextured(bare, Gradient(8, 8, 3)),
      StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("UVs")));
  EXPECT_THAT(CheckTextured(Mesh(), Gradient(8, 8, 3)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
