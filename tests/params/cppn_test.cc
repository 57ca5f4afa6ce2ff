#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

// A network that shows something: its output layer is zero at the start.
std::unique_ptr<Param> Grown(const std::string& text, double by = 1) {
  auto param = MakeOrDie(text);
  const at::NoGradGuard no_grad;
  at::Tensor weights = param->Tensors()[0].value;
  weights.narrow(1, weights.size(1) - 147, 147).add_(Noise({147}) * by);
  return param;
}

TEST(CppnTest, StartsExactlyMidGrey) {
  const auto param = MakeOrDie("cppn {} width: 32 rows: 2");
  EXPECT_TRUE(at::equal(param->Image(0), at::full({2, 3, 32, 32}, .5)));
  EXPECT_TRUE(at::equal(param->Render(40, 50), at::full({2, 3, 40, 50}, .5)));
}

TEST(CppnTest, HasTheArticlesParameterCounts) {
  const auto count = [](const std::string& fields) {
    return MakeOrDie(absl::StrCat("cppn {", fields, "} width: 8"))
        ->Tensors()[0]
        .value.numel();
  };
  EXPECT_EQ(count(""), 8451);
  EXPECT_EQ(count("activation: UNBIASED"), 8451);
  EXPECT_EQ(count("activation: RELU"), 4347);
  EXPECT_EQ(count("activation: ABS"), 4347);
  EXPECT_EQ(count("periodic: true"), 8499);
}

TEST(CppnTest, HiddenWeightsHaveUnitGainAndBiasesAreZero) {
  const at::Tensor weights =
      MakeOrDie("cppn {} width: 8")->Tensors()[0].value[0].detach();
  // Layer 0: 24x2 weights, 24 biases; layer 1: 24x48, 24.
  EXPECT_EQ(weights.narrow(0, 48, 24).abs().max().item<float>(), 0);
  EXPECT_NEAR(weights.narrow(0, 72, 24 * 48).std().item<double>(),
              1 / std::sqrt(48.), .01);
  EXPECT_EQ(weights.narrow(0, 72 + 24 * 48, 24).abs().max().item<float>(), 0);
}

TEST(CppnTest, ALargerRenderAgreesWithTheCanvas) {
  const auto param = Grown("cppn {} width: 56 height: 40");
  const at::Tensor canvas = param->Render(40, 56);
  EXPECT_GT(canvas.std().item<double>(), .05);
  const at::Tensor large = param->Render(320, 448);
  EXPECT_GT(Psnr(at::adaptive_avg_pool2d(large, {40, 56}), canvas), 40);
}

TEST(CppnTest, ANormalizedRenderUsesTheCanvasStatistics) {
  const auto param = Grown("cppn { normalize: true depth: 3 } width: 48");
  const at::Tensor large = param->Render(192, 192);
  EXPECT_GT(
      Psnr(at::adaptive_avg_pool2d(large, {48, 48}), param->Render(48, 48)),
      35);
}

// Largest difference of neighbouring columns, and of the last to the first.
std::pair<double, double> Seam(const at::Tensor& image) {
  const int64_t width = image.size(3);
  const auto at = [&](int64_t x, int64_t n) { return image.narrow(3, x, n); };
  return {(at(1, width - 1) - at(0, width - 1)).abs().max().item<double>(),
          (at(0, 1) - at(width - 1, 1)).abs().max().item<double>()};
}

TEST(CppnTest, APeriodicTileWrapsWithoutASeam) {
  const auto param = Grown("cppn { periodic: true } width: 64");
  for (const at::Tensor& tile : {param->Render(64, 64), param->Render(96, 160),
                                 param->Render(96, 160).transpose(2, 3)}) {
    const auto [inside, around] = Seam(tile);
    EXPECT_GT(inside, 0);
    EXPECT_LE(around, inside);
  }
}

TEST(CppnTest, PeriodicStepsShiftTheSamePicture) {
  const auto param = Grown("cppn { periodic: true } width: 64");
  const at::Tensor a = param->Image(1), b = param->Image(2);
  EXPECT_FALSE(at::allclose(a, b, 0, .01));
  EXPECT_NEAR(a.mean().item<double>(), b.mean().item<double>(), 1e-3);
  EXPECT_TRUE(at::equal(a, param->Image(1)));
}

TEST(CppnTest, ActivationsAreTheArticles) {
  // One hidden unit, one layer: values = out * act(w x) on a row of pixels.
  const auto act = [](const std::string& activation) {
    const auto param = MakeOrDie(absl::StrCat(
        "cppn { depth: 1 hidden_channels: 1 activation: ", activation,
        "} width: 3 height: 1 ", "channels: 1 color { squash: CLIP }"));
    const at::NoGradGuard no_grad;
    at::Tensor weights = param->Tensors()[0].value;
    weights.zero_();
    weights[0][0] = 1;  // h = x
    weights[0]
        .narrow(0, 3, weights.size(1) - 4)
        .fill_(.1);  // value = .1 * sum of act
    return param->Image(0)[0][0][0][2].item<double>() - .5;  // at x = sqrt 3
  };
  const double x = std::sqrt(3.), t = std::atan(x);
  EXPECT_NEAR(act("COMPOSITE"), .1 * (t / .67 + t * t / .6), 1e-5);
  EXPECT_NEAR(act("UNBIASED"), .1 * (t / .67 + (t * t - .45) / .396), 1e-5);
  EXPECT_NEAR(act("RELU"), .1 * (x - .40) / .58, 1e-5);
  EXPECT_NEAR(act("ABS"), .1 * x, 1e-5);
}

TEST(CppnTest, LearnsTheXorOfTheCorners) {
  const auto param = MakeOrDie("cppn {} width: 16 channels: 1", 3);
  const at::Tensor x = at::linspace(-1, 1, 16);
  const at::Tensor target =
      (x.unsqueeze(0) * x.unsqueeze(1)).gt(0).to(at::kFloat);
  at::Tensor weights = param->Tensors()[0].value;
  at::Tensor m = at::zeros_like(weights).detach(), v = m.clone();
  double loss = 1;
  for (int step = 1; step <= 200 && loss > .02; ++step) {  // Adam, rate .01
    weights.mutable_grad() = at::Tensor();
    const at::Tensor error = (param->Image(0) - target).square().mean();
    error.backward();
    loss = error.item<double>();
    const at::NoGradGuard no_grad;
    m.lerp_(weights.grad(), .1);
    v.lerp_(weights.grad().square(), .001);
    weights.sub_(.01 * (m / (1 - std::pow(.9, step))) /
                 ((v / (1 - std::pow(.999, step))).sqrt() + 1e-8));
  }
  EXPECT_LE(loss, .02);
}

TEST(CppnTest, PartsOfAPictureAreThePicture) {
  for (const char* text :
       {"cppn {} width: 24", "cppn { normalize: true } width: 24",
        "cppn { periodic: true } width: 24"}) {
    const auto param = Grown(text);
    const at::Tensor whole = param->Render(50, 70);
    const at::Tensor parts = at::cat(
        {param->RenderLines(50, 70, 0, 17), param->RenderLines(50, 70, 17, 18),
         param->RenderLines(50, 70, 18, 50)},
        2);
    EXPECT_TRUE(at::allclose(whole, parts, 0, 1e-6)) << text;
  }
}

}  // namespace
}  // namespace phosphene
