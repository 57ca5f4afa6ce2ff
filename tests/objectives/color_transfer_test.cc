#include "server/engine/objectives/shared/color_transfer.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

// Correlated colours well inside 0..1.
at::Tensor Picture(uint64_t seed, int64_t size) {
  const Rng rng(seed, RngStream::kObjective);
  const at::Tensor mix =
      Rng(seed + 1, RngStream::kObjective).NormalTensor({3, 3}) * .03;
  const at::Tensor pixels = at::mm(mix, rng.NormalTensor({3, size * size}));
  return (pixels + .5).clamp(0, 1).view({1, 3, size, size});
}

at::Tensor Mean(const at::Tensor& image) { return image[0].flatten(1).mean(1); }
at::Tensor Covariance(const at::Tensor& image) {
  const at::Tensor x = image[0].flatten(1) - Mean(image).unsqueeze(1);
  return at::mm(x, x.t()) / x.size(1);
}

TEST(ColorTransferTest, MeanAndCovarianceBecomeTheOthers) {
  const at::Tensor image = Picture(1, 40), colors = Picture(7, 30);
  const at::Tensor out = WithColorsOf(image, colors);
  EXPECT_EQ(out.sizes(), image.sizes());
  EXPECT_TRUE(at::allclose(Mean(out), Mean(colors), 0, 2e-3));
  EXPECT_TRUE(at::allclose(Covariance(out), Covariance(colors), 0, 2e-4));
}

TEST(ColorTransferTest, OwnColoursChangeNothing) {
  const at::Tensor image = Picture(3, 32);
  EXPECT_TRUE(at::allclose(WithColorsOf(image, image), image, 0, 2e-3));
}

TEST(ColorTransferTest, AGreyOrFlatStyleStaysFinite) {
  const at::Tensor colors = Picture(7, 16);
  const at::Tensor flat = at::full({1, 3, 8, 8}, .3f);
  const at::Tensor out = WithColorsOf(flat, colors);
  EXPECT_TRUE(at::allclose(out, Mean(colors).view({1, 3, 1, 1}).expand_as(out),
                           0, 2e-3));
  const at::Tensor grey = Picture(2, 8).narrow(1, 0, 1).expand({1, 3, 8, 8});
  EXPECT_TRUE(at::isfinite(WithColorsOf(grey, colors)).all().item<bool>());
}

}  // namespace
}  // namespace phosphene
