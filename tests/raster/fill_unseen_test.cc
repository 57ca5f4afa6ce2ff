// Texels nobody saw.

#include "server/engine/raster/fill_unseen.h"

#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

// About a third of the texels, in blots.
TexelMask Blots(int64_t height, int64_t width) {
  TexelMask mask(height, width);
  const at::Tensor noise =
      at::avg_pool2d(RandomTensor({1, 1, height + 4, width + 4}, 3), 5, 1);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      if (noise[0][0][y][x].item<float>() > 0.1f) mask.Set(y, x);
    }
  }
  return mask;
}

at::Tensor AsTensor(const TexelMask& mask) {
  at::Tensor out = at::zeros({mask.height(), mask.width()}, at::kBool);
  for (int64_t y = 0; y < mask.height(); ++y) {
    for (int64_t x = 0; x < mask.width(); ++x) out[y][x] = mask.Get(y, x);
  }
  return out;
}

TEST(FillUnseenTest, WhatIsKnownKeepsItsBitsAndTheRestLiesBetween) {
  for (const auto& size : {std::pair<int, int>{32, 32}, {17, 45}, {1, 9}}) {
    const TexelMask mask = Blots(size.first, size.second);
    if (mask.Count() == 0) continue;
    const at::Tensor inside = AsTensor(mask);
    const at::Tensor known = RandomTensor({3, size.first, size.second}, 1);
    // What is outside must not matter.
    const at::Tensor a = FillUnseen(at::where(inside, known, NAN), mask);
    const at::Tensor b = FillUnseen(at::where(inside, known, -1e9f), mask);
    EXPECT_TRUE(a.equal(b));
    EXPECT_TRUE(at::where(inside, a, 0).equal(at::where(inside, known, 0)));
    for (int c = 0; c < 3; ++c) {
      const at::Tensor values = known[c].masked_select(inside);
      EXPECT_LE(a[c].max().item<float>(), values.max().item<float>() + 1e-5);
      EXPECT_GE(a[c].min().item<float>(), values.min().item<float>() - 1e-5);
    }
  }
}

TEST(FillUnseenTest, NearTexelsComeBeforeFarOnes) {
  // Left half 1, right half 0, known in two columns only.
  TexelMask mask(16, 16);
  at::Tensor image = at::zeros({1, 16, 16});
  for (int y = 0; y < 16; ++y) {
    mask.Set(y, 2), mask.Set(y, 13);
    image[0][y][2] = 1;
  }
  const at::Tensor out = FillUnseen(image, mask);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x)
      EXPECT_EQ(out[0][y][x].item<float>(), x < 8 ? 1 : 0);
  }
}

TEST(FillUnseenTest, IslandsBleedNothingIntoCoarserLevels) {
  const TexelMask mask = Blots(64, 64);
  const at::Tensor inside = AsTensor(mask);
  at::Tensor level =
      FillUnseen(at::where(inside, at::ones({1, 64, 64}), -5.0f), mask);
  for (; level.size(1) > 1; level = at::avg_pool2d(level, 2))
    EXPECT_LT((level - 1).abs().max().item<float>(), 1e-5);
}

TEST(FillUnseenTest, AnEmptyMaskLeavesTheImage) {
  const at::Tensor image = RandomTensor({2, 8, 8}, 1);
  EXPECT_TRUE(FillUnseen(image, TexelMask(8, 8)).equal(image));
  EXPECT_THROW(FillUnseen(image, TexelMask(8, 9)), c10::Error);
}

}  // namespace
}  // namespace phosphene
