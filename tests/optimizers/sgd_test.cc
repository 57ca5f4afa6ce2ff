#include <gtest/gtest.h>

#include "tests/optimizers/quadratic.h"

namespace phosphene {
namespace {

// Values of torch.optim.SGD 2.11 after five steps on the same problem.
void ExpectAfterFiveSteps(const v1::Optimizer& spec, double rate,
                          std::vector<float> want) {
  Quadratic bowl(at::tensor({0.f, .3f, -1.f, 2.f}).view({1, 4}));
  const auto optimizer = MakeOptimizer(spec, bowl.Parameters());
  Move(*optimizer, bowl, 5, rate);
  EXPECT_TRUE(at::allclose(bowl.x.detach()[0], at::tensor(want), 1e-5, 1e-6))
      << bowl.x;
}

TEST(Sgd, PlainStepMatchesTorch) {
  ExpectAfterFiveSteps(OptimizerOf("sgd"), .05,
                       {.409509987f, -2, -.926485062f, 2.67232013f});
}

TEST(Sgd, MomentumMatchesTorch) {
  v1::Optimizer spec;
  spec.mutable_sgd()->set_momentum(.9);
  ExpectAfterFiveSteps(spec, .01,
                       {.250683486f, -3.33496594f, -.960753441f, 2.47777486f});
}

TEST(Sgd, NesterovMatchesTorch) {
  v1::Optimizer spec;
  spec.mutable_sgd()->set_momentum(.9);
  spec.mutable_sgd()->set_nesterov(true);
  ExpectAfterFiveSteps(spec, .01,
                       {.310093969f, -2.95615029f, -.949920714f, 2.5707128f});
}

TEST(Sgd, NesterovWithoutMomentumIsRefused) {
  v1::Optimizer spec;
  spec.mutable_sgd()->set_nesterov(true);
  EXPECT_FALSE(CheckOptimizer(spec, "optimizer").ok());
}

}  // namespace
}  // namespace phosphene
