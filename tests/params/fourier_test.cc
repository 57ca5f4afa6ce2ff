#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

// Values before colour of a Fourier start: the image's logit, in RGB basis.
at::Tensor StartValues(int size, const std::string& more = "") {
  const auto param = MakeOrDie(absl::StrCat(
      "fourier {", more, "} color { basis: RGB } rows: 2 ", "width: ", size));
  return at::logit(param->Image(0).detach().to(at::kDouble));
}

TEST(FourierTest, TheSpectrumHasTheShapeOfTheHalfPlane) {
  const auto sizes = [](const std::string& canvas) {
    return MakeOrDie("fourier {} " + canvas)->Tensors()[0].value.sizes().vec();
  };
  using Sizes = std::vector<int64_t>;
  EXPECT_EQ(sizes("width: 8 height: 6"), (Sizes{1, 3, 6, 5, 2}));
  EXPECT_EQ(sizes("width: 9 height: 6"), (Sizes{1, 3, 6, 6, 2}));
  EXPECT_EQ(sizes("width: 9 height: 7 rows: 4 channels: 1"),
            (Sizes{4, 1, 7, 6, 2}));
}

TEST(FourierTest, TheStartHasTheArticlesContrastAtEverySize) {
  for (const auto& [size, sd] :
       {std::pair{64, .0172}, {224, .0200}, {512, .0212}}) {
    EXPECT_NEAR(StartValues(size).std().item<double>(), sd, .06 * sd) << size;
  }
}

TEST(FourierTest, OneCoefficientIsACosineOfItsScaledFrequency) {
  const auto param = MakeOrDie(
      "fourier {} color { basis: RGB } width: 8 height: 4 channels: 1");
  const at::NoGradGuard no_grad;
  at::Tensor spectrum = param->Tensors()[0].value;
  spectrum.zero_();
  spectrum[0][0][0][2][0] = 3.0;  // fx = 2/8, real part
  const at::Tensor values = at::logit(param->Image(0)[0][0]);
  const double scale = std::sqrt(8.0 * 4.0) / .25 / 4;
  for (int x = 0; x < 8; ++x) {
    const double expected =
        2 * 3.0 * scale / (8 * 4) * std::cos(2 * M_PI * 2 * x / 8);
    EXPECT_NEAR(values[1][x].item<double>(), expected, 1e-5) << x;
  }
}

TEST(FourierTest, TheConstantTermCountsAsTheLowestFrequency) {
  const auto param = MakeOrDie(
      "fourier { decay: 2 } color { basis: RGB } width: 8 height: 4 channels: "
      "1");
  const at::NoGradGuard no_grad;
  at::Tensor spectrum = param->Tensors()[0].value;
  spectrum.zero_();
  spectrum[0][0][0][0][0] = .01;
  const double expected = .01 * std::sqrt(32.0) * 64 / 4 / 32;
  EXPECT_NEAR(at::logit(param->Image(0)).mean().item<double>(), expected, 1e-6);
}

TEST(FourierTest, DecayZeroIsWhiteNoise) {
  // Every coefficient at the same scale: neighbours are uncorrelated.
  const at::Tensor values = StartValues(64, "decay: 0");
  const at::Tensor a = values.narrow(3, 0, 63), b = values.narrow(3, 1, 63);
  EXPECT_LT(std::abs((a * b).mean().item<double>()),
            .05 * values.var().item<double>());
}

TEST(FourierTest, SdScalesTheStart) {
  EXPECT_NEAR(StartValues(64, "sd: 0.02").std().item<double>(),
              2 * StartValues(64).std().item<double>(), 1e-4);
  EXPECT_EQ(StartValues(64, "sd: 0").abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace phosphene
