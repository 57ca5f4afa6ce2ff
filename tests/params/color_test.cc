#include "server/engine/params/color.h"

#include "tests/params/fixture.h"

namespace phosphene {
namespace {

v1::ColorSpace Space(const std::string& text) {
  v1::ColorSpace spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec));
  return spec;
}

at::Tensor Pixel(std::vector<float> values) {
  const int64_t channels = static_cast<int64_t>(values.size());
  return at::tensor(values).view({1, channels, 1, 1});
}

TEST(ColorTest, TheDecorrelatedMatrixIsTheArticles) {
  const Matrix3 expected = {.562829,  .194825, .043295,  .584476, 0,
                            -.108236, .584476, -.194825, .064942};
  const Matrix3 matrix = BasisMatrix(v1::ColorSpace());
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(matrix[i], expected[i], 1e-6) << i;
}

TEST(ColorTest, ItsInverseIsTheArticles) {
  const Matrix3 expected = {.5774,   .5774,  .5774,   2.7717, -.308,
                            -2.3611, 3.1182, -6.1209, 3.1182};
  const Matrix3 inverse = Inverse(BasisMatrix(v1::ColorSpace()));
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(inverse[i], expected[i], 1e-4) << i;
}

TEST(ColorTest, ZeroIsMidGreyUnderSigmoidAndTheMeanColorUnderClip) {
  const at::Tensor zero = Pixel({0, 0, 0});
  EXPECT_TRUE(
      at::equal(ColorMap(Space(""), 3).ToImage(zero), Pixel({.5, .5, .5})));
  EXPECT_TRUE(at::allclose(ColorMap(Space("squash: CLIP"), 3).ToImage(zero),
                           Pixel({.48f, .46f, .41f})));
}

TEST(ColorTest, AlphaIsASigmoidApartFromTheBasis) {
  for (const char* squash : {"squash: SIGMOID", "squash: CLIP"}) {
    const at::Tensor image =
        ColorMap(Space(squash), 4).ToImage(Pixel({.3f, -.2f, .1f, 1.f}));
    const at::Tensor rgb =
        ColorMap(Space(squash), 3).ToImage(Pixel({.3f, -.2f, .1f}));
    EXPECT_TRUE(at::equal(image.narrow(1, 0, 3), rgb));
    EXPECT_NEAR(image.select(1, 3).item<float>(), .731059, 1e-6);
  }
}

TEST(ColorTest, ChannelsOfAnotherCountAreSquashedOneByOne) {
  const at::Tensor image = ColorMap(v1::ColorSpace(), 2).ToImage(Pixel({0, 1}));
  EXPECT_TRUE(at::allclose(image, Pixel({.5f, .7310586f})));
}

TEST(ColorTest, YcbcrWithoutChromaIsGreyAndChromaShiftsRedAndBlue) {
  const ColorMap map(Space("basis: YCBCR squash: CLIP"), 3);
  EXPECT_TRUE(
      at::allclose(map.ToImage(Pixel({.1f, 0, 0})), Pixel({.58f, .56f, .51f})));
  EXPECT_TRUE(at::allclose(map.ToImage(Pixel({0, 0, .1f})),
                           Pixel({.48f + .1402f, .46f - .0714136f, .41f})));
}

TEST(ColorTest, FromImageInvertsToImageInEverySpace) {
  const at::Tensor image = SmoothImage({2, 4, 6, 5}, 2);
  for (const char* space : {"", "basis: RGB", "basis: YCBCR", "squash: CLIP",
                            "basis: RGB squash: CLIP",
                            "basis: CUSTOM matrix: [0,1,0, 1,0,0, 0,0,2]"}) {
    for (int64_t channels : {3, 4}) {
      const ColorMap map(Space(space), channels);
      const at::Tensor part = image.narrow(1, 0, channels);
      EXPECT_GT(Psnr(map.ToImage(map.FromImage(part)), part), 100)
          << space << channels;
    }
  }
}

TEST(ColorTest, BlackAndWhiteComeBackWithinAThousandth) {
  const ColorMap map(v1::ColorSpace(), 3);
  const at::Tensor image = Pixel({0, 1, 0});
  EXPECT_TRUE(
      at::allclose(map.ToImage(map.FromImage(image)), image, 0, 1.1e-3));
}

// The gradient at z of `sign` times the sum of the image.
at::Tensor GradientOfSum(const ColorMap& map, at::Tensor z, double sign) {
  z.requires_grad_();
  (map.ToImage(z).sum() * sign).backward();
  return z.grad();
}

TEST(ColorTest, ClipStopsOnlyGradientsThatLeadOutOfRange) {
  const ColorMap map(Space("basis: RGB squash: CLIP"), 3);
  // Descent on +sum darkens: stopped at the black edge, free at the white one.
  EXPECT_TRUE(
      at::equal(GradientOfSum(map, Pixel({-2, 0, 2}), 1), Pixel({0, 1, 1})));
  EXPECT_TRUE(
      at::equal(GradientOfSum(map, Pixel({-2, 0, 2}), -1), Pixel({-1, -1, 0})));
}

TEST(ColorTest, SigmoidGradientIsTheTransposedBasisTimesTheSlope) {
  const ColorMap map(v1::ColorSpace(), 3);
  const at::Tensor grad = GradientOfSum(map, Pixel({0, 0, 0}), 1);
  const Matrix3 m = BasisMatrix(v1::ColorSpace());
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(grad.select(1, c).item<float>(),
                (m[c] + m[3 + c] + m[6 + c]) / 4, 1e-6);
  }
}

TEST(ColorTest, SingularAndNonFiniteMatricesAreNotInvertible) {
  EXPECT_TRUE(IsInvertible(BasisMatrix(v1::ColorSpace())));
  EXPECT_TRUE(IsInvertible(BasisMatrix(Space("basis: YCBCR"))));
  EXPECT_FALSE(IsInvertible({1, 2, 3, 2, 4, 6, 1, 0, 1}));
  EXPECT_FALSE(IsInvertible({0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(IsInvertible({NAN, 0, 0, 0, 1, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace phosphene
