#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

at::Tensor Behind(v1::RandomBackgroundTransform::Kind kind, int64_t size,
                  float alpha, int64_t step = 0) {
  v1::Transform spec;
  spec.mutable_random_background()->set_kind(kind);
  const at::Tensor color = at::full({1, 3, size, size}, 0.4f);
  const at::Tensor image =
      at::cat({color, at::full({1, 1, size, size}, alpha)}, 1);
  return MakeTransform(spec)->Apply(image, {1, step, 0});
}

TEST(RandomBackgroundTest, OpaqueImagesHideIt) {
  EXPECT_TRUE(
      at::allclose(Behind(v1::RandomBackgroundTransform::FOURIER, 32, 1),
                   at::full({1, 3, 32, 32}, 0.4f), 1e-3, 1e-3));
}

TEST(RandomBackgroundTest, CompositesInLinearLight) {
  // Half of white light over black is 0.5^(1/2.2), not 0.5.
  const float half =
      Behind(v1::RandomBackgroundTransform::WHITE, 4, 0.5f)[0][0][0][0]
          .item<float>();
  EXPECT_NEAR(half, std::pow(0.5 * std::pow(0.4, 2.2) + 0.5, 1 / 2.2), 1e-4);
}

// The article's backgrounds are saturated blobs: at 320 pixels a standard
// deviation of .35 in linear light, and a spectrum that falls off.
TEST(RandomBackgroundTest, FourierIsStrongAndSmooth) {
  std::vector<at::Tensor> pictures;
  for (int64_t step = 0; step < 16; ++step) {
    pictures.push_back(
        Behind(v1::RandomBackgroundTransform::FOURIER, 320, 0, step));
  }
  const at::Tensor views = at::cat(pictures).pow(2.2);
  const double sd = views.std().item<double>();
  EXPECT_NEAR(sd, 0.35, 0.04);
  EXPECT_LT(views.diff(1, 3).square().mean().sqrt().item<double>(), 0.2 * sd);
}

TEST(RandomBackgroundTest, CheckerboardHasEightFields) {
  const at::Tensor row =
      Behind(v1::RandomBackgroundTransform::CHECKERBOARD, 64, 0)[0][0][0];
  EXPECT_EQ((row.diff().abs() > 0.5).sum().item<int64_t>(), 7);
}

}  // namespace
}  // namespace phosphene
