// Recorded steps, with a recorder that runs on the CPU what it was given, at
// the step it was given it: what a replayed step shows can then only come from
// what it is fed.

#include "server/engine/step/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/step/replay_rules.h"
#include "tests/step/stepped.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Rerun : public RecordedStep {
 public:
  explicit Rerun(std::function<void()> work) : work_(std::move(work)) {}
  void Replay() override { work_(); }

 private:
  std::function<void()> work_;
};

class RerunRecorder : public StepRecorder {
 public:
  explicit RerunRecorder(int* recorded) : recorded_(recorded) {}
  std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) override {
    ++*recorded_;
    return std::make_unique<Rerun>(work);
  }

 private:
  int* recorded_;
};

class BrokenRecorder : public StepRecorder {
 public:
  std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) override {
    TORCH_CHECK(false, "operation not permitted when stream is capturing");
  }
};

// Has no room for a recording until it is told to free some.
class FullRecorder : public RerunRecorder {
 public:
  FullRecorder(bool helps, int* recorded, int* freed)
      : RerunRecorder(recorded), helps_(helps), freed_(freed) {}
  std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) override {
    TORCH_CHECK_WITH(OutOfMemoryError, helps_ && *freed_ > 0, "out of memory");
    return RerunRecorder::Record(work);
  }
  void FreeMemory() override { ++*freed_; }

 private:
  bool helps_;
  int* freed_;
};

class Replayed : public ::testing::TestWithParam<const char*> {};

TEST_P(Replayed, EqualsEagerStepsBitwise) {
  const v1::JobSpec spec = LongSpec(GetParam());
  ASSERT_THAT(WhyNotReplayed(spec), IsEmpty());
  int recorded = 0, replayed = 0;
  Stepped eager(spec), replay(spec, std::make_unique<RerunRecorder>(&recorded));
  for (int64_t step = 0; step < spec.steps(); ++step) {
    ASSERT_OK(eager.Step(step));
    ASSERT_OK(replay.Step(step));
    if (replay.stepper().ZeroRows() != nullptr) ++replayed;
    ASSERT_EQ(replay.stepper().RowValues(), eager.stepper().RowValues())
        << "step " << step;
    ASSERT_EQ(replay.stepper().ObjectiveValues(),
              eager.stepper().ObjectiveValues());
  }
  const auto a = eager.parts().param->Tensors(),
             b = replay.parts().param->Tensors();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].value, b[i].value));
  const auto state = eager.parts().optimizer->Save(),
             same = replay.parts().optimizer->Save();
  for (const auto& [key, value] : state)
    EXPECT_TRUE(at::equal(value, same.at(key))) << key;
  EXPECT_GE(recorded, 1);
  EXPECT_GT(replayed, 10);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, Replayed,
    ::testing::Values(
        "", "transforms { preset { name: STANDARD } }", "precision: BF16",
        "transforms { preset { name: STANDARD } } parameterization { rows: 3 "
        "pixel {} }",
        "parameterization { rows: 2 } objectives { l2 {} weight: -0.1 row: 1 }",
        "optimizer { adamw { weight_decay: 0.1 } schedule { cosine {} "
        "warmup_steps: 5 } }",
        "parameterization { rgba { pixel {} } } transforms { random_background "
        "{} } "
        "transforms { per_row: true jitter { pixels: 3 } } transforms { noise "
        "{} } "
        "objectives { alpha { transformed: true } weight: 0.1 }",
        "gradient_overrides { redirect_relu: REDIRECT_OFF max_pool: AVERAGE "
        "}"));

TEST(StepReplay, ReadsZeroGradientsOffTheReport) {
  v1::JobSpec spec = LongSpec("parameterization { rows: 2 } ");
  spec.mutable_gradient_overrides()->set_redirect_relu(
      v1::GradientOverrides::REDIRECT_OFF);
  spec.mutable_objectives(0)->set_row(1);
  int recorded = 0;
  Stepped job(spec, std::make_unique<RerunRecorder>(&recorded));
  for (int64_t step = 0; step < 4; ++step) ASSERT_OK(job.Step(step));
  ASSERT_NE(job.stepper().ZeroRows(), nullptr);
  EXPECT_EQ(*job.stepper().ZeroRows(), std::vector<bool>({true, false}));
}

TEST(StepReplay, RecordsEachShapeOnceWhenItIsMetAgain) {
  int recorded = 0;
  StepReplay replay(std::make_unique<RerunRecorder>(&recorded), at::kCPU);
  const auto nothing = [](StepFeed&) {};
  std::string why;
  CollectingFeed small, large;
  small.Put(at::zeros({2}), "");
  large.Put(at::zeros({3}), "");
  EXPECT_FALSE(replay.Prepare(small, nothing, &why));
  EXPECT_FALSE(replay.Prepare(large, nothing, &why));
  EXPECT_TRUE(replay.Prepare(small, nothing, &why));
  EXPECT_TRUE(replay.Prepare(small, nothing, &why));
  EXPECT_EQ(recorded, 1);
  EXPECT_THAT(why, IsEmpty());
}

TEST(StepReplay, FreesMemoryWhereARecordingHasNoRoom) {
  int recorded = 0, freed = 0;
  StepReplay replay(std::make_unique<FullRecorder>(true, &recorded, &freed),
                    at::kCPU);
  CollectingFeed drawn;
  std::string why;
  for (const bool ready : {false, true, true}) {
    EXPECT_EQ(replay.Prepare(
                  drawn, [](StepFeed&) {}, &why),
              ready);
    EXPECT_THAT(why, IsEmpty());
  }
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(recorded, 1);
}

TEST(StepReplay, LeavesRecordingWhereFreeingHelpsNothing) {
  int recorded = 0, freed = 0;
  StepReplay replay(std::make_unique<FullRecorder>(false, &recorded, &freed),
                    at::kCPU);
  CollectingFeed drawn;
  std::string why;
  for (int time = 0; time < 2; ++time)
    EXPECT_FALSE(replay.Prepare(
        drawn, [](StepFeed&) {}, &why));
  EXPECT_THAT(why, HasSubstr("cannot be recorded: out of memory"));
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(replay.recorded(), 0u);
}

TEST(StepReplay, StopsRecordingAtItsMostShapesAndSaysSoOnce) {
  int recorded = 0, told = 0;
  StepReplay replay(std::make_unique<RerunRecorder>(&recorded), at::kCPU);
  std::string why;
  for (int64_t size = 1; size <= 40; ++size) {
    CollectingFeed drawn;
    drawn.Put(at::zeros({size}), "");
    for (int time = 0; time < 3; ++time) {
      replay.Prepare(
          drawn, [](StepFeed&) {}, &why);
      told += why.empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(recorded, static_cast<int>(StepReplay::kMaxShapes));
  EXPECT_EQ(told, 1);
}

TEST(StepReplay, WhatCannotBeRecordedRunsEagerlyAndSaysWhy) {
  StepReplay replay(std::make_unique<BrokenRecorder>(), at::kCPU);
  CollectingFeed drawn;
  std::string why;
  EXPECT_FALSE(replay.Prepare(
      drawn, [](StepFeed&) {}, &why));
  EXPECT_THAT(why, IsEmpty());
  EXPECT_FALSE(replay.Prepare(
      drawn, [](StepFeed&) {}, &why));
  EXPECT_THAT(why, HasSubstr("cannot be recorded: operation not permitted"));
  EXPECT_FALSE(replay.Prepare(
      drawn, [](StepFeed&) {}, &why));
  EXPECT_THAT(why, IsEmpty());

  const v1::JobSpec spec = LongSpec("");
  Stepped eager(spec), broken(spec, std::make_unique<BrokenRecorder>());
  for (int64_t step = 0; step < 20; ++step) {
    ASSERT_OK(eager.Step(step));
    ASSERT_OK(broken.Step(step));
  }
  EXPECT_EQ(broken.stepper().RowValues(), eager.stepper().RowValues());
}

}  // namespace
}  // namespace phosphene
