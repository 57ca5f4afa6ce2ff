// The step of colour across seams.

#include "server/engine/raster/seam_points.h"

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

SurfaceEdge Seam(Vec2 a0, Vec2 a1, Vec2 b0, Vec2 b1) {
  SurfaceEdge edge;
  edge.side[0].uv = {a0, a1};
  edge.side[1].uv = {b0, b1};
  return edge;
}

std::vector<SurfaceEdge> SomeSeams() {
  return {Seam({0.1f, 0.2f}, {0.3f, 0.4f}, {0.9f, 0.2f}, {0.9f, 0.5f}),
          Seam({0.5f, 0.5f}, {0.5f, 0.9f}, {1.2f, -0.3f}, {1.1f, -0.2f})};
}

TEST(SeamPointsTest, PointsStandEveryTwoTexelsAtTheSamePlacesOfBothSides) {
  // 16 texels on the longer side: 8 points; no length: one.
  const at::Tensor points =
      SeamPoints({Seam({0, 0.5f}, {0.25f, 0.5f}, {0.5f, 0}, {0.5f, 0.125f}),
                  Seam({0.3f, 0.3f}, {0.3f, 0.3f}, {0.6f, 0.6f}, {0.6f, 0.6f})},
                 64, 64);
  ASSERT_EQ(points.size(1), 9);
  for (int i = 0; i < 8; ++i) {
    const float share = (static_cast<float>(i) + 0.5f) / 8;
    EXPECT_NEAR(points[0][i].item<float>(), 0.25f * share, 1e-6);
    EXPECT_NEAR(points[1][i].item<float>(), 0.5f, 1e-6);
    EXPECT_NEAR(points[2][i].item<float>(), 0.5f, 1e-6);
    EXPECT_NEAR(points[3][i].item<float>(), 0.125f * share, 1e-6);
  }
}

TEST(SeamPointsTest, LongSeamsAreSpacedWiderThanMemory) {
  const at::Tensor points = SeamPoints(
      {Seam({0, 0}, {1e9f, 0}, {0, 0}, {1, 1}), SomeSeams()[0]}, 4096, 4096);
  EXPECT_LE(points.size(1), kMaxSeamPoints + 2);
  EXPECT_TRUE(points.isfinite().all().item<bool>());
}

TEST(SeamPointsTest, TheLossIsTheMeanSquareOverPointsChannelsAndLevels) {
  const at::Tensor points = SeamPoints(SomeSeams(), 64, 64);
  at::Tensor atlas = RandomTensor({3, 64, 64}, 1);
  double want = 0;
  for (int l = 0; l < 3; ++l) {
    const at::Tensor level = at::full({points.size(1)}, static_cast<float>(l));
    const at::Tensor a = SampleAt(atlas, points.slice(0, 0, 2), level);
    const at::Tensor b = SampleAt(atlas, points.slice(0, 2, 4), level);
    want += (a - b).square().mean().item<double>() / 3;
  }
  EXPECT_NEAR(SeamLoss(atlas, points, 3).item<double>(), want, 1e-5);
  EXPECT_LT(SeamLoss(at::ones({3, 64, 64}), points, 3).item<float>(), 1e-12);
  // As many levels as there are.
  EXPECT_TRUE(SeamLoss(atlas, points, 100).isfinite().item<bool>());
}

TEST(SeamPointsTest, TheGradientEqualsFiniteDifferences) {
  const at::Tensor points = SeamPoints(SomeSeams(), 32, 32);
  const at::Tensor atlas = RandomTensor({3, 32, 32}, 1);
  const at::Tensor leaf = atlas.clone().set_requires_grad(true);
  SeamLoss(leaf, points, 3).backward();
  for (uint64_t d = 0; d < 3; ++d) {
    const at::Tensor direction = RandomTensor({3, 32, 32}, 30 + d);
    const double h = 1e-2;
    const double by_steps =
        (SeamLoss(atlas + h * direction, points, 3).item<double>() -
         SeamLoss(atlas - h * direction, points, 3).item<double>()) /
        (2 * h);
    EXPECT_NEAR((leaf.grad() * direction).sum().item<double>(), by_steps,
                1e-3 * std::abs(by_steps) + 1e-5);
  }
}

TEST(SeamPointsTest, DescentClosesTheSeam) {
  const at::Tensor points = SeamPoints(SomeSeams(), 32, 32);
  at::Tensor atlas = RandomTensor({3, 32, 32}, 1);
  const float before = SeamLoss(atlas, points, 1).item<float>();
  for (int step = 0; step < 50; ++step) {
    const at::Tensor leaf = atlas.clone().set_requires_grad(true);
    SeamLoss(leaf, points, 1).backward();
    atlas = atlas - 3 * leaf.grad();
  }
  EXPECT_LT(SeamLoss(atlas, points, 1).item<float>(), 0.2f * before);
}

TEST(SeamPointsTest, TilesGiveTheSameLossAndGradient) {
  const int64_t side = 128;
  const at::Tensor points = SeamPoints(SomeSeams(), side, side);
  const at::Tensor leaf =
      RandomTensor({3, side, side}, 1).set_requires_grad(true);
  const at::Tensor ids = SeamTiles(points, 3, side, side);
  ASSERT_LT(ids.size(0), 16);
  const auto tiles_of = [&](const at::Tensor& atlas) {
    return atlas.detach()
        .view({3, 4, 32, 4, 32})
        .permute({1, 3, 0, 2, 4})
        .reshape({16, 3, 32, 32})
        .index_select(0, ids);
  };
  const at::Tensor texels = tiles_of(leaf).set_requires_grad(true);
  const TileTable table = {side, side, ids, {}};
  const at::Tensor want = SeamLoss(leaf, points, 3);
  const at::Tensor got = SeamTileLoss(texels, table, points, 3);
  EXPECT_NEAR(got.item<float>(), want.item<float>(), 1e-6);
  want.backward();
  got.backward();
  EXPECT_TRUE(texels.grad().allclose(tiles_of(leaf.grad()), 1e-5, 1e-8));
  EXPECT_EQ(SeamPointsWithin(table, points, 3).size(0), points.size(1));
}

TEST(SeamPointsTest, PointsWithoutTheirTilesAreLeftOut) {
  const int64_t side = 128;
  const at::Tensor points = SeamPoints(SomeSeams(), side, side);
  // The tiles of the first seam alone.
  const at::Tensor first = SeamPoints({SomeSeams()[0]}, side, side);
  const TileTable table = {side, side, SeamTiles(first, 3, side, side), {}};
  const at::Tensor within = SeamPointsWithin(table, points, 3);
  EXPECT_GE(within.size(0), first.size(1));
  EXPECT_LT(within.size(0), points.size(1));
  EXPECT_LT(within.slice(0, 0, first.size(1)).max().item<int64_t>(),
            first.size(1));
}

TEST(SeamPointsTest, NoSeamIsNoLossAndNoGradient) {
  const at::Tensor points = SeamPoints({}, 32, 32);
  EXPECT_EQ(points.size(1), 0);
  const at::Tensor leaf = RandomTensor({3, 32, 32}, 1).set_requires_grad(true);
  const at::Tensor loss = SeamLoss(leaf, points, 3);
  EXPECT_EQ(loss.item<float>(), 0);
  loss.backward();
  EXPECT_EQ(leaf.grad().abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace phosphene
