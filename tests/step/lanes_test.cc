#include "server/engine/step/lanes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/optimize/tiny_engine.h"

namespace phosphene {
namespace {

TEST(LaneAt, IsAWholeJobAtAStep) {
  const v1::JobSpec spec = TinySpec(
      "seed: 7 optimizer { learning_rate: 0.5 schedule { cosine {} } }");
  const Lane lane = LaneAt(spec, 3, 4);
  EXPECT_EQ(lane.seed, 7u);
  EXPECT_EQ(lane.first_row, 0);
  EXPECT_EQ(lane.rows, 3);
  EXPECT_EQ(lane.step, 4);
  EXPECT_GT(lane.rate, 0);
  EXPECT_LT(lane.rate, LaneAt(spec, 3, 0).rate);
}

TEST(OctaveSteps, FallByTheirFactorAndNeverBelowOne) {
  v1::JobSpec spec =
      TinySpec("optimizer { octaves { count: 4 steps_factor: 0.25 } }");
  spec.set_steps(12);
  EXPECT_EQ(Engine::OctaveSteps(spec, 0), 12);
  EXPECT_EQ(Engine::OctaveSteps(spec, 1), 3);
  EXPECT_EQ(Engine::OctaveSteps(spec, 2), 1);
  EXPECT_EQ(Engine::OctaveSteps(spec, 3), 1);
  EXPECT_EQ(Engine::StepsBefore(spec, 2), 15);
  EXPECT_EQ(Engine::TotalSteps(spec), 17);
  spec.mutable_optimizer()->mutable_octaves()->clear_steps_factor();
  EXPECT_EQ(Engine::TotalSteps(spec), 48);
}

TEST(OctaveRate, FallsByItsFactorToTheLeast) {
  v1::Octaves octaves;
  EXPECT_EQ(OctaveRate(octaves, 3), 1);
  octaves.set_rate_factor(0.5);
  EXPECT_DOUBLE_EQ(OctaveRate(octaves, 2), 0.25);
  octaves.set_least_rate(0.3);
  EXPECT_EQ(OctaveRate(octaves, 0), 1);
  EXPECT_DOUBLE_EQ(OctaveRate(octaves, 1), 0.5);
  EXPECT_DOUBLE_EQ(OctaveRate(octaves, 5), 0.3);
}

TEST(LaneAt, MultipliesTheScheduleByTheRateOfTheStepsOctave) {
  v1::JobSpec spec = TinySpec(
      "steps: 3 optimizer { learning_rate: 0.5 octaves { count: 3 } }");
  for (int64_t step = 0; step < 9; ++step)
    EXPECT_EQ(LaneAt(spec, 1, step).rate, 0.5);
  spec.mutable_optimizer()->mutable_octaves()->set_rate_factor(0.1);
  for (int64_t step = 0; step < 9; ++step) {
    EXPECT_DOUBLE_EQ(LaneAt(spec, 1, step).rate,
                     0.5 * std::pow(0.1, static_cast<double>(step / 3)));
  }
}

TEST(Redirects, LastsSixteenStepsUnlessTold) {
  v1::GradientOverrides overrides;
  EXPECT_TRUE(Redirects(overrides, 16));
  EXPECT_FALSE(Redirects(overrides, 17));
  overrides.set_redirect_steps(3);
  EXPECT_FALSE(Redirects(overrides, 4));
  overrides.set_redirect_relu(v1::GradientOverrides::REDIRECT_OFF);
  EXPECT_FALSE(Redirects(overrides, 0));
}

}  // namespace
}  // namespace phosphene
