#include "server/engine/optimizers/normalize.h"

#include <gtest/gtest.h>

#include <cmath>

namespace phosphene {
namespace {

ParamTensor WithGradient(const std::string& name, const at::Tensor& gradient,
                         bool per_row = true) {
  at::Tensor value = at::zeros_like(gradient).set_requires_grad(true);
  value.mutable_grad() = gradient.clone();
  return {name, value, per_row};
}

TEST(NormalizeGradients, MeanAbsIsOneOverAllTensorsOfARow) {
  const std::vector<ParamTensor> p = {
      WithGradient("a", at::tensor({1.f, 3.f, -8.f, 8.f}).view({2, 2})),
      WithGradient("b", at::tensor({5.f, 0.f}).view({2, 1}))};
  NormalizeGradients(v1::Optimizer::MEAN_ABS, p);
  for (int64_t row = 0; row < 2; ++row) {
    const at::Tensor all =
        at::cat({p[0].value.grad()[row], p[1].value.grad()[row]});
    EXPECT_NEAR(all.abs().mean().item<double>(), 1, 1e-6);
  }
}

TEST(NormalizeGradients, UnitNormLeavesTheDirection) {
  const std::vector<ParamTensor> p = {
      WithGradient("a", at::tensor({3.f, 4.f}).view({1, 2}))};
  NormalizeGradients(v1::Optimizer::UNIT_NORM, p);
  EXPECT_TRUE(at::allclose(p[0].value.grad()[0], at::tensor({.6f, .8f})));
}

TEST(NormalizeGradients, ZeroStaysZero) {
  for (const auto how : {v1::Optimizer::MEAN_ABS, v1::Optimizer::UNIT_NORM,
                         v1::Optimizer::LAPLACIAN}) {
    const std::vector<ParamTensor> p = {
        WithGradient("a", at::zeros({1, 3, 16, 16}))};
    NormalizeGradients(how, p);
    EXPECT_EQ(p[0].value.grad().abs().sum().item<double>(), 0);
  }
}

TEST(NormalizeGradients, NoneChangesNothing) {
  const std::vector<ParamTensor> p = {
      WithGradient("a", at::tensor({3.f, 4.f}).view({1, 2}))};
  NormalizeGradients(v1::Optimizer::NONE, p);
  EXPECT_TRUE(at::equal(p[0].value.grad()[0], at::tensor({3.f, 4.f})));
}

// A loud fine pattern over a faint coarse one: afterwards both are heard.
TEST(LaplacianNormalized, LiftsFaintBandsToTheLevelOfLoudOnes) {
  const at::Tensor x = at::arange(64, at::kFloat);
  const at::Tensor coarse = at::sin(x * (2 * M_PI / 32)).expand({1, 64, 64});
  const at::Tensor fine = at::cos(x * M_PI).expand({1, 64, 64});
  const auto share = [&coarse](const at::Tensor& image) {
    return (image * coarse).sum().item<double>() /
           coarse.square().sum().item<double>();
  };
  const at::Tensor loud = fine + coarse * .01;
  EXPECT_NEAR(share(loud), .01, 1e-3);
  EXPECT_GT(share(LaplacianNormalized(loud)), .5);
}

TEST(LaplacianNormalized, DoesNotDependOnTheGradientsScale) {
  const at::Tensor g =
      at::sin(at::arange(3 * 37 * 50, at::kFloat).square()).view({3, 37, 50});
  EXPECT_TRUE(at::allclose(LaplacianNormalized(g),
                           LaplacianNormalized(g * 1000), 1e-4, 1e-5));
}

// Of a tile no place is special, whatever its size: rolled gradients give
// rolled bands.
TEST(LaplacianNormalized, OfATileIsTheSameHoweverItIsRolled) {
  for (const int64_t side : {64, 57, 5}) {
    const at::Tensor g = at::sin(at::arange(3 * side * 48, at::kFloat).square())
                             .view({3, side, 48});
    const at::Tensor expected =
        at::roll(LaplacianNormalized(g, true), {3, 17}, {1, 2});
    EXPECT_TRUE(
        at::allclose(LaplacianNormalized(at::roll(g, {3, 17}, {1, 2}), true),
                     expected, 1e-4, 1e-4));
  }
}

// What lies in the four bands and the rest is there with RMS 1 each: of a sine
// that fits the tile, and under a fine pattern that the first band takes away.
TEST(LaplacianNormalized, OfATileLiftsFaintBandsToo) {
  const at::Tensor x = at::arange(64, at::kFloat);
  const at::Tensor coarse = at::sin(x * (2 * M_PI / 32)).expand({1, 64, 64});
  const at::Tensor loud = at::cos(x * M_PI).expand({1, 64, 64}) + coarse * .01;
  const double share =
      (LaplacianNormalized(loud, true) * coarse).sum().item<double>() /
      coarse.square().sum().item<double>();
  EXPECT_NEAR(share, 4 * std::sqrt(2.0), .1);
}

TEST(LaplacianNormalized, OfAnOddOrTinyTileIsFinite) {
  for (const int64_t side : {1, 2, 3, 17, 67}) {
    const at::Tensor g = at::sin(at::arange(3 * side * (side + 1), at::kFloat))
                             .view({3, side, side + 1});
    EXPECT_TRUE(LaplacianNormalized(g, true).isfinite().all().item<bool>());
  }
}

TEST(CorrelateColors, MixesEachPixelAndBringsEachRowToSpreadOne) {
  const at::Tensor g = at::sin(at::arange(2 * 3 * 4 * 5, at::kFloat).square())
                           .view({2, 3, 4, 5}) *
                       at::tensor({1.f, 50.f}).view({2, 1, 1, 1});
  const std::vector<ParamTensor> p = {WithGradient("pixels", g)};
  CorrelateColors(p);
  const double mix[3][3] = {
      {.1591, .0692, .0629}, {.0692, .1554, .0711}, {.0629, .0711, .1620}};
  for (int64_t row = 0; row < 2; ++row) {
    at::Tensor mixed = at::zeros({3, 4, 5}, at::kDouble);
    for (int to = 0; to < 3; ++to) {
      for (int from = 0; from < 3; ++from)
        mixed[to] += g[row][from].to(at::kDouble) * mix[to][from];
    }
    const at::Tensor now = p[0].value.grad()[row].to(at::kDouble);
    EXPECT_TRUE(at::allclose(now, mixed / mixed.std(false), 1e-4, 1e-5));
    EXPECT_NEAR(now.std(false).item<double>(), 1, 1e-5);
  }
}

TEST(CorrelateColors, LeavesZeroAndWhatIsNoRgbImageAlone) {
  const at::Tensor spectrum = at::ones({1, 3, 4, 3, 2}),
                   rgba = at::ones({1, 4, 4, 4});
  const std::vector<ParamTensor> p = {
      WithGradient("dark", at::zeros({1, 3, 4, 4})),
      WithGradient("spectrum", spectrum), WithGradient("rgba", rgba)};
  CorrelateColors(p);
  EXPECT_EQ(p[0].value.grad().abs().max().item<float>(), 0);
  EXPECT_TRUE(at::equal(p[1].value.grad(), spectrum));
  EXPECT_TRUE(at::equal(p[2].value.grad(), rgba));
}

}  // namespace
}  // namespace phosphene
