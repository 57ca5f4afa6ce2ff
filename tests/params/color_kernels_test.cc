#include "server/engine/params/color_kernels.h"

#include <cmath>
#include <vector>

#include "tests/params/fixture.h"

namespace phosphene {
namespace {

TEST(ColorKernelsTest, SigmoidIsWithinAFewUlpOfTheTrueOne) {
  std::vector<float> x;
  for (double v = -80; v <= 80; v += .0137) x.push_back(static_cast<float>(v));
  std::vector<float> y = x;
  SigmoidInPlace(y.data(), static_cast<int64_t>(y.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    const double truth = 1 / (1 + std::exp(-static_cast<double>(x[i])));
    ASSERT_NEAR(y[i], truth, 3e-7 * truth) << x[i];
  }
}

TEST(ColorKernelsTest, SigmoidOfExtremesStaysInRangeAndNanStaysNan) {
  std::vector<float> x = {-1e30f, -INFINITY, 1e30f, INFINITY, NAN};
  SigmoidInPlace(x.data(), 5);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(x[i] >= 0 && x[i] <= 1) << i;
  EXPECT_EQ(x[2], 1);
  EXPECT_TRUE(std::isnan(x[4]));
}

TEST(ColorKernelsTest, AnElementsBitsDoNotDependOnItsPlace) {
  const at::Tensor values = Noise({67}) * 3;
  std::vector<float> all(values.data_ptr<float>(),
                         values.data_ptr<float>() + 67);
  std::vector<float> together = all;
  SigmoidInPlace(together.data(), 67);
  for (int i = 0; i < 67; ++i) {
    float alone = all[i];
    SigmoidInPlace(&alone, 1);
    EXPECT_EQ(alone, together[i]) << i;
  }
}

TEST(ColorKernelsTest, LogitInvertsSigmoidWithinItsMargin) {
  std::vector<float> x = {-6.f, -.5f, 0.f, .25f, 6.f, 50.f};
  std::vector<float> y = x;
  SigmoidInPlace(y.data(), 6);
  LogitInPlace(y.data(), 6, 1e-3);
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(y[i], x[i], 1e-4) << i;
  EXPECT_NEAR(y[5], std::log(.999 / .001), 1e-4);
}

}  // namespace
}  // namespace phosphene
