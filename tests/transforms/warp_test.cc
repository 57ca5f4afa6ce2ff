// What single warps do, against values worked out by hand.

#include "server/engine/transforms/warp.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

at::Tensor Row(std::initializer_list<float> values) {
  return at::tensor(std::vector<float>(values)).view({1, 1, 1, -1});
}

at::Tensor Warped(const at::Tensor& image, WarpPath path) {
  std::vector<WarpPath> paths;
  paths.push_back(std::move(path));
  return RunWarp(image, std::move(paths));
}

TEST(WarpTest, ResizeSamplesAsTensorFlow1) {
  WarpPath path(1, 4);
  path.Resize(1, 6);
  // source = i * 4/6; the last one lies beyond pixel 3 and stays on it.
  const at::Tensor expected = Row({0, 20.f / 3, 40.f / 3, 20, 80.f / 3, 30});
  EXPECT_TRUE(
      at::allclose(Warped(Row({0, 10, 20, 30}), path), expected, 1e-6, 1e-5));
}

TEST(WarpTest, QuarterTurnGoesCounterClockwise) {
  const at::Tensor image = at::arange(25, at::kFloat).view({1, 1, 5, 5});
  WarpPath path(5, 5);
  path.Rotate(M_PI / 2, false);
  EXPECT_TRUE(at::equal(Warped(image, path), at::rot90(image, 1, {2, 3})));
}

TEST(WarpTest, BilinearQuarterTurnIsTheNearestOne) {
  const at::Tensor image = at::arange(25, at::kFloat).view({1, 1, 5, 5});
  WarpPath path(5, 5);
  path.Rotate(M_PI / 2, true);
  EXPECT_TRUE(at::allclose(Warped(image, path), at::rot90(image, 1, {2, 3}),
                           1e-4, 1e-4));
}

TEST(WarpTest, RotationFillsWithZero) {
  WarpPath path(9, 9);
  path.Rotate(M_PI / 4, false);
  const at::Tensor out = Warped(at::ones({1, 1, 9, 9}), path);
  EXPECT_EQ(out[0][0][0][0].item<float>(), 0);
  EXPECT_EQ(out[0][0][8][8].item<float>(), 0);
  EXPECT_EQ(out[0][0][4][4].item<float>(), 1);
}

TEST(WarpTest, TheLaterBorderCoversTheEarlierOne) {
  WarpPath path(1, 1);
  path.Index({-1, 0, -1}, {-1, 0, -1}, 0.25f);
  path.Index({-1, 0, 1, 2, -1}, {0, 1, 2}, 0.75f);
  const at::Tensor out = Warped(at::ones({1, 1, 1, 1}), path).squeeze();
  EXPECT_EQ(out[0][0].item<float>(), 0.75f);
  EXPECT_EQ(out[1][0].item<float>(), 0.25f);
  EXPECT_EQ(out[2][1].item<float>(), 1.0f);
}

TEST(WarpTest, BordersBlendIntoAResize) {
  WarpPath path(1, 2);
  path.Index({0}, {-1, 0, 1}, 0.5f);
  path.Resize(1, 6);
  const at::Tensor expected = Row({0.5f, 0.75f, 1, 2, 3, 3});
  EXPECT_TRUE(at::allclose(Warped(Row({1, 3}), path), expected));
}

TEST(WarpTest, ASecondResizeOpensASecondPass) {
  WarpPath path(8, 8);
  path.Resize(10, 10);
  path.Rotate(0.3, false);
  path.Index(WarpRange(1, 8, 10), WarpRange(0, 9, 10), 0);
  EXPECT_EQ(path.segments().size(), 1u);
  path.Resize(7, 7);
  EXPECT_EQ(path.segments().size(), 2u);
  EXPECT_EQ(path.height(), 7);
}

TEST(WarpTest, FourthChannelBordersAreTransparent) {
  WarpPath path(2, 2);
  path.Index({-1, 0, 1}, {0, 1}, 0.5f);
  const at::Tensor out = Warped(at::ones({1, 4, 2, 2}), path);
  EXPECT_EQ(out[0][0][0][0].item<float>(), 0.5f);
  EXPECT_EQ(out[0][3][0][0].item<float>(), 0.0f);
}

TEST(WarpTest, RefusesRowsOfUnequalSize) {
  std::vector<WarpPath> paths;
  paths.emplace_back(4, 4);
  paths.emplace_back(4, 4);
  paths[1].Resize(5, 5);
  EXPECT_THROW(RunWarp(at::ones({2, 1, 4, 4}), std::move(paths)), c10::Error);
}

}  // namespace
}  // namespace phosphene
