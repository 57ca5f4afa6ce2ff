// Reading an atlas and its gradient.

#include "server/engine/raster/sample.h"

#include <ATen/Parallel.h>

#include "server/engine/cuda/sample_math.h"
#include "tests/raster/raster_meshes.h"

namespace phosphene {
namespace {

RasterViews SomeViews(int height, int width, float repeats = 1) {
  const RasterMesh mesh = Drawn(GridMesh(12, 0.3f, 0.8f, repeats));
  return Rasterizer(mesh).Draw(
      {CameraAt(20, 30, 5, 30), CameraAt(75, 10, 3, 60)}, height, width);
}

// Random points of all levels, beyond the borders too.
struct Points {
  at::Tensor uv, level;
};
Points SomePoints(int64_t n, double levels) {
  return {RandomTensor({2, n}, 5),
          RandomTensor({n}, 6).abs().mul(levels / 2).clamp(0, levels)};
}

// What the manual says, texel by texel in doubles.
double ReadSlowly(const at::Tensor& level, int c, double u, double v) {
  const int64_t h = level.size(1), w = level.size(2);
  const double y = (1 - v) * h - 0.5, x = u * w - 0.5;
  const auto texel = [&](double row, double column) {
    const auto wrap = [](double at, int64_t size) {
      const int64_t rest = static_cast<int64_t>(at) % size;
      return rest < 0 ? rest + size : rest;
    };
    return level[c][wrap(row, h)][wrap(column, w)].item<float>();
  };
  const double fy = y - std::floor(y), fx = x - std::floor(x);
  double sum = 0;
  for (int k = 0; k < 4; ++k) {
    sum += (k >> 1 ? fy : 1 - fy) * (k & 1 ? fx : 1 - fx) *
           texel(std::floor(y) + (k >> 1), std::floor(x) + (k & 1));
  }
  return sum;
}

TEST(SampleTest, BilinearIsTheManualsFormula) {
  const at::Tensor atlas = RandomTensor({2, 5, 8}, 1);
  const at::Tensor uv = RandomTensor({2, 40}, 2);
  const at::Tensor out = SampleAt(atlas, uv, {});
  for (int i = 0; i < 40; ++i) {
    for (int c = 0; c < 2; ++c) {
      EXPECT_NEAR(
          out[c][i].item<float>(),
          ReadSlowly(atlas, c, uv[0][i].item<float>(), uv[1][i].item<float>()),
          2e-5);
    }
  }
}

TEST(SampleTest, LevelsAreMeansOfAreas) {
  const at::Tensor atlas = RandomTensor({1, 16, 12}, 1);
  at::Tensor level = atlas;  // halves: 16x12, 8x6, 4x3
  for (float l : {0.0f, 1.0f, 2.0f}) {
    const at::Tensor uv = RandomTensor({2, 10}, 3);
    const at::Tensor out = SampleAt(atlas, uv, at::full({10}, l));
    for (int i = 0; i < 10; ++i) {
      EXPECT_NEAR(
          out[0][i].item<float>(),
          ReadSlowly(level, 0, uv[0][i].item<float>(), uv[1][i].item<float>()),
          2e-5);
    }
    level = at::avg_pool2d(level, 2);
  }
}

TEST(SampleTest, ALevelBetweenTwoBlendsThem) {
  const at::Tensor atlas = RandomTensor({3, 16, 16}, 1);
  const at::Tensor uv = RandomTensor({2, 30}, 3);
  const auto at_level = [&](float l) {
    return SampleAt(atlas, uv, at::full({30}, l));
  };
  const at::Tensor want = at_level(1) * 0.75 + at_level(2) * 0.25;
  EXPECT_TRUE(at_level(1.25f).allclose(want, 1e-5, 1e-6));
  EXPECT_TRUE(at_level(-3).equal(at_level(0)));
  EXPECT_TRUE(at_level(99).equal(at_level(4)));
  EXPECT_NEAR(at_level(4)[1][7].item<float>(), atlas[1].mean().item<float>(),
              1e-6);
}

TEST(SampleTest, AConstantStaysOneAtAnySizeAndLevel) {
  for (const auto& size :
       {std::pair<int, int>{1, 1}, {5, 7}, {33, 16}, {64, 64}, {3, 100}}) {
    const at::Tensor atlas = at::full({2, size.first, size.second}, 0.7f);
    const Points points = SomePoints(200, 8);
    const at::Tensor out = SampleAt(atlas, points.uv, points.level);
    EXPECT_LT((out - 0.7f).abs().max().item<float>(), 1e-5)
        << size.first << "x" << size.second;
  }
}

TEST(SampleTest, WholeTurnsReadTheSameTexels) {
  const at::Tensor atlas = RandomTensor({3, 16, 16}, 1);
  // Multiples of 1/64 are exact in floats.
  const at::Tensor uv = RandomTensor({2, 50}, 4).mul(64).round().div(64);
  EXPECT_TRUE(SampleAt(atlas, uv, {}).equal(SampleAt(atlas, uv + 3, {})));
  EXPECT_TRUE(SampleAt(atlas, uv, {}).equal(SampleAt(atlas, uv - 2, {})));
}

TEST(SampleTest, TrilinearIsBilinearWherePixelsAreSmallerThanTexels) {
  const RasterViews views = SomeViews(40, 50);
  const at::Tensor atlas = RandomTensor({3, 8, 8}, 1);
  ASSERT_EQ(MipLevels(views, 8, 8).min().item<float>(), 0);
  const at::Tensor level = MipLevels(views, 4, 4);
  const at::Tensor fine = level.eq(0);
  ASSERT_GT(fine.sum().item<int64_t>(), 100);
  const at::Tensor a = SampleAtlas(atlas, views, TexelFilter::kTrilinear);
  const at::Tensor b = SampleAtlas(atlas, views, TexelFilter::kBilinear);
  const at::Tensor same =
      ToImage(MipLevels(views, 8, 8).eq(0).to(at::kFloat).unsqueeze(0), views);
  EXPECT_TRUE((a * same).equal(b * same));
}

TEST(SampleTest, LevelsAreLogarithmsOfThePixelsSize) {
  const RasterViews views = SomeViews(30, 30);
  const at::Tensor level = MipLevels(views, 256, 128);
  const at::Tensor scale = at::tensor({128.0f, 256.0f}).unsqueeze(1);
  const at::Tensor longer = at::maximum((views.uv_dx * scale).norm(2, 0),
                                        (views.uv_dy * scale).norm(2, 0));
  EXPECT_LT((level - longer.log2().clamp_min(0)).abs().max().item<float>(),
            1e-5);
}

TEST(SampleTest, BackgroundIsZero) {
  const RasterViews views = SomeViews(40, 50);
  const at::Tensor image =
      SampleAtlas(at::ones({4, 32, 32}), views, TexelFilter::kTrilinear);
  EXPECT_EQ(image.sizes(), at::IntArrayRef({2, 4, 40, 50}));
  EXPECT_LT((image - CoverageOf(views)).abs().max().item<float>(), 1e-5);
}

TEST(SampleTest, AViewIsItsFragmentsAsAnImage) {
  const RasterViews views = SomeViews(40, 50, 2.5f);
  const at::Tensor atlas = RandomTensor({3, 32, 64}, 1);
  const at::Tensor level = MipLevels(views, 32, 64);
  EXPECT_TRUE(SampleAtlas(atlas, views, TexelFilter::kTrilinear)
                  .equal(ToImage(SampleAt(atlas, views.uv, level), views)));
}

// <y, J x> = <J' y, x>.
void ExpectAdjoint(int64_t channels, int64_t height, int64_t width) {
  const Points points = SomePoints(3000, 9);
  at::Tensor x = RandomTensor({channels, height, width}, 7);
  x.set_requires_grad(true);
  const at::Tensor y = RandomTensor({channels, 3000}, 8);
  const at::Tensor out = SampleAt(x, points.uv, points.level);
  out.backward(y);
  const double left = (out.detach().to(at::kDouble) * y).sum().item<double>();
  const double right =
      (x.grad().to(at::kDouble) * x.detach()).sum().item<double>();
  const double size =
      out.detach().norm().item<double>() * y.norm().item<double>();
  EXPECT_NEAR(left / size, right / size, 1e-6) << height << "x" << width;
}

TEST(SampleTest, TheGradientIsTheTranspose) {
  ExpectAdjoint(3, 64, 64);
  ExpectAdjoint(8, 32, 128);
  ExpectAdjoint(1, 37, 51);
  ExpectAdjoint(2, 1, 9);
}

TEST(SampleTest, TheGradientEqualsFiniteDifferences) {
  const RasterViews views = SomeViews(40, 50, 1.7f);
  at::Tensor atlas = RandomTensor({3, 48, 32}, 1);
  const at::Tensor weight = RandomTensor({2, 3, 40, 50}, 2);
  const auto loss = [&](const at::Tensor& a) {
    return (SampleAtlas(a, views, TexelFilter::kTrilinear) * weight)
        .square()
        .to(at::kDouble)
        .sum();
  };
  at::Tensor leaf = atlas.clone().set_requires_grad(true);
  loss(leaf).backward();
  // Along directions: those of one texel drown in the loss's rounding.
  for (uint64_t d = 0; d < 4; ++d) {
    const at::Tensor direction = RandomTensor({3, 48, 32}, 20 + d);
    const double h = 1e-2;
    const double by_steps =
        (loss(atlas + h * direction) - loss(atlas - h * direction))
            .item<double>() /
        (2 * h);
    const double by_gradient = (leaf.grad() * direction).sum().item<double>();
    EXPECT_NEAR(by_gradient / by_steps, 1, 1e-3);
  }
}

TEST(SampleTest, AnyNumberOfThreadsGivesTheSameBytes) {
  const RasterViews views = SomeViews(100, 120, 3);
  const at::Tensor y = RandomTensor({2, 5, 100, 120}, 3);
  const int before = at::get_num_threads();
  at::Tensor image, gradient;
  for (int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const at::Tensor atlas =
        RandomTensor({5, 128, 128}, 1).set_requires_grad(true);
    const at::Tensor out = SampleAtlas(atlas, views, TexelFilter::kTrilinear);
    out.backward(y);
    if (threads == 1) {
      image = out.detach();
      gradient = atlas.grad();
    }
    EXPECT_TRUE(image.equal(out)) << threads;
    EXPECT_TRUE(gradient.equal(atlas.grad())) << threads;
  }
  at::set_num_threads(before);
}

TEST(SampleTest, ReadingsOfOneAtlasShareAGradient) {
  const RasterViews views = SomeViews(40, 50, 1.7f);
  const Points points = SomePoints(500, 9);
  const at::Tensor weight = RandomTensor({2, 3, 40, 50}, 2);
  const at::Tensor alone = RandomTensor({3, 48, 32}, 1).set_requires_grad(true);
  ((SampleAtlas(alone, views, TexelFilter::kTrilinear) * weight).sum() +
   SampleAt(alone, points.uv, points.level).square().sum() +
   SampleAt(alone, points.uv, {}).square().sum())
      .backward();
  const at::Tensor leaf = alone.detach().clone().set_requires_grad(true);
  const SharedAtlas atlas(leaf);
  const at::Tensor image = atlas.Sample(views, TexelFilter::kTrilinear);
  EXPECT_TRUE(image.equal(SampleAtlas(leaf, views, TexelFilter::kTrilinear)));
  ((image * weight).sum() +
   atlas.SampleAt(points.uv, points.level).square().sum() +
   atlas.SampleAt(points.uv, {}).square().sum())
      .backward();
  EXPECT_TRUE(leaf.grad().allclose(alone.grad(), 1e-5, 1e-6));
}

TEST(SampleTest, AReadingThatCountsForNothingGivesNoGradient) {
  const Points points = SomePoints(500, 9);
  const at::Tensor leaf = RandomTensor({3, 32, 32}, 1).set_requires_grad(true);
  const SharedAtlas atlas(leaf);
  const at::Tensor unused = atlas.SampleAt(points.uv, points.level);
  atlas.SampleAt(at::empty({2, 0}), {}).sum().backward();
  EXPECT_EQ(leaf.grad().abs().max().item<float>(), 0);
}

TEST(SampleTest, TheLogarithmIsOne) {
  for (float value = 1e-6f; value < 1e12f; value *= 1.0037f)
    EXPECT_NEAR(Log2(value), std::log2(value), 5e-6);
}

TEST(SampleTest, WhatIsNoNumberReadsSomeTexel) {
  const at::Tensor uv =
      at::tensor({INFINITY, NAN, -1e38f, -INFINITY, 1e38f, 0.f}).view({2, 3});
  const at::Tensor level = at::tensor({NAN, INFINITY, -INFINITY});
  const at::Tensor out = SampleAt(at::ones({1, 16, 8}), uv, level);
  EXPECT_LT((out - 1).abs().max().item<float>(), 1e-6);
}

TEST(SampleTest, RefusesWhatIsNoAtlas) {
  const at::Tensor uv = at::zeros({2, 3});
  EXPECT_THROW(SampleAt(at::zeros({9, 4, 4}), uv, {}), c10::Error);
  EXPECT_THROW(SampleAt(at::zeros({4, 4}), uv, {}), c10::Error);
  EXPECT_THROW(SampleAt(at::zeros({1, 4, 4}, at::kDouble), uv, {}), c10::Error);
  EXPECT_THROW(SampleAt(at::zeros({1, 4, 4}), at::zeros({3, 3}), {}),
               c10::Error);
  EXPECT_THROW(SampleAt(at::zeros({1, 4, 4}), uv, at::zeros({4})), c10::Error);
}

}  // namespace
}  // namespace phosphene
