// Reading an atlas by tiles.

#include "server/engine/raster/sample_tiles.h"

#include <ATen/Parallel.h>

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

// [t,C,32,32] of the tiles named, of an atlas [C,H,W].
at::Tensor TilesOf(const at::Tensor& atlas, const at::Tensor& ids) {
  const int64_t c = atlas.size(0), rows = atlas.size(1) / kTileSide,
                columns = atlas.size(2) / kTileSide;
  return atlas.detach()
      .view({c, rows, kTileSide, columns, kTileSide})
      .permute({1, 3, 0, 2, 4})
      .reshape({rows * columns, c, kTileSide, kTileSide})
      .index_select(0, ids)
      .contiguous();
}

at::Tensor AllTiles(int64_t height, int64_t width) {
  return at::arange(height / kTileSide * (width / kTileSide), at::kLong);
}

struct Points {
  at::Tensor uv, level;
};
Points SomePoints(int64_t n, double levels) {
  return {RandomTensor({2, n}, 5),
          RandomTensor({n}, 6).abs().mul(levels / 2).clamp(0, levels)};
}

void ExpectNear(const at::Tensor& a, const at::Tensor& b) {
  const double size = b.norm().item<double>() + 1e-30;
  EXPECT_LT((a - b).norm().item<double>() / size, 1e-6);
}

TEST(SampleTilesTest, WithAllTilesItIsThePlainAtlasToItsGradient) {
  for (const auto& size :
       {std::pair<int, int>{128, 128}, {64, 256}, {96, 96}}) {
    const int64_t h = size.first, w = size.second;
    // 96 ends at level 5, 64x256 at level 6: plain levels go on.
    const Points points = SomePoints(4000, h == 96 ? 5 : 6);
    const at::Tensor atlas = RandomTensor({3, h, w}, 1).set_requires_grad(true);
    const at::Tensor ids = AllTiles(h, w);
    const at::Tensor texels = TilesOf(atlas, ids).set_requires_grad(true);
    const at::Tensor y = RandomTensor({3, 4000}, 2);
    const at::Tensor want = SampleAt(atlas, points.uv, points.level);
    const at::Tensor got =
        SampleTilesAt(texels, {h, w, ids, {}}, points.uv, points.level);
    EXPECT_TRUE(got.equal(want)) << h << "x" << w;
    want.backward(y);
    got.backward(y);
    ExpectNear(texels.grad(), TilesOf(atlas.grad(), ids));
  }
}

TEST(SampleTilesTest, TouchedTilesAndTheMeansOfTheRestAreEnough) {
  const RasterMesh mesh = Drawn(GridMesh(12, 0.3f, 0.8f, 0.4f));
  const RasterViews views = Rasterizer(mesh).Draw(
      {CameraAt(20, 30, 5, 30), CameraAt(75, 10, 3, 60)}, 40, 50);
  const int64_t side = 256;
  const at::Tensor atlas = RandomTensor({3, side, side}, 1);
  for (TexelFilter filter : {TexelFilter::kTrilinear, TexelFilter::kBilinear}) {
    const at::Tensor ids = TouchedTiles(views, side, side, filter);
    ASSERT_GT(ids.size(0), 1);
    ASSERT_LT(ids.size(0), 64);
    const at::Tensor rest = at::avg_pool2d(atlas, kTileSide);
    const at::Tensor leaf = atlas.clone().set_requires_grad(true);
    const at::Tensor texels = TilesOf(atlas, ids).set_requires_grad(true);
    const at::Tensor want = SampleAtlas(leaf, views, filter);
    const at::Tensor got =
        SampleTiles(texels, {side, side, ids, rest}, views, filter);
    ExpectNear(got, want);
    const at::Tensor y = RandomTensor({2, 3, 40, 50}, 2);
    want.backward(y);
    got.backward(y);
    ExpectNear(texels.grad(), TilesOf(leaf.grad(), ids));
  }
}

TEST(SampleTilesTest, TouchedTilesAreThoseWithAGradient) {
  const int64_t side = 256;
  const at::Tensor uv = RandomTensor({2, 25}, 9);
  const at::Tensor level = RandomTensor({25}, 10).abs().clamp(0, 5);
  const at::Tensor leaf =
      RandomTensor({1, side, side}, 1).set_requires_grad(true);
  SampleAt(leaf, uv, level).sum().backward();
  const at::Tensor moved =
      TilesOf(leaf.grad(), AllTiles(side, side)).abs().amax({1, 2, 3}).gt(0);
  const at::Tensor touched = TouchedTilesAt(uv, level, side, side);
  EXPECT_TRUE(touched.equal(at::nonzero(moved).view({-1})));
}

TEST(SampleTilesTest, WhatIsNotGivenReadsItsMeanAtCoarseLevelsAlone) {
  const int64_t side = 128;
  const at::Tensor ids = at::tensor({0}, at::kLong);
  const at::Tensor texels = at::ones({1, 1, 32, 32});
  const at::Tensor uv = at::tensor({0.1f, 0.9f, 0.9f, 0.1f}).view({2, 2});
  const TileTable bare = {side, side, ids, {}};
  const at::Tensor fine = SampleTilesAt(texels, bare, uv, {});
  EXPECT_EQ(fine[0][0].item<float>(), 1);
  EXPECT_EQ(fine[0][1].item<float>(), 0);
  // Level 7 is one texel: a tile of 16, or all of them.
  const at::Tensor coarse = at::full({2}, 7.0f);
  EXPECT_EQ(SampleTilesAt(texels, bare, uv, coarse)[0][0].item<float>(),
            1.0f / 16);
  const TileTable rested = {side, side, ids, at::ones({1, 4, 4})};
  EXPECT_EQ(SampleTilesAt(texels, rested, uv, coarse)[0][1].item<float>(), 1);
}

TEST(SampleTilesTest, AnyNumberOfThreadsGivesTheSameBytes) {
  const Points points = SomePoints(20000, 8);
  const at::Tensor y = RandomTensor({4, 20000}, 3);
  const at::Tensor ids = AllTiles(256, 256);
  const int before = at::get_num_threads();
  at::Tensor gradient;
  for (int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const at::Tensor texels =
        RandomTensor({64, 4, 32, 32}, 1).set_requires_grad(true);
    SampleTilesAt(texels, {256, 256, ids, {}}, points.uv, points.level)
        .backward(y);
    if (threads == 1) gradient = texels.grad();
    EXPECT_TRUE(gradient.equal(texels.grad())) << threads;
  }
  at::set_num_threads(before);
}

TEST(SampleTilesTest, RefusesSidesThatAreNoWholeTiles) {
  const at::Tensor uv = at::zeros({2, 1});
  EXPECT_THROW(TouchedTilesAt(uv, {}, 100, 128), c10::Error);
  EXPECT_THROW(TouchedTilesAt(uv, {}, 32768, 128), c10::Error);
  EXPECT_THROW(SampleTilesAt(at::zeros({2, 1, 32, 32}),
                             {64, 64, at::tensor({0}, at::kLong), {}}, uv, {}),
               c10::Error);
}

}  // namespace
}  // namespace phosphene
