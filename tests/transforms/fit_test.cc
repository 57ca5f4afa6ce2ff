// Fits to sizes that networks take.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

std::unique_ptr<ImageTransform> FitOf(const std::string& fields) {
  return MakeTransform(Parse({"fit { " + fields + " }"}).Get(0));
}

at::Tensor Fitted(const std::string& fields, const at::Tensor& image) {
  return FitOf(fields)->Apply(image, {});
}

TEST(Fit, WhatFitsGoesThroughAsItIs) {
  const at::Tensor image = NoisePicture(2, 3, 64, 96);
  for (const char* fields : {"", "multiple: 32", "least: 64", "width: 96",
                             "height: 64 width: 96", "multiple: 8 least: 60"}) {
    EXPECT_TRUE(Fitted(fields, image).is_same(image)) << fields;
  }
}

TEST(Fit, SidesComeToTheNearestMultipleNotBelowTheLeast) {
  for (const int64_t multiple : {1, 2, 7, 32}) {
    for (const int64_t least : {1, 20, 64}) {
      const std::string fields = "multiple: " + std::to_string(multiple) +
                                 " least: " + std::to_string(least);
      for (int64_t side = 1; side < 130; side += 3) {
        int64_t height = side, width = 200 - side;
        FitOf(fields)->MinSize(&height, &width);
        EXPECT_EQ(height % multiple, 0);
        EXPECT_GE(height, least);
        // No other multiple at or above the least is nearer.
        for (int64_t other = multiple; other < 200; other += multiple) {
          if (other < least) continue;
          EXPECT_GE(std::abs(other - side), std::abs(height - side))
              << fields << " " << side;
        }
      }
    }
  }
}

TEST(Fit, IsTheResizeToThatSize) {
  const at::Tensor image = NoisePicture(1, 3, 40, 70);
  const auto resize =
      MakeTransform(Parse({"resize { height: 32 width: 64 }"}).Get(0));
  EXPECT_TRUE(
      at::equal(Fitted("multiple: 32", image), resize->Apply(image, {})));
  EXPECT_TRUE(at::equal(Fitted("height: 32 width: 64", image),
                        resize->Apply(image, {})));
}

TEST(Fit, PlainPicturesStayPlain) {
  const at::Tensor image = at::full({1, 3, 23, 57}, 0.25);
  const at::Tensor out = Fitted("height: 96 width: 40", image);
  EXPECT_EQ(out.size(2), 96);
  EXPECT_EQ(out.size(3), 40);
  EXPECT_LT((out - 0.25).abs().max().item<float>(), 1e-6);
}

// Behind draws of any size what is left has the multiple's sides.
TEST(Fit, WordOnMultiplesIsKept) {
  const TransformList list =
      Parse({"preset { name: STANDARD }", "fit { multiple: 32 }"});
  const auto chain = MakeChain(list, 100, 150);
  for (int64_t step = 0; step < 8; ++step) {
    const at::Tensor out = chain->Apply(NoisePicture(1, 3, 100, 150), 1, step);
    EXPECT_EQ(out.size(2) % 32, 0);
    EXPECT_EQ(out.size(3) % 32, 0);
  }
  EXPECT_EQ(FitOf("multiple: 32")->SidesAreMultiplesOf(), 32);
  EXPECT_EQ(FitOf("")->SidesAreMultiplesOf(), 1);
}

// The position of others in the list does not move: a fit at the end leaves
// their draws.
TEST(Fit, AtTheEndChangesNoDraw) {
  const at::Tensor image = NoisePicture(1, 3, 64, 64);
  const auto bare = MakeChain(Parse({"jitter { pixels: 8 }"}), 64, 64);
  const auto fitted =
      MakeChain(Parse({"jitter { pixels: 8 }", "fit {}"}), 64, 64);
  for (int64_t step = 0; step < 4; ++step)
    EXPECT_TRUE(
        at::equal(bare->Apply(image, 3, step), fitted->Apply(image, 3, step)));
}

}  // namespace
}  // namespace phosphene
