#include <gtest/gtest.h>

#include "tests/optimizers/quadratic.h"

namespace phosphene {
namespace {

// Rosenbrock's valley a row, minimum 0 at (1, 1).
struct Valley {
  at::Tensor x;
  int evaluations = 0;
  explicit Valley(const at::Tensor& start)
      : x(start.clone().set_requires_grad(true)) {}
  at::Tensor Evaluate() {
    ++evaluations;
    x.mutable_grad().reset();
    const at::Tensor a = x.select(1, 0), b = x.select(1, 1);
    const at::Tensor loss = (1 - a).square() + 100 * (b - a.square()).square();
    loss.sum().backward();
    return loss.detach();
  }
};

TEST(Lbfgs, FollowsRosenbrocksValley) {
  Valley valley(at::tensor({-1.2f, 1.f, 0.f, 2.f}).view({2, 2}));
  const auto optimizer =
      MakeOptimizer(OptimizerOf("lbfgs"), {{"x", valley.x, true}});
  Move(*optimizer, valley, 60, 1);
  EXPECT_TRUE(at::allclose(valley.x, at::ones({2, 2}), 1e-2, 1e-2)) << valley.x;
}

TEST(Lbfgs, NeverMovesUphill) {
  Valley valley(at::tensor({-1.2f, 1.f}).view({1, 2}));
  const auto optimizer =
      MakeOptimizer(OptimizerOf("lbfgs"), {{"x", valley.x, true}});
  double last = valley.Evaluate().item<double>();
  for (int i = 0; i < 30; ++i) {
    Move(*optimizer, valley, 1, 1);
    const double now = valley.Evaluate().item<double>();
    EXPECT_LE(now, last);
    last = now;
  }
}

TEST(Lbfgs, KeepsToItsEvaluations) {
  v1::Optimizer spec;
  spec.mutable_lbfgs()->set_max_evaluations(3);
  Valley valley(at::tensor({-1.2f, 1.f}).view({1, 2}));
  const auto optimizer = MakeOptimizer(spec, {{"x", valley.x, true}});
  Move(*optimizer, valley, 10, 1);
  EXPECT_LE(valley.evaluations, 30);
}

TEST(Lbfgs, SharedTensorJoinsTheRows) {
  Quadratic bowl(at::zeros({2, 4}));
  const at::Tensor shared = at::zeros({4}).set_requires_grad(true);
  const auto evaluate = [&] {
    bowl.x.mutable_grad().reset();
    shared.mutable_grad().reset();
    const at::Tensor loss =
        (bowl.curvature * (bowl.x + shared - bowl.target).square()).sum(1);
    loss.sum().backward();
    return loss.detach();
  };
  const auto optimizer = MakeOptimizer(
      OptimizerOf("lbfgs"), {{"x", bowl.x, true}, {"shared", shared, false}});
  for (int i = 0; i < 25; ++i) optimizer->Step(1, evaluate);
  EXPECT_LT(evaluate().sum().item<double>(), 1e-4);
  EXPECT_GT(shared.abs().sum().item<double>(), .1);
}

TEST(Lbfgs, NormalizedGradientIsRefused) {
  v1::Optimizer spec = OptimizerOf("lbfgs");
  spec.set_normalize_gradient(v1::Optimizer::UNIT_NORM);
  EXPECT_FALSE(CheckOptimizer(spec, "optimizer").ok());
}

}  // namespace
}  // namespace phosphene
