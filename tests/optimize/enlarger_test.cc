#include "server/engine/optimize/enlarger.h"

#include <gtest/gtest.h>

#include <cmath>

#include "server/engine/params/resize.h"
#include "server/engine/tensor/rng.h"
#include "tests/optimize/tiny_engine.h"

namespace phosphene {
namespace {

at::Tensor Picture(at::IntArrayRef shape) {
  return Rng(3, RngStream::kInit).UniformTensor(shape);
}

// A picture in place of a parameterization.
class Still : public Param {
 public:
  explicit Still(at::Tensor image) : image_(std::move(image)) {}
  std::vector<ParamTensor> Tensors() override { return {}; }
  at::Tensor Image(int64_t step) override { return image_; }
  at::Tensor Render(int64_t height, int64_t width) override {
    return ResizeImage(image_, height, width);
  }
  absl::Status SetImage(const at::Tensor& image) override {
    return absl::OkStatus();
  }

 private:
  at::Tensor image_;
};

at::Tensor Enlarged(const std::string& spec, const at::Tensor& image,
                    int64_t side) {
  Still still(image);
  const Canvas coarse = {1, image.size(1), image.size(2), image.size(3)};
  return Enlarger(TinySpec(spec))
      .Render(still, coarse, {1, image.size(1), side, side});
}

TEST(EnlargedAround, OfARolledTileIsTheRolledTile) {
  const at::Tensor tile = Picture({2, 3, 8, 10});
  const at::Tensor rolled = at::roll(tile, {4, 6}, {2, 3});
  EXPECT_TRUE(at::allclose(
      EnlargedAround(rolled, 12, 15),
      at::roll(EnlargedAround(tile, 12, 15), {6, 9}, {2, 3}), 1e-5, 1e-6));
}

TEST(EnlargedAround, HasTheSameWavesAtMorePixels) {
  const auto wave = [](int64_t height, int64_t width) {
    const at::Tensor y = at::arange(height, at::kFloat) * (2 * M_PI / height),
                     x = at::arange(width, at::kFloat) * (2 * M_PI / width);
    return (at::sin(y * 2 + 1).unsqueeze(1) * at::cos(x * 3).unsqueeze(0) * .4 +
            .5)
        .expand({1, 3, height, width});
  };
  for (const int64_t side : {8, 9}) {
    EXPECT_TRUE(at::allclose(EnlargedAround(wave(side, side + 2), 12, 17),
                             wave(12, 17), 1e-4, 1e-5));
  }
}

TEST(EnlargedAround, LeavesNoEdge) {
  const at::Tensor tile = EnlargedAround(Picture({1, 3, 40, 40}), 60, 60);
  const at::Tensor step = (tile - at::roll(tile, {-1}, {3})).abs();
  // The same of its last column, which meets the first, as of the others.
  EXPECT_NEAR(step.select(3, 59).mean().item<double>(),
              step.mean().item<double>(), .35 * step.mean().item<double>());
}

TEST(Enlarger, WithoutGammaIsThePictureAtThatSize) {
  const at::Tensor image = Picture({1, 3, 8, 8});
  for (const char* spec :
       {"optimizer { octaves { count: 2 } }",
        "optimizer { octaves { count: 2 } } transforms { roll {} }"}) {
    EXPECT_TRUE(
        at::equal(Enlarged(spec, image, 12), ResizeImage(image, 12, 12)));
  }
}

TEST(Enlarger, MixesLightNotValues) {
  at::Tensor image = at::zeros({1, 4, 1, 2});
  image.select(3, 1).fill_(1);  // black, transparent; white, opaque
  const at::Tensor out =
      Enlarged("optimizer { octaves { count: 2 gamma: 2.2 } }",
               image.expand({1, 4, 2, 2}), 4);
  for (int64_t c = 0; c < 4; ++c) {
    const double gamma = c == 3 ? 1 : 2.2;
    EXPECT_NEAR(out[0][c][0][1].item<double>(), std::pow(.25, 1 / gamma), 1e-5);
    EXPECT_NEAR(out[0][c][0][2].item<double>(), std::pow(.75, 1 / gamma), 1e-5);
  }
}

TEST(Enlarger, WithGammaKeepsATileATile) {
  const at::Tensor image = Picture({1, 3, 8, 8});
  const std::string octaves = "optimizer { octaves { count: 2 gamma: 1 } }";
  EXPECT_TRUE(
      at::allclose(Enlarged(octaves + " transforms { roll {} }", image, 12),
                   EnlargedAround(image, 12, 12), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(Enlarged(octaves, image, 12),
                           ResizeImage(image, 12, 12), 1e-5, 1e-6));
}

TEST(Enlarger, WhatIsTooFineIsNothingOfAConstant) {
  const Enlarger enlarger(
      TinySpec("optimizer { octaves { count: 2 gamma: 2.2 } }"));
  EXPECT_LT(enlarger.FinerThan({1, 3, 5, 5}, at::full({1, 3, 9, 9}, .4f))
                .abs()
                .max()
                .item<float>(),
            1e-6);
}

}  // namespace
}  // namespace phosphene
