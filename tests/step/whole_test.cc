#include "server/engine/step/whole.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/tensor/rng.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

double ValueAfter(const v1::JobSpec& spec, int steps) {
  TinyEngine tiny;
  v1::JobSpec own = spec;
  own.set_steps(steps);
  const auto result = tiny.Run(own);
  EXPECT_OK(result);
  return result.ok() ? result->objective_value : 0;
}

// Ascent: the value before the first update is below that before the fourth.
class EveryObjective : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryObjective, RisesInThreeSteps) {
  const v1::JobSpec spec = Spec(absl::StrCat(
      "model: 'tiny' parameterization { width: 32 pixel {} } seed: 3 "
      "optimizer { learning_rate: 0.005 } objectives {",
      GetParam(), "}"));
  EXPECT_LT(ValueAfter(spec, 1), ValueAfter(spec, 4));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, EveryObjective,
    ::testing::Values(
        "channel { layer: 'relu2' channel: 3 }",
        "neuron { layer: 'conv2' channel: 0 }",
        "direction { layer: 'relu2' random_seed: 4 }",
        "deepdream { layer: 'relu2' }",
        "weight: -2 channel { layer: 'conv2' channel: 1 }",
        "negate { term { channel { layer: 'relu1' channel: 2 } } }",
        "sum { terms { channel { layer: 'relu2' channel: 3 } } "
        "      terms { deepdream { layer: 'relu1' } weight: 0.5 } }"));

class EveryParameterization : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryParameterization, Rises) {
  const v1::JobSpec spec =
      Spec(absl::StrCat("model: 'tiny' objectives { channel { layer: 'relu2' "
                        "channel: 3 } } parameterization {",
                        GetParam(), "}"));
  EXPECT_LT(ValueAfter(spec, 1), ValueAfter(spec, 4));
}

INSTANTIATE_TEST_SUITE_P(Texts, EveryParameterization,
                         ::testing::Values("width: 32 pixel {}",
                                           "width: 32 fourier {}",
                                           "width: 33 height: 17 fourier {}",
                                           "width: 32 channels: 1 pixel {}"));

// The PNG of one row.
std::string PictureOf(const v1::JobSpec& spec, int row) {
  TinyEngine tiny;
  v1::JobSpec own = spec;
  own.mutable_outputs(0)->set_row(row);
  const auto result = tiny.Run(own);
  EXPECT_OK(result);
  return result.ok() ? result->artifacts[0].bytes : "";
}

// A row of a batch is the job of its own seed.
class EveryKindOfRow : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryKindOfRow, InCompanyEqualsItselfAlone) {
  v1::JobSpec batch = TinySpec(absl::StrCat("seed: 11 ", GetParam()));
  batch.mutable_parameterization()->set_rows(3);
  for (int row = 0; row < 3; ++row) {
    v1::JobSpec alone = batch;
    alone.mutable_parameterization()->set_rows(1);
    alone.set_seed(RowSeed(11, row));
    EXPECT_EQ(PictureOf(batch, row), PictureOf(alone, 0)) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Specs, EveryKindOfRow,
    ::testing::Values("", "optimizer { lbfgs { max_evaluations: 4 } }",
                      "optimizer { normalize_gradient: MEAN_ABS }",
                      "precision: BF16",
                      "transforms { per_row: true jitter { pixels: 4 } }"));

TEST(WholeStepper, AnObjectiveOfOneRowLeavesTheOthersAlone) {
  v1::JobSpec spec = TinySpec("optimizer { sgd {} learning_rate: 10 }");
  spec.mutable_parameterization()->set_rows(2);
  v1::JobSpec still = spec;
  still.mutable_optimizer()->set_learning_rate(1e-30);
  spec.mutable_objectives(0)->set_row(1);
  EXPECT_EQ(PictureOf(spec, 0), PictureOf(still, 0));
  EXPECT_NE(PictureOf(spec, 1), PictureOf(still, 1));
}

TEST(WholeStepper, WeightsScaleTheSumAndSignsTurnIt) {
  v1::JobSpec spec = TinySpec();
  const double plain = ValueAfter(spec, 1);
  spec.mutable_objectives(0)->set_weight(-3);
  EXPECT_NEAR(ValueAfter(spec, 1), -3 * plain, 1e-5);
}

TEST(WholeStepper, AJobWithoutANetworkRuns) {
  TinyEngine tiny;
  ASSERT_OK_AND_ASSIGN(
      const RunResult result,
      tiny.Run(Spec("parameterization { width: 16 pixel { sd: 1 } } steps: 30 "
                    "objectives { l2 { constant: 0.5 } weight: -1 }")));
  EXPECT_EQ(tiny.opened, 0);
  EXPECT_GT(result.objective_value, -10);
}

}  // namespace
}  // namespace phosphene
