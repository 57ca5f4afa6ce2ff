#include "server/engine/params/spectrum.h"

#include <cmath>

#include "tests/params/fixture.h"

namespace phosphene {
namespace {

TEST(SpectrumTest, ThePowerLawIsFlatBelowTheLowestFrequency) {
  const at::Tensor law = PowerLaw(8, 16, 1);
  EXPECT_EQ(law.sizes(), at::IntArrayRef({8, 9}));
  EXPECT_FLOAT_EQ(law[0][0].item<float>(), 16);
  EXPECT_FLOAT_EQ(law[0][1].item<float>(), 16);
  EXPECT_FLOAT_EQ(law[0][8].item<float>(), 2);
  EXPECT_FLOAT_EQ(law[4][8].item<float>(), std::sqrt(2.f));
  EXPECT_FLOAT_EQ(law[7][0].item<float>(), 8);  // mirrored rows
}

TEST(SpectrumTest, AnOddWidthRepeatsItsHighestFrequency) {
  const at::Tensor law = PowerLaw(4, 5, 1);
  EXPECT_EQ(law.size(1), 4);
  EXPECT_FLOAT_EQ(law[0][3].item<float>(), law[0][2].item<float>());
}

TEST(SpectrumTest, ImageToSpectrumIsARightInverseAtEverySize) {
  for (const auto& [h, w] :
       {std::pair{6, 8}, {6, 9}, {7, 8}, {1, 1}, {5, 1}, {1, 5}, {16, 16}}) {
    const at::Tensor image = Noise({2, 3, h, w});
    const at::Tensor scale = PowerLaw(h, w, 1).unsqueeze(-1);
    const at::Tensor spectrum =
        ImageToSpectrum(image, scale.reciprocal(), Seam::kMean);
    EXPECT_TRUE(
        at::allclose(SpectrumToImage(spectrum, scale, w), image, 1e-4, 1e-5))
        << h << w;
  }
}

TEST(SpectrumTest, TheFactorOfTheTransposeCountsMirroredColumnsTwice) {
  // <y, A s> = <A* y, s> for random s, y.
  for (const int64_t w : {8, 9}) {
    const at::Tensor spectrum = Noise({1, 2, 6, SpectrumColumns(w), 2}, 1);
    const at::Tensor image = Noise({1, 2, 6, w}, 2);
    const at::Tensor one = at::ones({1, 1, 1});
    const at::Tensor factor =
        (ColumnMultiplicity(w) / static_cast<double>(6 * (w + w % 2)))
            .view({1, -1, 1});
    const double left =
        (SpectrumToImage(spectrum, one, w) * image).sum().item<double>();
    const double right =
        (ImageToSpectrum(image, factor, Seam::kZero) * spectrum)
            .sum()
            .item<double>();
    EXPECT_NEAR(left, right, 1e-4);
  }
}

}  // namespace
}  // namespace phosphene
