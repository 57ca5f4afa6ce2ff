// Views of meshes against a slow rasterizer in double precision.

#include "server/engine/raster/raster.h"

#include <ATen/Parallel.h>

#include "server/engine/raster/raster_kernels.h"
#include "server/engine/raster/raster_view.h"
#include "tests/raster/raster_meshes.h"
#include "tests/raster/reference.h"

namespace phosphene {
namespace {

const RasterOptions kEverything = {true, true, true, at::kCPU};
// A corner is off by half of 1/256 pixel at most along both axes.
constexpr double kSnap = 1.0 / 256;

RasterViews DrawOne(const RasterMesh& mesh, const Camera& camera, int height,
                    int width) {
  return Rasterizer(mesh).Draw({camera}, height, width, kEverything);
}

// Whether the reference shows this triangle a hair beside the centre.
bool IsTie(const RasterMesh& mesh, const Camera& camera, int x, int y,
           int height, int width, int triangle) {
  for (int k = 0; k < 9; ++k) {
    const ReferencePixel near =
        ReferenceAt(mesh, camera, x + 0.5 + (k % 3 - 1) * 1.5 * kSnap,
                    y + 0.5 + (k / 3 - 1) * 1.5 * kSnap, height, width);
    if (near.triangle == triangle) return true;
  }
  return false;
}

void ExpectIdsEqual(const RasterMesh& mesh, const Camera& camera, int height,
                    int width) {
  const RasterViews views = DrawOne(mesh, camera, height, width);
  const int32_t* ids = views.triangle.const_data_ptr<int32_t>();
  int differ = 0, shown = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const ReferencePixel want =
          ReferenceAt(mesh, camera, x + 0.5, y + 0.5, height, width);
      const int id = ids[y * width + x];
      shown += id >= 0;
      if (id == want.triangle) continue;
      if (want.triangle >= 0 && want.second - want.distance < 1e-5) continue;
      ++differ;
      EXPECT_TRUE(IsTie(mesh, camera, x, y, height, width, id))
          << "pixel " << x << "," << y << ": " << id << " for "
          << want.triangle;
    }
  }
  EXPECT_GT(shown, height * width / 40);
  EXPECT_LT(differ, 1 + shown / 50);
}

// Values of fragments against those of the same triangles' planes.
void ExpectValuesEqual(const RasterMesh& mesh, const Camera& camera, int height,
                       int width) {
  const RasterViews views = DrawOne(mesh, camera, height, width);
  const auto pixel = views.pixel.accessor<int64_t, 1>();
  const auto face = views.face.accessor<int32_t, 1>();
  const auto uv = views.uv.accessor<float, 2>();
  const auto dx = views.uv_dx.accessor<float, 2>();
  const auto dy = views.uv_dy.accessor<float, 2>();
  const auto b = views.barycentric.accessor<float, 2>();
  for (int64_t i = 0; i < views.fragments(); ++i) {
    const double x = static_cast<double>(pixel[i] % width) + 0.5;
    const double y = static_cast<double>(pixel[i] / width) + 0.5;
    const auto at = [&](double px, double py) {
      return ReferenceUv(mesh, camera, face[i], px, py, height, width);
    };
    EXPECT_NEAR(b[0][i] + b[1][i] + b[2][i], 1, 1e-5);
    const auto want = at(x, y);
    const double h = 1e-4;
    const auto right = at(x + h, y), left = at(x - h, y);
    const auto down = at(x, y + h), up = at(x, y - h);
    for (int k = 0; k < 2; ++k) {
      const double slope_x = (right[k] - left[k]) / (2 * h);
      const double slope_y = (down[k] - up[k]) / (2 * h);
      const double slope = std::abs(slope_x) + std::abs(slope_y);
      // Snapped corners tilt a plane more the smaller the triangle is.
      EXPECT_NEAR(uv[k][i], want[k], 3 * kSnap * slope + 1e-5);
      EXPECT_NEAR(dx[k][i], slope_x, 0.02 * slope + 1e-6) << "pixel " << x;
      EXPECT_NEAR(dy[k][i], slope_y, 0.02 * slope + 1e-6) << "pixel " << y;
    }
  }
}

TEST(RasterTest, ABentGridEqualsTheReference) {
  const RasterMesh mesh = Drawn(GridMesh(9, 0.3f, 0.8f));
  for (const Camera& camera :
       {CameraAt(20, 30, 3, 45), CameraAt(200, -50, 2, 70),
        CameraAt(75, 10, 12, 10)}) {
    ExpectIdsEqual(mesh, camera, 60, 80);
    ExpectIdsEqual(mesh, camera, 71, 33);
  }
}

TEST(RasterTest, ValuesAndDerivativesOfLargeTrianglesEqualTheReference) {
  const RasterMesh mesh = Drawn(GridMesh(3, 0.3f, 0.8f));
  ExpectValuesEqual(mesh, CameraAt(20, 30, 3, 45), 160, 120);
  ExpectValuesEqual(mesh, CameraAt(140, -60, 1.6, 80), 100, 150);
}

TEST(RasterTest, SpotEqualsTheReference) {
  const Mesh mesh = SharedMesh("spot.obj");
  if (mesh.triangles.empty()) GTEST_SKIP() << "no shared meshes";
  const RasterMesh spot = Drawn(mesh);
  ExpectIdsEqual(spot, SpreadCamera(2, 7, 12, 10), 48, 48);
  ExpectIdsEqual(spot, SpreadCamera(5, 7, 2.5, 50), 48, 48);
}

TEST(RasterTest, AnEyeWithinTheMeshSeesItAllAround) {
  const Mesh mesh = SharedMesh("spot.obj");
  if (mesh.triangles.empty()) GTEST_SKIP() << "no shared meshes";
  const RasterMesh spot = Drawn(mesh);
  Camera camera = CameraAt(30, 10, 1, 90);
  camera.eye = {0, -0.1f, 0.05f};
  const RasterViews views = DrawOne(spot, camera, 40, 40);
  EXPECT_EQ(views.fragments(), 40 * 40);
  ExpectIdsEqual(spot, camera, 40, 40);
}

TEST(RasterTest, FacesAreCutAtTheNearPlane) {
  // A floor below an eye that looks along it: near parts and those behind the
  // eye are not seen, the rest is as the reference has it.
  const RasterMesh mesh = Drawn(GridMesh(2, 0, 0.2f));
  Camera camera;
  camera.rotation[4] = 0, camera.rotation[5] = 1;   // up is +z
  camera.rotation[7] = -1, camera.rotation[8] = 0;  // along +y
  camera.eye = {0.1f, -0.1f, 0.2f};
  camera.field_of_view = 100;
  camera.near = 0.35;
  ExpectIdsEqual(mesh, camera, 64, 64);
  ExpectValuesEqual(mesh, camera, 64, 64);
}

TEST(RasterTest, PositionsLieOnTheRaysAtTheDepthSeen) {
  const RasterMesh mesh = Drawn(GridMesh(5, 0.3f, 0.8f));
  const Camera camera = CameraAt(20, 30, 3, 45);
  const RasterViews views = DrawOne(mesh, camera, 50, 50);
  const auto position = views.position.accessor<float, 2>();
  const auto facing = views.facing.accessor<float, 1>();
  const auto pixel = views.pixel.accessor<int64_t, 1>();
  for (int64_t i = 0; i < views.fragments(); ++i) {
    const Point ray =
        RayThrough(camera, static_cast<double>(pixel[i] % 50) + 0.5,
                   static_cast<double>(pixel[i] / 50) + 0.5, 50, 50);
    Point to;
    for (int k = 0; k < 3; ++k) to[k] = position[k][i];
    to = Sub(to, PointOf(camera.eye));
    const Point off = CrossOf(to, ray);
    EXPECT_LT(std::sqrt(DotOf(off, off) / DotOf(ray, ray)), 1e-3);
    EXPECT_GE(facing[i], 0);
    EXPECT_LE(facing[i], 1);
  }
}

TEST(RasterTest, AFaceTurnedToTheCameraFacesItFromBothSides) {
  const RasterMesh mesh = Drawn(GridMesh(3, 0.2f));
  for (double azimuth : {0.0, 180.0, 60.0}) {
    const RasterViews views =
        DrawOne(mesh, CameraAt(azimuth, 0, 12, 10), 40, 40);
    ASSERT_GT(views.fragments(), 100);
    EXPECT_NEAR(views.facing.mean().item<float>(),
                std::abs(std::cos(azimuth * M_PI / 180)), 1e-3);
  }
}

TEST(RasterTest, OfCoincidentFacesTheFirstIsSeen) {
  Mesh mesh = GridMesh(4, 0.2f);
  const size_t count = mesh.triangles.size();
  for (size_t t = 0; t < count; ++t)
    mesh.triangles.push_back(mesh.triangles[t]);
  const RasterViews views =
      DrawOne(Drawn(mesh), CameraAt(10, 10, 12, 10), 50, 50);
  EXPECT_LT(views.face.max().item<int>(), static_cast<int>(count));
}

// Every tensor of two results has the same bytes.
void ExpectSameBytes(const RasterViews& a, const RasterViews& b) {
  const auto same = [](const at::Tensor& x, const at::Tensor& y) {
    return x.equal(y);
  };
  EXPECT_TRUE(same(a.triangle, b.triangle));
  EXPECT_TRUE(same(a.pixel, b.pixel));
  EXPECT_TRUE(same(a.face, b.face));
  EXPECT_TRUE(same(a.uv, b.uv));
  EXPECT_TRUE(same(a.uv_dx, b.uv_dx));
  EXPECT_TRUE(same(a.uv_dy, b.uv_dy));
  EXPECT_TRUE(same(a.barycentric, b.barycentric));
  EXPECT_TRUE(same(a.position, b.position));
  EXPECT_TRUE(same(a.facing, b.facing));
}

TEST(RasterTest, AnyNumberOfThreadsGivesTheSameBytes) {
  const RasterMesh mesh = Drawn(GridMesh(100, 0.3f, 0.8f));
  const std::vector<Camera> cameras = {CameraAt(20, 30, 3, 45),
                                       CameraAt(90, 5, 0.4, 70)};
  const int before = at::get_num_threads();
  Rasterizer rasterizer(mesh);
  at::set_num_threads(1);
  const RasterViews one = rasterizer.Draw(cameras, 150, 170, kEverything);
  for (int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    ExpectSameBytes(one, rasterizer.Draw(cameras, 150, 170, kEverything));
  }
  at::set_num_threads(before);
}

// A view drawn as the kernels of raster.cu do, triangle by triangle in an order
// of no meaning.
RasterViews DrawByKeys(const RasterMesh& mesh, const Camera& camera, int height,
                       int width) {
  const RasterView view = ViewOf(camera, height, width);
  const RasterGeometry geometry = GeometryOf(mesh);
  std::vector<uint64_t> keys(height * width, 0);
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  for (int32_t t = geometry.triangle_count - 1; t >= 0; --t) {
    const int count = SetupFromMesh(view, geometry, t, prims, weights);
    for (int k = 0; k < count; ++k) {
      for (int y = prims[k].top; y <= prims[k].bottom; ++y) {
        for (int x = prims[k].left; x <= prims[k].right; ++x) {
          const float z = DepthIfCovered(prims[k], x, y);
          uint64_t& key = keys[y * width + x];
          if (z > 0) key = std::max(key, RasterKey(z, t));
        }
      }
    }
  }
  RasterViews out = DrawOne(mesh, camera, height, width);
  std::vector<int64_t> pixel;
  std::vector<int32_t> face;
  for (int64_t p = 0; p < height * width; ++p) {
    if (keys[p] == 0) continue;
    pixel.push_back(p);
    face.push_back(static_cast<int32_t>(0xffffffffu - (keys[p] & 0xffffffffu)));
  }
  out.pixel = at::tensor(pixel, at::kLong);
  out.face = at::tensor(face, at::kInt);
  for (at::Tensor* values : {&out.uv, &out.uv_dx, &out.uv_dy, &out.barycentric,
                             &out.position, &out.facing}) {
    std::vector<int64_t> sizes = values->sizes().vec();
    sizes.back() = out.pixel.size(0);
    *values = at::full(sizes, -7.0f);
  }
  FragmentArrays to;
  to.count = out.pixel.size(0);
  to.face = out.face.data_ptr<int32_t>();
  to.uv = out.uv.data_ptr<float>();
  to.uv_dx = out.uv_dx.data_ptr<float>();
  to.uv_dy = out.uv_dy.data_ptr<float>();
  to.barycentric = out.barycentric.data_ptr<float>();
  to.position = out.position.data_ptr<float>();
  to.facing = out.facing.data_ptr<float>();
  for (int64_t i = 0; i < to.count; ++i) {
    WriteFragmentOfFace(view, geometry, static_cast<int32_t>(pixel[i] % width),
                        static_cast<int32_t>(pixel[i] / width), to, i);
  }
  return out;
}

TEST(RasterTest, TheGpusWayGivesTheSameBytes) {
  const RasterMesh mesh = Drawn(GridMesh(20, 0.3f, 0.8f));
  for (const Camera& camera :
       {CameraAt(20, 30, 3, 45), CameraAt(90, 5, 0.4, 70),
        CameraAt(0, 0, 0.012, 10)}) {
    const RasterViews views = DrawOne(mesh, camera, 120, 90);
    EXPECT_GT(views.fragments(), 500);
    ExpectSameBytes(views, DrawByKeys(mesh, camera, 120, 90));
  }
}

TEST(RasterTest, ABatchIsItsViewsOneAfterTheOther) {
  const RasterMesh mesh = Drawn(GridMesh(12, 0.3f, 0.8f));
  const std::vector<Camera> cameras = {CameraAt(20, 30, 3, 45),
                                       CameraAt(0, 0, 900, 10),
                                       CameraAt(200, 5, 2, 60)};
  Rasterizer rasterizer(mesh);
  const RasterViews all = rasterizer.Draw(cameras, 31, 45, kEverything);
  int64_t first = 0;
  for (int64_t v = 0; v < 3; ++v) {
    const RasterViews one = rasterizer.Draw({cameras[v]}, 31, 45, kEverything);
    const int64_t n = one.fragments();
    EXPECT_TRUE(all.triangle[v].equal(one.triangle[0]));
    EXPECT_TRUE(
        all.pixel.slice(0, first, first + n).equal(one.pixel + v * 31 * 45));
    EXPECT_TRUE(all.uv.slice(1, first, first + n).equal(one.uv));
    EXPECT_TRUE(all.facing.slice(0, first, first + n).equal(one.facing));
    first += n;
  }
  EXPECT_EQ(first, all.fragments());
}

TEST(RasterTest, FragmentsAreThePixelsThatShowATriangle) {
  const RasterMesh mesh = Drawn(GridMesh(12, 0.3f, 0.8f));
  const RasterViews views = DrawOne(mesh, CameraAt(20, 30, 5, 45), 60, 50);
  const at::Tensor shown = at::nonzero(views.triangle.view({-1}).ge(0));
  EXPECT_TRUE(views.pixel.equal(shown.view({-1})));
  EXPECT_TRUE(
      views.face.equal(views.triangle.view({-1}).index_select(0, views.pixel)));
  EXPECT_EQ(CoverageOf(views).sum().item<float>(), views.fragments());
}

TEST(RasterTest, ValuesOfFragmentsBecomeAnImageAndGradientsComeBack) {
  const RasterMesh mesh = Drawn(GridMesh(12, 0.3f, 0.8f));
  const RasterViews views = Rasterizer(mesh).Draw(
      {CameraAt(20, 30, 5, 45), CameraAt(80, 1, 4, 50)}, 20, 30);
  const at::Tensor values =
      RandomTensor({3, views.fragments()}, 1).set_requires_grad(true);
  const at::Tensor image = ToImage(values, views);
  EXPECT_EQ(image.sizes(), at::IntArrayRef({2, 3, 20, 30}));
  EXPECT_EQ(image.mul(1 - CoverageOf(views)).abs().max().item<float>(), 0);
  EXPECT_NEAR(image.sum().item<float>(), values.sum().item<float>(), 1e-2);
  const at::Tensor weight = RandomTensor({2, 3, 20, 30}, 2);
  (image * weight).sum().backward();
  const at::Tensor by_value = (values.grad() * values.detach()).sum();
  EXPECT_NEAR(by_value.item<float>(), (image * weight).sum().item<float>(),
              1e-2);
}

TEST(RasterTest, RefusesViewsOfNoSize) {
  const RasterMesh mesh = Drawn(GridMesh(2, 0));
  Rasterizer rasterizer(mesh);
  Camera flat = CameraAt(0, 0, 12, 10);
  EXPECT_THROW(rasterizer.Draw({flat}, 0, 10), c10::Error);
  EXPECT_THROW(rasterizer.Draw({flat}, 10, kMaxViewSide + 1), c10::Error);
  EXPECT_THROW(rasterizer.Draw({}, 10, 10), c10::Error);
  flat.field_of_view = 180;
  EXPECT_THROW(rasterizer.Draw({flat}, 10, 10), c10::Error);
}

}  // namespace
}  // namespace phosphene
