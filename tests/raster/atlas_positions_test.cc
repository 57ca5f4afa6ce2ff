// The surface behind each texel.

#include "server/engine/raster/atlas_positions.h"

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

TEST(AtlasPositionsTest, AViewOfThePositionsShowsThePositions) {
  // Sampling the atlas of positions gives what the rasterizer says itself.
  const RasterMesh mesh = Drawn(GridMesh(9, 0.3f, 0.6f));
  TexelMask mask(256, 256);
  const at::Tensor atlas = AtlasPositions(mesh, 256, 256, &mask);
  EXPECT_EQ(mask.Count(), 256 * 256);
  RasterOptions options;
  options.position = true;
  const RasterViews views =
      Rasterizer(mesh).Draw({CameraAt(20, 30, 5, 30)}, 60, 60, options);
  const at::Tensor off = (SampleAt(atlas, views.uv, {}) - views.position).abs();
  // Not at the border, where texels of the other end are blended in.
  const at::Tensor inner = ((views.uv - 0.5).abs().amax(0) < 0.49);
  EXPECT_LT(off.index({at::indexing::Slice(), inner}).max().item<float>(),
            3e-3);
}

TEST(AtlasPositionsTest, TheMaskIsTheCharts) {
  const RasterMesh mesh = Drawn(GridMesh(5, 0.2f, 0.6f, 0.7f));
  TexelMask mask(64, 32);
  const at::Tensor atlas = AtlasPositions(mesh, 64, 32, &mask);
  const TexelMask charts = ChartMask(mesh, 64, 32);
  EXPECT_EQ(mask.words(), charts.words());
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 32; ++x) {
      if (!mask.Get(y, x)) {
        EXPECT_EQ(atlas[0][y][x].item<float>(), 0);
      }
    }
  }
}

TEST(AtlasPositionsTest, RefusesAMaskOfAnotherSize) {
  TexelMask mask(8, 9);
  EXPECT_THROW(AtlasPositions(Drawn(GridMesh(1, 0)), 8, 8, &mask), c10::Error);
}

}  // namespace
}  // namespace phosphene
