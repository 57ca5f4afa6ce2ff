// Single objectives against their formulas, worked out apart from them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/engine/objectives/shared/cosine.h"
#include "server/engine/objectives/shared/gram.h"
#include "server/engine/objectives/shared/little_blur.h"
#include "tests/objectives/lab.h"

namespace phosphene {
namespace {

// A view of given activations alone.
class Given {
 public:
  Given(const std::string& layer, const at::Tensor& value)
      : activations_{{layer, value}} {
    view_.rows = value.size(0);
    view_.activations = &activations_;
  }
  at::Tensor Value(const std::string& text) {
    Lab lab(view_.rows);
    return lab.Make(text)->Value(view_);
  }

 private:
  std::map<std::string, at::Tensor> activations_;
  StepView view_;
};

at::Tensor Map(int64_t rows, int64_t height = 5, int64_t width = 6) {
  return Draw({rows, 4, height, width}, 21);
}

TEST(ObjectiveValueTest, ChannelIsTheMeanOverPositions) {
  const at::Tensor a = Map(2);
  EXPECT_TRUE(
      at::allclose(Given("a", a).Value("channel { layer: 'a' channel: 3 }"),
                   a.select(1, 3).flatten(1).mean(1)));
}

TEST(ObjectiveValueTest, NeuronIsTheCentreOrThePosition) {
  const at::Tensor a = Map(1);
  const auto value = [&](const std::string& rest) {
    return Given("a", a)
        .Value("neuron { layer: 'a' channel: 1 " + rest + " }")
        .item<float>();
  };
  EXPECT_EQ(value(""), a[0][1][2][3].item<float>());
  EXPECT_EQ(value("x: 5 y: 0"), a[0][1][0][5].item<float>());
  EXPECT_EQ(value("x: 50 y: 0"), a[0][1][0][5].item<float>());
}

TEST(ObjectiveValueTest, TokensCountAsPositions) {
  const at::Tensor tokens = Draw({2, 7, 4}, 3);  // [N,T,C]
  EXPECT_TRUE(at::allclose(
      Given("a", tokens).Value("channel { layer: 'a' channel: 2 }"),
      tokens.select(2, 2).mean(1)));
}

TEST(ObjectiveValueTest, DirectionWithoutPowerIsTheDotProduct) {
  const at::Tensor a = Map(2);
  const at::Tensor v = at::tensor({1.f, -2.f, 0.f, 0.5f}).view({1, 4, 1, 1});
  EXPECT_TRUE(at::allclose(
      Given("a", a).Value("direction { layer: 'a' vector: [1, -2, 0, 0.5] }"),
      (a * v).sum(1).mean({1, 2})));
}

TEST(ObjectiveValueTest, CosineIsFlooredAtATenth) {
  const at::Tensor a = at::tensor({-3.f, 0.f}).view({1, 2, 1, 1});
  const at::Tensor v = at::tensor({2.f, 0.f}).view({1, 2, 1, 1});
  EXPECT_NEAR(DotCosine(a, v, 2).item<float>(), -6 * 0.01, 1e-5);
  EXPECT_NEAR(DotCosine(-a, v, 2).item<float>(), 6, 1e-2);
}

TEST(ObjectiveValueTest, DeadPositionsHaveAZeroGradientNotNan) {
  const at::Tensor a = at::zeros({1, 2, 1, 1}).requires_grad_(true);
  DotCosine(a, at::ones({1, 2, 1, 1}), 1).sum().backward();
  EXPECT_TRUE(a.grad().isfinite().all().item<bool>());
}

TEST(ObjectiveValueTest, RandomDirectionsFollowTheirSeed) {
  Given given("a", Map(1));
  const auto value = [&](int seed) {
    return given.Value(
        absl::StrCat("direction { layer: 'a' random_seed: ", seed, " }"));
  };
  EXPECT_TRUE(at::equal(value(4), value(4)));
  EXPECT_FALSE(at::equal(value(4), value(5)));
}

TEST(ObjectiveValueTest, ASpatialPatternLiesOnTheCentre) {
  at::Tensor a = at::zeros({1, 4, 5, 5});
  a[0][2][2][1] = 8;  // left cell of the centre 1 x 3
  const std::string spec =
      "spatial_direction { layer: 'a' height: 1 width: 3 pattern: [0, 0, 0, "
      "0, 0, 0, 1, 0, 0, 0, 0, 0] }";
  EXPECT_NEAR(Given("a", a).Value(spec).item<float>(), 8.0 / 3, 1e-6);
}

TEST(ObjectiveValueTest, InterpolationRunsFromOneChannelToTheOther) {
  const at::Tensor a = Map(3);
  const at::Tensor value = Given("a", a).Value(
      "channel_interpolate { from_layer: 'a' from_channel: 0 to_layer: 'a' "
      "to_channel: 1 }");
  const at::Tensor mean = a.mean({2, 3});
  EXPECT_NEAR(value[0].item<float>(), mean[0][0].item<float>(), 1e-6);
  EXPECT_NEAR(value[1].item<float>(),
              0.5 * (mean[1][0] + mean[1][1]).item<float>(), 1e-6);
  EXPECT_NEAR(value[2].item<float>(), mean[2][1].item<float>(), 1e-6);
}

TEST(ObjectiveValueTest, AlignmentSumsOverPairsUpToFourApart) {
  const at::Tensor a = Map(6);
  double expected = 0;
  for (int d = 1; d <= 4; ++d) {
    for (int i = 0; i + d < 6; ++i) {
      expected -=
          (a[i] - a[i + d]).square().mean().item<double>() / std::pow(5, d);
    }
  }
  const at::Tensor value =
      Given("a", a).Value("alignment { layer: 'a' decay_ratio: 5 }");
  EXPECT_NEAR(value.sum().item<double>(), expected, 1e-5);
}

TEST(ObjectiveValueTest, AlignmentOfAGridSumsOverItsLinesAndColumns) {
  const at::Tensor a = Map(6);
  double expected = 0;
  const auto pair = [&](int i, int j, int d) {
    expected -= (a[i] - a[j]).square().mean().item<double>() / std::pow(5, d);
  };
  for (int line = 0; line < 2; ++line) {
    pair(line * 3, line * 3 + 1, 1);
    pair(line * 3 + 1, line * 3 + 2, 1);
    pair(line * 3, line * 3 + 2, 2);
  }
  for (int column = 0; column < 3; ++column) pair(column, column + 3, 1);
  const at::Tensor value =
      Given("a", a).Value("alignment { layer: 'a' decay_ratio: 5 columns: 3 }");
  EXPECT_NEAR(value.sum().item<double>(), expected, 1e-5);
}

TEST(ObjectiveValueTest, DiversityIsMinusTheMeanCosineOfGrams) {
  const at::Tensor a = Map(2);
  const at::Tensor g = Gram(a).flatten(1);
  const double cosine =
      ((g[0] * g[1]).sum() / (g[0].norm() * g[1].norm())).item<double>();
  const at::Tensor value = Given("a", a).Value("diversity { layer: 'a' }");
  EXPECT_NEAR(value.mean().item<double>(), -cosine, 1e-5);
}

TEST(ObjectiveValueTest, PenaltiesAreSums) {
  const at::Tensor x = at::tensor({0.f, 1.f, 3.f, 2.f}).view({1, 1, 2, 2});
  Given given("a", x);
  EXPECT_NEAR(given.Value("total_variation { layer: 'a' }").item<float>(),
              3 + 1 + 1 + 1, 1e-6);
  EXPECT_NEAR(given.Value("l1 { layer: 'a' constant: 1 }").item<float>(),
              1 + 0 + 2 + 1, 1e-6);
  EXPECT_NEAR(given.Value("l2 { layer: 'a' constant: 1 }").item<float>(),
              std::sqrt(6), 1e-5);
}

TEST(ObjectiveValueTest, LittleBlurIsLucids) {
  at::Tensor x = at::zeros({1, 1, 5, 5});
  x[0][0][2][2] = 1;
  const at::Tensor three = LittleBlur(x, 3);  // 1 + 8 * 0.5 = 5
  EXPECT_NEAR(three[0][0][2][2].item<float>(), 1 / 5.0, 1e-6);
  EXPECT_NEAR(three[0][0][1][1].item<float>(), 0.5 / 5.0, 1e-6);
  const at::Tensor five = LittleBlur(x, 5);  // 9 + 16 * 0.5 = 17
  EXPECT_NEAR(five[0][0][2][2].item<float>(), 1 / 17.0, 1e-6);
  EXPECT_TRUE(at::allclose(LittleBlur(at::ones({1, 2, 4, 4}), 5),
                           at::ones({1, 2, 4, 4})));
}

TEST(ObjectiveValueTest, FlatMidGreyHasAQuietBoundary) {
  Lab lab(1);
  lab.image = at::full({1, 3, 24, 20}, 0.5f).requires_grad_(true);
  EXPECT_NEAR(lab.Value("boundary { width: 3 }").item<float>(), 0, 1e-6);
  EXPECT_GT(lab.Value("boundary { width: 3 level: 0.4 }").item<float>(), 0.1);
  lab.image.detach()[0][0][12][10] = 1;  // inside: not its business
  EXPECT_NEAR(lab.Value("boundary { width: 3 }").item<float>(), 0, 1e-6);
}

TEST(ObjectiveValueTest, AlphaStatistics) {
  Lab lab(2, 4);
  const at::Tensor alpha = lab.image.detach().narrow(1, 3, 1);
  const at::Tensor mean = alpha.mean({1, 2, 3});
  EXPECT_TRUE(at::allclose(lab.Value("alpha {}"), mean));
  EXPECT_TRUE(
      at::allclose(lab.Value("alpha { statistic: TRANSPARENCY }"), 1 - mean));
  EXPECT_TRUE(at::allclose(lab.Value("alpha { statistic: INDECISION }"),
                           (alpha * (1 - alpha)).mean({1, 2, 3})));
}

TEST(ObjectiveValueTest, AReferenceIsMatchedBestByItself) {
  Lab lab(1);
  const at::Tensor other = lab.Value("activation_match { layer: 'b' image: '" +
                                     BlobNamed('2') + "' }");
  Lab self(1);
  const auto match = self.Make("activation_match { layer: 'b' image: '" +
                               BlobNamed('2') + "' }");
  self.image = self.context.companions[0].image.clone().requires_grad_(true);
  EXPECT_LT(other.item<float>(), -1e-3);
  EXPECT_NEAR(self.Value(*match, 0, 3).item<float>(), 0, 1e-6);
}

TEST(ObjectiveValueTest, FixedContentIsTheUntransformedImage) {
  Lab lab(1);
  const auto content = lab.Make("content { layers { layer: 'a' } image: '" +
                                BlobNamed('4') + "' }");
  EXPECT_TRUE(lab.context.companions.empty());
  const at::Tensor target =
      at::_upsample_bilinear2d_aa(PictureOf(BlobNamed('4')), {24, 20}, false);
  lab.image = target.clone().requires_grad_(true);
  EXPECT_NEAR(lab.Value(*content).item<float>(), 0, 1e-6);
}

TEST(ObjectiveValueTest, PatternWeighsChannelsByTheReference) {
  Lab lab(1);
  const auto pattern =
      lab.Make("pattern { layer: 'a' image: '" + BlobNamed('4') + "' }");
  const at::Tensor act =
      TinyForward(PictureOf(BlobNamed('4'))).at("a").clamp_min(0);
  at::Tensor target = act.square().mean({2, 3}, true);
  target = target / target.max();
  EXPECT_NEAR(lab.Value(*pattern).item<float>(),
              (lab.View().Layer("a") * target).mean().item<float>(), 1e-4);
}

}  // namespace
}  // namespace phosphene
