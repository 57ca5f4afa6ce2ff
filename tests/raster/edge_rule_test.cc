// Which triangles cover a pixel: neighbours leave no hole and share none.

#include <cmath>

#include "server/engine/raster/raster_kernels.h"
#include "server/engine/raster/raster_view.h"
#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

// For each pixel of a view, how many prims cover it and how many of them turn
// to the right less those that turn to the left.
struct Cover {
  std::vector<int> count, turns;
};
Cover CoverOf(const RasterMesh& mesh, const Camera& camera, int height,
              int width) {
  const RasterView view = ViewOf(camera, height, width);
  const RasterGeometry geometry = GeometryOf(mesh);
  std::vector<ScreenVertex> vertices(geometry.position_count);
  ProjectVertices(view, geometry, 0, geometry.position_count, vertices.data());
  PrimList list;
  SetupTriangles(view, geometry, vertices.data(), 0, geometry.triangle_count,
                 &list);
  Cover out{std::vector<int>(height * width), std::vector<int>(height * width)};
  for (const RasterPrim& prim : list.prims) {
    for (int y = prim.top; y <= prim.bottom; ++y) {
      for (int x = prim.left; x <= prim.right; ++x) {
        if (!Covers(prim, EdgesAt(prim, x, y))) continue;
        ++out.count[y * width + x];
        out.turns[y * width + x] += prim.flipped ? -1 : 1;
      }
    }
  }
  return out;
}

// A flat grid that fills the picture and more.
void ExpectEachPixelOnce(const Mesh& mesh, const Camera& camera, int height,
                         int width) {
  const Cover cover = CoverOf(Drawn(mesh), camera, height, width);
  int wrong = 0;
  for (const int count : cover.count) wrong += count != 1;
  EXPECT_EQ(wrong, 0) << mesh.triangles.size() << " triangles, " << height
                      << "x" << width;
}

TEST(EdgeRuleTest, JitteredGridsCoverEachPixelOnce) {
  for (int n : {1, 3, 17, 60}) {
    for (float jitter : {0.0f, 0.3f}) {
      const Mesh mesh = GridMesh(n, jitter);
      ExpectEachPixelOnce(mesh, CameraAt(0, 0, 1.2, 40), 64, 64);
      ExpectEachPixelOnce(mesh, CameraAt(7, 5, 1.1, 30), 45, 61);
      ExpectEachPixelOnce(mesh, CameraAt(180, 0, 1.3, 35), 33, 33);
    }
  }
}

TEST(EdgeRuleTest, CornersAndDiagonalsOnPixelCentresCoverEachPixelOnce) {
  // 90 degrees at half a side: the grid's border is the picture's.
  const Camera camera = CameraAt(0, 0, std::sqrt(0.5) - 0.004, 90);
  for (int size : {32, 33, 48, 64}) {
    for (int n : {8, 11, 16, 32, 64})
      ExpectEachPixelOnce(GridMesh(n, 0), camera, size, size);
  }
}

TEST(EdgeRuleTest, TrianglesSmallerThanPixelsCoverEachPixelOnce) {
  ExpectEachPixelOnce(GridMesh(150, 0.3f), CameraAt(0, 0, 1.2, 40), 16, 16);
}

TEST(EdgeRuleTest, TrianglesCutFarOutsideCoverEachPixelOnce) {
  // So near that corners lie some hundred thousand pixels away.
  Camera camera = CameraAt(0, 0, 0.012, 10);
  camera.near = 0.001;
  for (int n : {1, 2, 5, 9})
    ExpectEachPixelOnce(GridMesh(n, 0.3f), camera, 256, 256);
}

TEST(EdgeRuleTest, TrianglesCutNearTheEyeCoverEachPixelOnce) {
  // The plane goes by under the eye and behind it.
  Camera camera = CameraAt(0, 8, 0.3, 20);
  camera.rotation[0] = 1, camera.rotation[1] = 0, camera.rotation[2] = 0;
  camera.rotation[3] = 0, camera.rotation[4] = 0, camera.rotation[5] = 1;
  camera.rotation[6] = 0, camera.rotation[7] = -1, camera.rotation[8] = 0;
  camera.eye = {0, 0, 0.05f};
  const RasterMesh mesh = Drawn(GridMesh(6, 0.3f));
  const Cover cover = CoverOf(mesh, camera, 64, 64);
  int twice = 0, once = 0;
  for (const int count : cover.count) {
    twice += count > 1;
    once += count == 1;
  }
  EXPECT_EQ(twice, 0);
  // Below the horizon all but a strip beyond the grid's far end.
  EXPECT_GT(once, 64 * 64 / 8);
}

TEST(EdgeRuleTest, EveryRayLeavesAClosedMeshAsOftenAsItEntersIt) {
  const Mesh mesh = SharedMesh("spot.obj");
  if (mesh.triangles.empty()) GTEST_SKIP() << "no shared meshes";
  const RasterMesh spot = Drawn(mesh);
  for (int i = 0; i < 6; ++i) {
    const Cover cover = CoverOf(
        spot, SpreadCamera(i, 6, i < 4 ? 12 : 3, i < 4 ? 10 : 25), 200, 200);
    int wrong = 0, shown = 0;
    for (size_t p = 0; p < cover.turns.size(); ++p) {
      wrong += cover.turns[p] != 0 || cover.count[p] % 2 != 0;
      shown += cover.count[p] > 0;
    }
    EXPECT_EQ(wrong, 0) << "camera " << i;
    EXPECT_GT(shown, 1000);
  }
}

}  // namespace
}  // namespace phosphene
