#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/optimizers/interface.h"
#include "tests/optimizers/quadratic.h"

namespace phosphene {

v1::Optimizer OptimizerOf(absl::string_view arm) {
  v1::Optimizer spec;
  const auto* field =
      v1::Optimizer::descriptor()->FindFieldByName(std::string(arm));
  v1::Optimizer::GetReflection()->MutableMessage(&spec, field);
  return spec;
}

namespace {

using ::testing::HasSubstr;

at::Tensor Start(int64_t rows) {
  return at::tensor({0.f, .3f, -1.f, 2.f}) +
         at::arange(rows).view({rows, 1}) * .1f;
}

// Laws every kind keeps.
class EveryOptimizer : public ::testing::TestWithParam<const OptimizerKind*> {
 protected:
  EveryOptimizer() : spec_(OptimizerOf(GetParam()->arm)) {
    if (spec_.has_sgd())
      spec_.mutable_sgd()->set_momentum(.5);  // else it has no state
  }
  std::unique_ptr<OptimizerFn> Make(const Quadratic& problem) {
    return MakeOptimizer(spec_, problem.Parameters());
  }
  static constexpr double kRate = 0.02;
  v1::Optimizer spec_;
};

TEST_P(EveryOptimizer, GoesDownhill) {
  Quadratic bowl(Start(1));
  const double before = bowl.Value();
  Move(*Make(bowl), bowl, 3, kRate);
  EXPECT_LT(bowl.Value(), before);
}

TEST_P(EveryOptimizer, ResumesBitwise) {
  Quadratic whole(Start(2));
  Move(*Make(whole), whole, 9, kRate);
  Quadratic halves(Start(2));
  const auto first = Make(halves);
  Move(*first, halves, 4, kRate);
  const auto second = Make(halves);
  ASSERT_TRUE(second->Load(first->Save()).ok());
  Move(*second, halves, 5, kRate);
  EXPECT_TRUE(at::equal(whole.x, halves.x));
}

TEST_P(EveryOptimizer, TreatsARowInCompanyAsAlone) {
  Quadratic batch(Start(3));
  Move(*Make(batch), batch, 6, kRate);
  for (int64_t row = 0; row < 3; ++row) {
    Quadratic alone(Start(3).slice(0, row, row + 1));
    Move(*Make(alone), alone, 6, kRate);
    EXPECT_TRUE(at::equal(batch.x[row], alone.x[0])) << "row " << row;
  }
}

TEST_P(EveryOptimizer, RefusesStateOfAnotherShape) {
  Quadratic two(Start(2)), wide(at::zeros({2, 4}));
  wide.x = at::zeros({2, 5}).set_requires_grad(true);
  const auto optimizer = Make(two);
  Move(*optimizer, two, 3, kRate);
  const auto state = optimizer->Save();
  const auto other = Make(wide);
  const absl::Status status = other->Load(state);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss)
      << GetParam()->arm << ": " << status;
}

TEST_P(EveryOptimizer, SaysWhetherItsStepsCanBeReplayed) {
  Quadratic bowl(Start(1));
  EXPECT_EQ(Make(bowl)->Advance(kRate).defined(),
            GetParam()->why_not_replayed(spec_).empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryOptimizer,
                         ::testing::ValuesIn(OptimizerKinds()),
                         [](const auto& info) {
                           return std::string(info.param->arm);
                         });

TEST(Optimizers, EveryArmOfTheProtoHasAKind) {
  const auto* oneof = v1::Optimizer::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    const v1::Optimizer spec = OptimizerOf(oneof->field(i)->name());
    const OptimizerKind* kind = FindOptimizerKind(spec);
    ASSERT_NE(kind, nullptr) << oneof->field(i)->name();
    EXPECT_EQ(kind->arm, oneof->field(i)->name());
  }
  EXPECT_EQ(OptimizerKinds().size(), static_cast<size_t>(oneof->field_count()));
}

TEST(Optimizers, UnsetMeansAdam) {
  EXPECT_STREQ(FindOptimizerKind(v1::Optimizer())->arm, "adam");
}

TEST(Optimizers, CheckNamesEveryFieldThatIsWrong) {
  v1::Optimizer spec;
  spec.set_learning_rate(-1);
  spec.mutable_adam()->set_beta1(1);
  spec.mutable_octaves()->set_count(0);
  const absl::Status status = CheckOptimizer(spec, "spec.optimizer");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("spec.optimizer.learning_rate: -1"),
                    HasSubstr("spec.optimizer.adam.beta1: 1"),
                    HasSubstr("spec.optimizer.octaves.count: 0")));
}

TEST(Optimizers, DefaultsPassTheCheck) {
  for (const OptimizerKind* kind : OptimizerKinds()) {
    EXPECT_TRUE(CheckOptimizer(OptimizerOf(kind->arm), "optimizer").ok())
        << kind->arm;
  }
}

}  // namespace
}  // namespace phosphene
