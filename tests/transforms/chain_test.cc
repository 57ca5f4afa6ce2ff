#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

absl::Status Check(const std::vector<std::string>& texts, int64_t channels = 3,
                   int64_t size = 64) {
  return TransformChain::Check(Parse(texts), channels, size, size,
                               "spec.transforms");
}

// Exactly equal forward; gradients up to the order of their sums.
void ExpectFusedEqualsOneByOne(const TransformList& list, int64_t size,
                               int64_t steps) {
  const auto chain = MakeChain(list, size, size + 3);
  for (int64_t step = 0; step < steps; ++step) {
    const at::Tensor a =
        NoisePicture(2, 3, size, size + 3).requires_grad_(true);
    const at::Tensor b = a.detach().clone().requires_grad_(true);
    const at::Tensor fused = chain->Apply(a, 5, step);
    const at::Tensor single = OneByOne(list, b, 5, step);
    ASSERT_TRUE(at::equal(fused, single)) << "step " << step;
    const at::Tensor y = NoisePicture(2, 3, fused.size(2), fused.size(3), 9);
    (fused * y).sum().backward();
    (single * y).sum().backward();
    ASSERT_TRUE(at::allclose(a.grad(), b.grad(), 1e-5, 1e-5))
        << "step " << step;
  }
}

TEST(TransformChainTest, FusedStandardEqualsOneByOne) {
  ExpectFusedEqualsOneByOne(ListOf({PresetOf(v1::PresetTransform::STANDARD)}),
                            40, 30);
}

TEST(TransformChainTest, AnyFusedListEqualsOneByOne) {
  const std::vector<std::string> pool = {
      "pad { pixels: 4 }",
      "pad { pixels: 3 mode: REFLECT }",
      "pad { pixels: 2 mode: RANDOM_CONSTANT }",
      "jitter { pixels: 3 }",
      "scale { factors: [0.7, 1.2, 1.5] }",
      "rotate { angles: [-20, 15, 80] }",
      "rotate { angles: [-20, 15] sampling: BILINEAR }",
      "flip { vertical: 0.5 }",
      "roll {}",
      "crop { height: 24 width: 20 }",
      "jitter { pixels: 2 } per_row: true",
      "rotate { angles: [-20, 15, 80] } per_row: true",
      "scale { factors: [0.7, 1.2, 1.5] } per_row: true",
  };
  Rng rng(3, RngStream::kInit);
  for (int trial = 0; trial < 60; ++trial) {
    std::vector<std::string> texts;
    for (int i = 0; i < 5; ++i) texts.push_back(pool[rng.Index(pool.size())]);
    SCOPED_TRACE(testing::PrintToString(texts));
    ExpectFusedEqualsOneByOne(Parse(texts), 24, 2);
  }
}

TEST(TransformChainTest, ColourChangesBetweenWarpsKeepTheirPlace) {
  ExpectFusedEqualsOneByOne(
      Parse({"jitter { pixels: 3 }", "noise {}", "rotate { angles: 9 }",
             "color_noise {}", "flip {}"}),
      20, 4);
}

TEST(TransformChainTest, SecondRunGivesTheSameBytes) {
  const auto chain =
      MakeChain(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 32, 32);
  const at::Tensor image = NoisePicture(1, 3, 32, 32);
  EXPECT_TRUE(at::equal(chain->Apply(image, 1, 2), chain->Apply(image, 1, 2)));
  EXPECT_FALSE(at::equal(chain->Apply(image, 1, 2).sum(),
                         chain->Apply(image, 2, 2).sum()));
}

TEST(TransformChainTest, ThreadsMakeNoDifference) {
  const auto chain =
      MakeChain(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 48, 48);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    const at::Tensor image = NoisePicture(2, 3, 48, 48).requires_grad_(true);
    const at::Tensor out = chain->Apply(image, 1, 2);
    out.square().sum().backward();
    return std::make_pair(out.detach(), image.grad());
  };
  const int before = at::get_num_threads();
  const auto [one, one_grad] = run(1);
  const auto [three, three_grad] = run(3);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one, three));
  EXPECT_TRUE(at::equal(one_grad, three_grad));
}

TEST(TransformChainTest, TwoOfAKindDrawApart) {
  const auto chain = MakeChain(Parse({"roll {}", "roll {}"}), 64, 64);
  const auto one = MakeTransform(Parse({"roll {}"})[0]);
  const at::Tensor image = NoisePicture(1, 1, 64, 64);
  at::Tensor twice = one->Apply(one->Apply(image, {1, 0, 0}), {1, 0, 0});
  EXPECT_FALSE(at::equal(chain->Apply(image, 1, 0), twice));
}

TEST(TransformChainTest, EmptyListIsTheIdentity) {
  const at::Tensor image = NoisePicture(1, 3, 8, 8);
  EXPECT_TRUE(at::equal(MakeChain({}, 8, 8)->Apply(image, 1, 2), image));
}

TEST(TransformChainTest, AlphaFollowsTheCropsOfTheTransparentPreset) {
  const auto chain =
      MakeChain(ListOf({PresetOf(v1::PresetTransform::TRANSPARENT)}), 32, 32);
  EXPECT_EQ(chain->Channels(4), 3);
  // On black, white where alpha is one: the view is alpha itself.
  const at::Tensor alpha = (NoisePicture(1, 1, 32, 32) > 0.5).to(at::kFloat);
  const at::Tensor image = at::cat({at::ones({1, 3, 32, 32}), alpha}, 1);
  TransformList list = ListOf({PresetOf(v1::PresetTransform::TRANSPARENT)});
  const auto members = FlattenTransforms(list, 32, 32);
  TransformList black;
  for (const v1::Transform& member : members) *black.Add() = member;
  black[0].mutable_random_background()->set_kind(
      v1::RandomBackgroundTransform::BLACK);
  const auto on_black = MakeChain(black, 32, 32);
  const at::Tensor view = on_black->Apply(image, 4, 1).narrow(1, 0, 1);
  const at::Tensor moved = on_black->ApplyAlpha(alpha, 4, 1);
  EXPECT_EQ(moved.sizes(), at::IntArrayRef({1, 1, 16, 16}));
  EXPECT_LT((view - moved).abs().max().item<float>(), 0.01);
}

TEST(TransformChainCheck, NamesTheFieldAndWhatIsAllowed) {
  EXPECT_THAT(Check({"pad { pixels: 2000 }"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "spec.transforms[0].pad.pixels: 2000 is out of range; "
                       "allowed: 0..1024"));
  EXPECT_THAT(Check({"flip {}", "scale { factors: [1, 9] }"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "spec.transforms[1].scale.factors[1]"));
  EXPECT_THAT(Check({"rotate {}"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "spec.transforms[0].rotate.angles: is required"));
  EXPECT_THAT(Check({"pad { pixels: 1 value: nan }"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "pad.value"));
  EXPECT_THAT(Check({"preset {}"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "preset.name"));
  EXPECT_THAT(Check({""}), StatusIs(absl::StatusCode::kInvalidArgument,
                                    "spec.transforms[0]"));
  EXPECT_THAT(Check({"blur { min_sigma: 2 max_sigma: 1 }"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "blur.max_sigma"));
}

TEST(TransformChainCheck, RefusesUnknownEnumNumbers) {
  v1::Transform pad;
  pad.mutable_pad()->set_mode(static_cast<v1::PadTransform::Mode>(9));
  EXPECT_THAT(
      TransformChain::Check(ListOf({pad}), 3, 64, 64, "spec.transforms"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "9 is not a known value; allowed: CONSTANT"));
}

TEST(TransformChainCheck, RefusesWhatLeavesNoPixels) {
  EXPECT_THAT(Check({"jitter { pixels: 64 }"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "leaves no pixels"));
  EXPECT_OK(Check({"jitter { pixels: 63 }"}));
  EXPECT_THAT(
      Check({"pad { pixels: 1 }", "scale { factors: 0.05 }",
             "jitter { pixels: 3 }"}),
      StatusIs(absl::StatusCode::kInvalidArgument, "spec.transforms[2]"));
}

TEST(TransformChainCheck, BoundsGrowthBeforeMemoryIsSpent) {
  std::vector<std::string> texts(20, "scale { factors: [1, 8] }");
  EXPECT_THAT(Check(texts), StatusIs(absl::StatusCode::kInvalidArgument,
                                     "can grow the image"));
}

TEST(TransformChainCheck, ABackgroundNeedsAlpha) {
  EXPECT_THAT(Check({"preset { name: TRANSPARENT }"}, 3),
              StatusIs(absl::StatusCode::kInvalidArgument, "alpha"));
  EXPECT_OK(Check({"preset { name: TRANSPARENT }"}, 4));
  EXPECT_THAT(
      Check({"random_background {}", "random_background {}"}, 4),
      StatusIs(absl::StatusCode::kInvalidArgument, "spec.transforms[1]"));
}

}  // namespace
}  // namespace phosphene
