#include <set>
#include <string>

#include <gtest/gtest.h>

#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

TEST(Schedule, UnsetIsConstantAtTheKindsDefault) {
  v1::Optimizer spec;
  EXPECT_EQ(LearningRateAt(spec, 0, 512), 0.05);
  EXPECT_EQ(LearningRateAt(spec, 511, 512), 0.05);
  spec.mutable_lbfgs();
  EXPECT_EQ(LearningRateAt(spec, 5, 512), 1);
  spec.set_learning_rate(.25);
  EXPECT_EQ(LearningRateAt(spec, 5, 512), .25);
}

TEST(Schedule, CosineGoesFromOneToTheFinalFactor) {
  v1::Optimizer spec;
  spec.set_learning_rate(2);
  spec.mutable_schedule()->mutable_cosine()->set_final_factor(.1);
  EXPECT_DOUBLE_EQ(LearningRateAt(spec, 0, 101), 2);
  EXPECT_DOUBLE_EQ(LearningRateAt(spec, 50, 101), 1.1);
  EXPECT_NEAR(LearningRateAt(spec, 100, 101), .2, 1e-12);
}

TEST(Schedule, LinearGoesStraight) {
  v1::Optimizer spec;
  spec.set_learning_rate(1);
  spec.mutable_schedule()->mutable_linear()->set_final_factor(0);
  EXPECT_DOUBLE_EQ(LearningRateAt(spec, 25, 101), .75);
  EXPECT_DOUBLE_EQ(LearningRateAt(spec, 0, 1), 1) << "a run of one step moves";
}

TEST(Schedule, StepsFallByTheFactor) {
  v1::Optimizer spec;
  spec.set_learning_rate(1);
  spec.mutable_schedule()->mutable_step()->set_every(10);
  spec.mutable_schedule()->mutable_step()->set_factor(.5);
  EXPECT_EQ(LearningRateAt(spec, 9, 100), 1);
  EXPECT_EQ(LearningRateAt(spec, 10, 100), .5);
  EXPECT_EQ(LearningRateAt(spec, 29, 100), .25);
}

TEST(Schedule, WarmUpRisesToTheFullRate) {
  v1::Optimizer spec;
  spec.set_learning_rate(1);
  spec.mutable_schedule()->set_warmup_steps(4);
  EXPECT_EQ(LearningRateAt(spec, 0, 100), .25);
  EXPECT_EQ(LearningRateAt(spec, 3, 100), 1);
  EXPECT_EQ(LearningRateAt(spec, 50, 100), 1);
}

TEST(Schedule, CheckNamesWhatIsOutOfRange) {
  v1::Optimizer spec;
  spec.mutable_schedule()->set_warmup_steps(-1);
  spec.mutable_schedule()->mutable_step()->set_factor(-2);
  std::set<std::string> fields;
  for (const Fault& fault : FaultsOf(CheckOptimizer(spec, "optimizer")))
    fields.insert(fault.field);
  EXPECT_EQ(fields, (std::set<std::string>{"optimizer.schedule.warmup_steps",
                                           "optimizer.schedule.step.factor",
                                           "optimizer.schedule.step.every"}));
}

}  // namespace
}  // namespace phosphene
