// The arithmetic of the GPU's kernels, run in loops on the CPU, against the
// CPU's own kernels.

#include "server/engine/transforms/warp_device.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/engine/tensor/step_feed.h"
#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

// Image and gradient of one draw.
struct Moved {
  at::Tensor image, gradient, alpha;
};

Moved MoveBy(TransformChain& chain, const at::Tensor& image, int64_t step,
             StepFeed* feed) {
  chain.set_feed(feed);
  const at::Tensor in = image.detach().clone().requires_grad_(true);
  Moved moved;
  moved.image = chain.Apply(in, 5, step);
  moved.alpha = chain.ApplyAlpha(image.narrow(1, 0, 1), 5, step);
  chain.set_feed(nullptr);
  const at::Tensor y =
      NoisePicture(moved.image.size(0), moved.image.size(1),
                   moved.image.size(2), moved.image.size(3), 9) -
      0.5;
  (moved.image * y).sum().backward();
  moved.gradient = in.grad();
  return moved;
}

// What a step drew; `size` of the image it was drawn for.
CollectingFeed Collected(TransformChain& chain, const at::Tensor& image,
                         int64_t step) {
  CollectingFeed feed;
  chain.set_feed(&feed);
  const at::Tensor meta = at::empty(image.sizes(), at::kMeta);
  chain.Apply(meta, 5, step);
  chain.ApplyAlpha(meta.narrow(1, 0, 1), 5, step);
  chain.set_feed(nullptr);
  return feed;
}

// Values bit by bit; gradients too where each output shows a pixel of its own,
// else up to the order of sums.
void ExpectTablesEqualKernels(const TransformList& list,
                              const at::Tensor& image, bool bitwise_gradient) {
  const auto chain = MakeChain(list, image.size(2), image.size(3));
  for (int64_t step = 0; step < 12; ++step) {
    const Moved kernels = MoveBy(*chain, image, step, nullptr);
    const CollectingFeed drawn = Collected(*chain, image, step);
    StaticFeed feed(drawn.tensors(), at::kCPU);
    feed.Fill(drawn.tensors());
    const Moved tables = MoveBy(*chain, image, step, &feed);
    ASSERT_TRUE(at::equal(tables.image, kernels.image)) << "step " << step;
    ASSERT_TRUE(at::equal(tables.alpha, kernels.alpha)) << "step " << step;
    if (bitwise_gradient) {
      ASSERT_TRUE(at::equal(tables.gradient, kernels.gradient))
          << "step " << step;
    } else {
      ASSERT_TRUE(at::allclose(tables.gradient, kernels.gradient, 1e-5, 1e-6))
          << "step " << step;
    }
  }
}

TEST(WarpDeviceTest, TheStandardPresetHasTheKernelsBits) {
  const TransformList standard =
      ListOf({PresetOf(v1::PresetTransform::STANDARD)});
  ExpectTablesEqualKernels(standard, NoisePicture(2, 3, 40, 43), true);
  ExpectTablesEqualKernels(standard, NoisePicture(1, 4, 33, 64), true);
  ExpectTablesEqualKernels(standard, NoisePicture(1, 1, 31, 29), true);
}

TEST(WarpDeviceTest, ChannelsLastImagesHaveTheKernelsBits) {
  ExpectTablesEqualKernels(
      ListOf({PresetOf(v1::PresetTransform::STANDARD)}),
      NoisePicture(2, 3, 40, 43).contiguous(at::MemoryFormat::ChannelsLast),
      true);
}

TEST(WarpDeviceTest, SingleTransformsHaveTheKernelsBits) {
  for (const char* text :
       {"pad { pixels: 5 }", "jitter { pixels: 4 }",
        "crop { height: 20 width: 50 }", "scale { factors: 0.7 factors: 1.6 }",
        "rotate { angles: 0 angles: 33 angles: -170 }",
        "rotate { angles: 12 angles: -45 sampling: BILINEAR }", "flip {}"}) {
    SCOPED_TRACE(text);
    ExpectTablesEqualKernels(Parse({text}), NoisePicture(2, 3, 36, 29), true);
  }
}

TEST(WarpDeviceTest, RowsDrawnApartHaveTheKernelsBits) {
  ExpectTablesEqualKernels(
      Parse({"per_row: true jitter { pixels: 4 }",
             "per_row: true scale { factors: 0.9 factors: 1.2 }",
             "per_row: true rotate { angles: 10 angles: -25 sampling: BILINEAR "
             "}"}),
      NoisePicture(3, 4, 30, 34), true);
  ExpectTablesEqualKernels(
      Parse({"per_row: true flip { horizontal: 0.5 vertical: 0.3 }"}),
      NoisePicture(4, 3, 30, 34), true);
}

TEST(WarpDeviceTest, PixelsShownTwiceGetTheSumOfTheirGradients) {
  for (const auto& texts : std::vector<std::vector<std::string>>{
           {"rotate { angles: 20 }", "pad { pixels: 6 mode: REFLECT }"},
           {"rotate { angles: -8 sampling: BILINEAR }", "roll {}"},
           {"scale { factors: 1.3 }", "rotate { angles: 15 }",
            "pad { pixels: 9 mode: REFLECT }", "scale { factors: 0.8 }"}}) {
    ExpectTablesEqualKernels(Parse(texts), NoisePicture(1, 3, 27, 31), false);
  }
}

// Not of warps: what a GPU does by matrices is what the CPU does by kernels.
TEST(WarpDeviceTest, BlursAndResizesByMatricesAreThoseByKernels) {
  for (const char* text :
       {"blur { max_sigma: 2 }", "per_row: true blur { max_sigma: 3 }",
        "resize { height: 17 width: 50 }", "resize { height: 64 width: 29 }"}) {
    SCOPED_TRACE(text);
    const at::Tensor image = NoisePicture(2, 4, 36, 29);
    const auto chain = MakeChain(Parse({text}), 36, 29);
    for (int64_t step = 0; step < 6; ++step) {
      const CollectingFeed drawn = Collected(*chain, image, step);
      StaticFeed feed(drawn.tensors(), at::kCPU);
      feed.Fill(drawn.tensors());
      const Moved by_matrices = MoveBy(*chain, image, step, &feed);
      const Moved by_kernels = MoveBy(*chain, image, step, nullptr);
      EXPECT_TRUE(
          at::allclose(by_matrices.image, by_kernels.image, 1e-5, 1e-5));
      EXPECT_TRUE(
          at::allclose(by_matrices.gradient, by_kernels.gradient, 1e-4, 1e-5));
    }
  }
}

TEST(WarpDeviceTest, ADrawnShapeIsThatOfTheImage) {
  const TransformList list = ListOf({PresetOf(v1::PresetTransform::STANDARD)});
  const at::Tensor image = NoisePicture(1, 3, 40, 43);
  const auto chain = MakeChain(list, 40, 43);
  for (int64_t step = 0; step < 8; ++step) {
    const CollectingFeed a = Collected(*chain, image, step);
    for (int64_t other = 0; other < step; ++other) {
      const CollectingFeed b = Collected(*chain, image, other);
      const bool same_size = chain->Apply(image, 5, step).sizes() ==
                             chain->Apply(image, 5, other).sizes();
      EXPECT_EQ(a.key() == b.key(), same_size) << step << " and " << other;
    }
  }
}

// A recorded step keeps the draws of the step it was recorded at; what it shows
// must come from the tensors it is given.
TEST(WarpDeviceTest, EveryDrawReachesTheImageThroughTheFeed) {
  const TransformList list =
      Parse({"pad { pixels: 3 mode: RANDOM_CONSTANT }", "jitter { pixels: 5 }",
             "noise { sd: 0.1 }", "color_noise {}",
             "rotate { angles: 5 angles: -9 angles: 30 }"});
  const at::Tensor image = NoisePicture(2, 3, 32, 32);
  const auto chain = MakeChain(list, 32, 32);
  const CollectingFeed first = Collected(*chain, image, 0);
  StaticFeed feed(first.tensors(), at::kCPU);
  for (int64_t step = 1; step < 9; ++step) {
    const CollectingFeed drawn = Collected(*chain, image, step);
    ASSERT_EQ(drawn.key(), first.key());
    feed.Rewind();
    feed.Fill(drawn.tensors());
    const Moved replayed = MoveBy(*chain, image, /*step=*/0, &feed);
    const Moved eager = MoveBy(*chain, image, step, nullptr);
    ASSERT_TRUE(at::equal(replayed.image, eager.image)) << "step " << step;
    ASSERT_TRUE(at::equal(replayed.gradient, eager.gradient)) << step;
  }
}

TEST(WarpDeviceTest, RandomBackgroundsReachTheImageThroughTheFeed) {
  const TransformList list =
      Parse({"random_background {}", "jitter { pixels: 2 }"});
  const at::Tensor image = NoisePicture(1, 4, 24, 24);
  const auto chain = MakeChain(list, 24, 24);
  StaticFeed feed(Collected(*chain, image, 0).tensors(), at::kCPU);
  for (int64_t step = 1; step < 4; ++step) {
    feed.Rewind();
    feed.Fill(Collected(*chain, image, step).tensors());
    EXPECT_TRUE(at::equal(MoveBy(*chain, image, 0, &feed).image,
                          MoveBy(*chain, image, step, nullptr).image));
  }
}

}  // namespace
}  // namespace phosphene
