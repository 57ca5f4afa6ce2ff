#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/engine/objectives/shared/gram.h"
#include "server/engine/objectives/shared/moving_average.h"
#include "tests/objectives/lab.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

std::string Spec(const std::string& rest, char style = '1') {
  return "gram_style { layers { layer: 'a' } styles { image: '" +
         BlobNamed(style) + "' } " + rest + " }";
}

at::Tensor GramOf(const at::Tensor& image) {
  return Gram(TinyForward(image).at("a"));
}

TEST(GramStyleTest, IsTheMeanAbsoluteDifferenceOfGrams) {
  Lab lab(2);
  const at::Tensor target = GramOf(PictureOf(BlobNamed('1')));
  const at::Tensor own = GramOf(lab.image.detach());
  EXPECT_TRUE(at::allclose(lab.Value(Spec("")),
                           -(own - target).abs().mean({1, 2}), 1e-4));
  EXPECT_TRUE(at::allclose(lab.Value(Spec("distance: MEAN_SQUARED")),
                           -(own - target).square().mean({1, 2}), 1e-4));
  EXPECT_TRUE(at::allclose(lab.Value(Spec("distance: MEAN_L2")),
                           -(own - target).square().mean({1, 2}).sqrt(), 1e-4));
}

TEST(GramStyleTest, GramsDivideByPositionsNotChannels) {
  const at::Tensor f = Draw({1, 3, 4, 5}, 2);
  const at::Tensor flat = f.view({3, 20});
  EXPECT_TRUE(
      at::allclose(Gram(f)[0], at::mm(flat, flat.t()) / 20, 1e-5, 1e-6));
}

TEST(GramStyleTest, SeveralStylesBlendByWeight) {
  Lab lab(1);
  const std::string two =
      "gram_style { layers { layer: 'a' } styles { image: '" + BlobNamed('1') +
      "' weight: 3 } styles { image: '" + BlobNamed('2') + "' } }";
  const at::Tensor target = GramOf(PictureOf(BlobNamed('1'))) * 0.75 +
                            GramOf(PictureOf(BlobNamed('2'))) * 0.25;
  const at::Tensor expected =
      -(GramOf(lab.image.detach()) - target).abs().mean({1, 2});
  EXPECT_TRUE(at::allclose(lab.Value(two), expected, 1e-4));
}

TEST(GramStyleTest, CropsAreAtLeastAsLargeAsTheCanvas) {
  Lab lab(1, 3, 64, 48);
  lab.Make(Spec("crop_each_step: true"));
  ASSERT_EQ(lab.context.companions.size(), 1u);
  EXPECT_TRUE(lab.context.companions[0].crop_each_step);
  EXPECT_GE(lab.context.companions[0].image.size(2), 64);
  EXPECT_GE(lab.context.companions[0].image.size(3), 48);
}

TEST(GramStyleTest, AMaskLeavesTheRestOut) {
  const at::Tensor f = Draw({1, 3, 4, 4}, 2);
  at::Tensor mask = at::zeros({1, 1, 4, 4});
  mask.narrow(3, 0, 2).fill_(1);
  EXPECT_TRUE(at::allclose(Gram(f, mask), Gram(f.narrow(3, 0, 2)), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(FeatureMean(f, mask), f.narrow(3, 0, 2).mean({2, 3}),
                           1e-5, 1e-6));
}

TEST(GramStyleTest, ABlackMaskIsRefused) {
  Lab lab(1);
  lab.context.load_image =
      [](absl::string_view blob) -> absl::StatusOr<at::Tensor> {
    return blob == BlobNamed('9') ? at::zeros({1, 3, 8, 8}) : PictureOf(blob);
  };
  EXPECT_THAT(
      MakeObjective(ParseObjective(Spec("mask: '" + BlobNamed('9') + "'")),
                    lab.context)
          .status(),
      StatusIs(absl::StatusCode::kInvalidArgument, "black"));
}

TEST(GramStyleTest, AStyleScaledBeyondTheBoundIsRefused) {
  Lab lab(1);
  lab.context.load_image = [](absl::string_view) -> absl::StatusOr<at::Tensor> {
    return at::zeros({1, 3, 1000, 1000});
  };
  const std::string spec =
      "gram_style { layers { layer: 'a' } styles { image: '" + BlobNamed('1') +
      "' scale: 5 } }";
  EXPECT_THAT(MakeObjective(ParseObjective(spec), lab.context).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "5000x5000"));
}

TEST(MovingAverageTest, ValueIsTheAverageAndGradientIsFull) {
  MovingAverage average(0.95);
  StyleStatistics statistics;
  for (int64_t step = 0; step < 20; ++step) {
    statistics.gram = at::ones({1, 2, 2}).requires_grad_(true);
    const at::Tensor leaf = statistics.gram;
    average.Apply("k", step, &statistics);
    statistics.gram.sum().backward();
    EXPECT_TRUE(at::equal(leaf.grad(), at::ones({1, 2, 2})));
  }
  // 64 % of its weight after 20 steps, as the article's code.
  EXPECT_NEAR(statistics.gram[0][0][0].item<float>(), 1 - std::pow(0.95, 20),
              1e-5);
}

TEST(Wasserstein2Test, OfDiagonalGaussiansIsKnown) {
  // Means (1, 0) and 0, variances (4, 1) and (1, 9): 1 + (2-1)^2 + (1-3)^2.
  const auto moments = [](float m, float a, float b) {
    return at::tensor({a + m * m, 0.f, 0.f, b}).view({1, 2, 2});
  };
  const GaussianTarget target =
      MakeGaussianTarget(at::zeros({1, 2}), moments(0, 1, 9));
  const at::Tensor mean = at::tensor({1.f, 0.f}).view({1, 2});
  EXPECT_NEAR(Wasserstein2(mean, moments(1, 4, 1), target).item<float>(), 6,
              1e-2);
  EXPECT_NEAR(
      Wasserstein2(at::zeros({1, 2}), moments(0, 1, 9), target).item<float>(),
      0, 1e-3);
}

TEST(Wasserstein2Test, HasAFiniteGradientWithFewerPositionsThanChannels) {
  const at::Tensor f = Draw({1, 16, 2, 3}, 1).requires_grad_(true);
  const at::Tensor style = Draw({1, 16, 3, 3}, 2);
  const GaussianTarget target =
      MakeGaussianTarget(FeatureMean(style), Gram(style));
  Wasserstein2(FeatureMean(f), Gram(f), target).sum().backward();
  EXPECT_TRUE(f.grad().isfinite().all().item<bool>());
  EXPECT_LT(f.grad().abs().max().item<float>(), 10);
}

}  // namespace
}  // namespace phosphene
