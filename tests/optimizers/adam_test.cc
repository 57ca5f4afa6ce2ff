#include <gtest/gtest.h>

#include "server/engine/optimizers/adam_kernel.h"
#include "tests/optimizers/quadratic.h"

namespace phosphene {
namespace {

// Five steps from (0, .3, -1, 2) on the bowl; the values are those of
// torch.optim 2.11 (Adam, AdamW, NAdam) on the same problem.
at::Tensor FiveSteps(const v1::Optimizer& spec) {
  Quadratic bowl(at::tensor({0.f, .3f, -1.f, 2.f}).view({1, 4}));
  const auto optimizer = MakeOptimizer(spec, bowl.Parameters());
  Move(*optimizer, bowl, 5, 0.05);
  return bowl.x.detach()[0];
}

void ExpectClose(const at::Tensor& got, std::vector<float> want) {
  EXPECT_TRUE(at::allclose(got, at::tensor(want), 1e-5, 1e-6)) << got;
}

TEST(Adam, MatchesTorch) {
  ExpectClose(FiveSteps(OptimizerOf("adam")),
              {.248522118f, .0505400561f, -.750889719f, 2.24852204f});
}

TEST(Adam, WithDecoupledDecayMatchesTorch) {
  v1::Optimizer spec;
  spec.mutable_adamw()->set_weight_decay(.1);
  ExpectClose(FiveSteps(spec),
              {.246050909f, .0456149392f, -.728724837f, 2.19691014f});
}

TEST(NAdam, MatchesTorch) {
  ExpectClose(FiveSteps(OptimizerOf("nadam")),
              {.195770189f, .100336179f, -.801899374f, 2.1957705f});
}

TEST(Adam, KernelDoesNotDependOnHowTheRangeIsCut) {
  const at::Tensor gradient = at::linspace(-1, 1, 1003),
                   start = at::linspace(2, -3, 1003);
  const auto run = [&](std::vector<int64_t> cuts) {
    at::Tensor value = start.clone(), mean = start * .1f,
               square = start.square() * .01f;
    AdamStep step;
    step.value = value.data_ptr<float>();
    step.gradient = gradient.data_ptr<float>();
    step.mean = mean.data_ptr<float>();
    step.square = square.data_ptr<float>();
    step.now.step_size = .37f;
    step.now.square_factor = 1.7f;
    for (size_t i = 0; i + 1 < cuts.size(); ++i)
      RunAdam(step, cuts[i], cuts[i + 1]);
    return value;
  };
  EXPECT_TRUE(at::equal(run({0, 1003}), run({0, 1, 7, 500, 1002, 1003})));
}

// What a recorded step does: scalars made beforehand, the update afterwards.
void ExpectTwoPartsEqualOne(const v1::Optimizer& spec) {
  Quadratic whole(at::tensor({0.f, .3f, -1.f, 2.f}).view({1, 4}));
  Quadratic parts(whole.x.detach());
  const auto one = MakeOptimizer(spec, whole.Parameters());
  const auto two = MakeOptimizer(spec, parts.Parameters());
  for (int i = 0; i < 20; ++i) {
    const double rate = .05 / (i + 1);
    Move(*one, whole, 1, rate);
    const at::Tensor scalars = two->Advance(rate);
    ASSERT_EQ(scalars.sizes(), at::IntArrayRef({OptimizerFn::kScalars}));
    parts.Evaluate();
    two->Apply(scalars);
    ASSERT_TRUE(at::equal(whole.x, parts.x)) << "step " << i;
  }
  EXPECT_TRUE(at::equal(one->Save().at("m/x"), two->Save().at("m/x")));
  EXPECT_EQ(two->Save().at("step").item<int64_t>(), 20);
}

TEST(Adam, AdvancingAndApplyingIsAStep) {
  ExpectTwoPartsEqualOne(OptimizerOf("adam"));
  v1::Optimizer decayed;
  decayed.mutable_adamw()->set_weight_decay(.1);
  ExpectTwoPartsEqualOne(decayed);
}

TEST(Adam, OptimizersThatCannotAdvanceCountNothing) {
  for (const char* arm : {"nadam", "sgd", "lbfgs"}) {
    Quadratic bowl(at::zeros({1, 4}));
    const auto optimizer = MakeOptimizer(OptimizerOf(arm), bowl.Parameters());
    EXPECT_FALSE(optimizer->Advance(.1).defined()) << arm;
  }
}

}  // namespace
}  // namespace phosphene
