// Meshes as they are drawn.

#include "server/engine/raster/raster_mesh.h"

#include <cmath>

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

TEST(RasterMeshTest, StandsInTheUnitSphereWhereverItStood) {
  Mesh mesh = GridMesh(4, 0.3f, 0.5f);
  for (Vec3& p : mesh.positions)
    p = {p.x * 1e6f + 5e6f, p.y * 1e6f, p.z * 1e6f};
  const RasterMesh drawn = Drawn(mesh);
  double most = 0;
  for (const Vec3& p : drawn.positions)
    most = std::max<double>(most, std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z));
  EXPECT_NEAR(most, 1, 1e-6);
  EXPECT_NEAR(drawn.sphere.centre[0], 5e6, 1);
}

TEST(RasterMeshTest, NormalsAreSmoothButForCreases) {
  // Two squares folded by 20 or by 80 degrees along x = 0.
  for (double angle : {20.0, 80.0}) {
    const float c = static_cast<float>(std::cos(angle * M_PI / 180));
    const float s = static_cast<float>(std::sin(angle * M_PI / 180));
    Mesh mesh;
    mesh.positions = {{0, 0, 0}, {0, 1, 0}, {-1, 0, 0}, {c, 0, s}};
    mesh.triangles = {{{0, 1, 2}, {}, -1}, {{1, 0, 3}, {}, -1}};
    const RasterMesh drawn = Drawn(mesh);
    const float dot = drawn.normals[0].x * drawn.normals[4].x +
                      drawn.normals[0].y * drawn.normals[4].y +
                      drawn.normals[0].z * drawn.normals[4].z;
    if (angle < kCreaseDegrees) {
      EXPECT_NEAR(dot, 1, 1e-5);
    } else {
      EXPECT_NEAR(dot, c, 1e-5);
    }
  }
}

TEST(RasterMeshTest, WithoutUvsAllAreAtTheOrigin) {
  Mesh mesh = GridMesh(2, 0);
  mesh.uvs.clear();
  for (MeshTriangle& t : mesh.triangles) t.uv = {7, 8, 9};
  const RasterMesh drawn = Drawn(mesh);
  ASSERT_EQ(drawn.uvs.size(), 1u);
  for (const RasterMesh::Triangle& t : drawn.triangles) EXPECT_EQ(t.uv[2], 0);
}

TEST(RasterMeshTest, RefusesWhatCannotBeDrawn) {
  Mesh mesh = GridMesh(2, 0);
  mesh.triangles[1].position[2] = 900;
  EXPECT_THAT(MakeRasterMesh(mesh), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("triangle 1")));
  mesh = GridMesh(2, 0);
  mesh.triangles[0].uv[0] = 900;
  EXPECT_THAT(MakeRasterMesh(mesh),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("900")));
  mesh = GridMesh(2, 0);
  mesh.positions[3].y = NAN;
  EXPECT_THAT(MakeRasterMesh(mesh), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("position 3")));
  mesh = GridMesh(2, 0);
  for (Vec3& p : mesh.positions) p = {1, 1, 1};
  EXPECT_THAT(MakeRasterMesh(mesh), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("same point")));
  EXPECT_THAT(
      MakeRasterMesh(Mesh()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no triangles")));
}

}  // namespace
}  // namespace phosphene
