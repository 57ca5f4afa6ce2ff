#include "server/engine/step/lanes.h"

#include <gtest/gtest.h>

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
