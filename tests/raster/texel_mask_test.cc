// Which texels are seen, and which lie within charts.

#include "server/engine/raster/texel_mask.h"

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

// Two triangles that make a rectangle of UVs.
RasterMesh Rectangle(float u0, float v0, float u1, float v1) {
  Mesh mesh = GridMesh(1, 0);
  mesh.uvs = {{u0, v0}, {u1, v0}, {u0, v1}, {u1, v1}};
  return Drawn(mesh);
}

TEST(TexelMaskTest, CountsWhatIsSet) {
  TexelMask mask(3, 130), other(3, 130);
  mask.Set(0, 0), mask.Set(2, 129), mask.Set(2, 64), mask.Set(2, 64);
  other.Set(2, 64);
  EXPECT_EQ(mask.Count(), 3);
  EXPECT_EQ(mask.CountBoth(other), 1);
  EXPECT_TRUE(mask.Get(2, 129));
  EXPECT_FALSE(mask.Get(1, 129));
}

TEST(TexelMaskTest, AChartHasTheTexelsWhoseCentresItCovers) {
  const TexelMask mask = ChartMask(Rectangle(0.25f, 0.5f, 0.75f, 1), 8, 16);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 16; ++x)
      EXPECT_EQ(mask.Get(y, x), y < 4 && x >= 4 && x < 12) << y << " " << x;
  }
}

TEST(TexelMaskTest, ChartsWrap) {
  const TexelMask mask = ChartMask(Rectangle(-0.25f, -3.5f, 0.25f, -3), 8, 8);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x)
      EXPECT_EQ(mask.Get(y, x), y < 4 && (x < 2 || x >= 6)) << y << " " << x;
  }
}

TEST(TexelMaskTest, ChartsOfAGridLeaveNoHole) {
  for (int n : {1, 7, 40}) {
    const RasterMesh mesh = Drawn(GridMesh(n, 0.3f));
    EXPECT_EQ(ChartMask(mesh, 61, 128).Count(), 61 * 128) << n;
  }
}

TEST(TexelMaskTest, AChartOfManyTurnsSetsAll) {
  EXPECT_EQ(ChartMask(Rectangle(0, 0, 1e30f, 1), 16, 16).Count(), 256);
}

TEST(TexelMaskTest, AViewCoversTheTexelsItsGradientReaches) {
  const RasterMesh mesh = Drawn(GridMesh(6, 0.3f, 0.5f, 0.7f));
  const RasterViews views =
      Rasterizer(mesh).Draw({CameraAt(20, 30, 5, 30)}, 40, 50);
  const at::Tensor atlas = at::zeros({1, 64, 64}).set_requires_grad(true);
  SampleAtlas(atlas, views, TexelFilter::kBilinear).sum().backward();
  TexelMask mask(64, 64);
  AccumulateCoverage(views, &mask);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      if (atlas.grad()[0][y][x].item<float>() != 0) {
        EXPECT_TRUE(mask.Get(y, x)) << y << " " << x;
      }
    }
  }
  EXPECT_LE(mask.Count(), 4 * views.fragments());
}

TEST(TexelMaskTest, ManyViewsSeeMostOfSpotsCharts) {
  const Mesh mesh = SharedMesh("spot.obj");
  if (mesh.triangles.empty()) GTEST_SKIP() << "no shared meshes";
  const RasterMesh spot = Drawn(mesh);
  const TexelMask charts = ChartMask(spot, 256, 256);
  TexelMask seen(256, 256);
  Rasterizer rasterizer(spot);
  for (int i = 0; i < 40; ++i) {
    const std::vector<Camera> one = {SpreadCamera(i, 40, 12, 10)};
    AccumulateCoverage(rasterizer.Draw(one, 224, 224), &seen);
  }
  const double charted = static_cast<double>(charts.Count());
  EXPECT_GT(charted, 0.4 * 256 * 256);
  EXPECT_GT(static_cast<double>(seen.CountBoth(charts)) / charted, 0.97);
}

}  // namespace
}  // namespace phosphene
