// The laws every objective keeps, run over examples of all registered kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/objectives/lab.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

struct Example {
  std::string text;
  int64_t channels = 3;
  bool stops_gradients = false;  // on purpose: they are not the slopes
};

std::string Blob(char digit) { return "'" + BlobNamed(digit) + "'"; }

std::vector<Example> Examples() {
  const std::string style =
      "gram_style { layers { layer: 'a' } layers { layer: 'b' weight: 2 } "
      "styles { image: " +
      Blob('1') + " } ";
  return {
      {"channel { layer: 'b' channel: 2 }"},
      {"channel { layer: 'input' channel: 1 }"},
      {"neuron { layer: 'first' channel: 1 }"},
      {"neuron { layer: 'b' channel: 1 x: 2 y: 100 }"},
      {"direction { layer: 'b' random_seed: 3 }"},
      {"direction { layer: 'a' vector: [1, -1, 0.5, 2] cossim_power: 2 "
       "center_only: true }"},
      {"spatial_direction { layer: 'logits' height: 1 width: 1 pattern: [1, 0, "
       "2, -1, 1] "
       "cossim_power: 1 }"},
      {"deepdream { layer: 'b' }"},
      {"class_logit { index: 3 }"},
      {"class_logit { class_label: 'Great White Shark' layer: 'logits' }"},
      {"activation_match { layer: 'b' image: " + Blob('2') + " }"},
      {"activation_match { layer: 'a' vector { values: [1, 2, 0, 1] } metric: "
       "METRIC_L1 }"},
      {"caricature { layer: 'b' image: " + Blob('3') + " }"},
      {"channel_interpolate { from_layer: 'a' from_channel: 0 to_layer: 'b' "
       "to_channel: 5 }"},
      {"alignment { layer: 'a' decay_ratio: 5 }"},
      {"diversity { layer: 'b' }"},
      {style + "}"},
      {style + "distance: MEAN_L2 moving_average: 0.9 }", 3, true},
      {style + "distance: MEAN_SQUARED mask: " + Blob('5') + " }"},
      {style + "mask_by_coverage: true }"},
      {style + "moving_average: 0.5 debias: true }", 3, true},
      {style + "distance: WASSERSTEIN2 moving_average: 0.5 }", 3, true},
      {style + "styles { image: " + Blob('6') +
       " weight: 0.3 scale: 0.5 } crop_each_step: true }"},
      {"content { layers { layer: 'b' } layers { layer: 'image' } image: " +
       Blob('7') + " }"},
      {"content { layers { layer: 'a' } image: " + Blob('7') +
       " metric: METRIC_L2 follow_transforms: true }"},
      {"content { layers { layer: 'a' } original: true }"},
      {"total_variation {}"},
      {"seam {}"},
      {"l1 { constant: 0.5 }"},
      {"l2 { layer: 'b' constant: 0.2 }"},
      {"blur {}", 3, true},
      {"blur { target: ALPHA }", 4, true},
      {"boundary { width: 4 }"},
      {"alpha {}", 4},
      {"alpha { statistic: TRANSPARENCY transformed: true }", 4},
      {"alpha { statistic: INDECISION }", 4},
      {"pattern { layer: 'a' image: " + Blob('8') + " }"},
      // Which places are alike changes within a difference; places_test has
      // its gradient.
      {"pattern { layer: 'a' image: " + Blob('8') + " match: PLACES }", 3,
       true},
      {"sum { terms { channel { layer: 'a' channel: 1 } weight: 0.5 } terms { "
       "deepdream { layer: "
       "'b' } row: 1 } }"},
      {"scale { factor: -2.5 term { deepdream { layer: 'a' } } }"},
      {"product { factors { deepdream { layer: 'a' } } factors { l2 {} } }"},
      {"power { base { deepdream { layer: 'b' } } exponent: 0.5 }"},
      {"negate { term { total_variation {} } }"},
  };
}

class ObjectiveLaws : public testing::TestWithParam<Example> {
 protected:
  ObjectiveLaws() : lab_(3, GetParam().channels) {}
  void SetUp() override { objective_ = lab_.Make(GetParam().text); }
  Lab lab_;
  std::unique_ptr<ObjectiveFn> objective_;
};

TEST_P(ObjectiveLaws, PassesItsOwnCheck) {
  EXPECT_OK(lab_.Check(GetParam().text));
}

TEST_P(ObjectiveLaws, CheckWithoutANetworkSkipsWhatNeedsIt) {
  EXPECT_OK(CheckObjective(ParseObjective(GetParam().text), nullptr,
                           lab_.context.canvas, "spec"));
}

TEST_P(ObjectiveLaws, GivesAFiniteValueARow) {
  const at::Tensor value = lab_.Value(*objective_);
  EXPECT_EQ(value.sizes(), at::IntArrayRef({3}));
  EXPECT_EQ(value.scalar_type(), at::kFloat);
  EXPECT_TRUE(value.isfinite().all().item<bool>());
}

TEST_P(ObjectiveLaws, GradientIsFiniteAndNotZero) {
  const at::Tensor gradient = lab_.Gradient(lab_.Value(*objective_));
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  EXPECT_GT(gradient.abs().max().item<float>(), 0);
}

TEST_P(ObjectiveLaws, ThreeStepsUphillRaiseIt) {
  const double before = lab_.Value(*objective_, 0).sum().item<double>();
  for (int64_t step = 0; step < 3; ++step) {
    const at::Tensor gradient = lab_.Gradient(lab_.Value(*objective_, step));
    const c10::NoGradGuard no_grad;
    lab_.image.add_(gradient, 0.02 / gradient.norm().item<double>());
  }
  EXPECT_GT(lab_.Value(*objective_, 2).sum().item<double>(), before);
}

TEST_P(ObjectiveLaws, RowsAreIndependentUnlessItJoinsThem) {
  const at::Tensor gradient = [&] {
    lab_.image.mutable_grad() = at::Tensor();
    lab_.Value(*objective_)[1].backward();
    return lab_.image.grad();
  }();
  const float others = std::max(gradient[0].abs().max().item<float>(),
                                gradient[2].abs().max().item<float>());
  EXPECT_EQ(others > 0,
            FindObjectiveKind(ParseObjective(GetParam().text))->joins_rows);
}

TEST_P(ObjectiveLaws, ReadsTheAlphaOfTheViewOnlyAsItsKindSays) {
  const v1::Objective spec = ParseObjective(GetParam().text);
  const auto reads = FindObjectiveKind(spec)->reads_transformed_alpha;
  StepView view = lab_.View();
  view.input_alpha = at::Tensor();
  bool failed = false;
  try {
    objective_->Value(view);
  } catch (const c10::Error&) {
    failed = true;
  }
  EXPECT_EQ(failed, reads != nullptr && reads(spec));
}

TEST_P(ObjectiveLaws, WhatKeepsStateOnTheHostIsNotReplayed) {
  const v1::Objective spec = ParseObjective(GetParam().text);
  lab_.Value(*objective_, 0);
  std::map<std::string, at::Tensor> state;
  objective_->Save(&state);
  if (!state.empty()) {
    EXPECT_NE(FindObjectiveKind(spec)->why_not_replayed(spec), "");
  }
}

TEST_P(ObjectiveLaws, WantsTheLogitsUnnamedAsItsKindSays) {
  const v1::Objective spec = ParseObjective(GetParam().text);
  const auto reads = FindObjectiveKind(spec)->reads_logits;
  if (reads == nullptr || !reads(spec)) return;
  const std::vector<std::string>& wanted = lab_.context.layers;
  EXPECT_NE(
      std::find(wanted.begin(), wanted.end(), lab_.context.network->Logits()),
      wanted.end());
}

TEST_P(ObjectiveLaws, WorksOnWhateverSizeTransformsLeave) {
  EXPECT_TRUE(lab_.Value(*objective_, 0, 5).isfinite().all().item<bool>());
}

TEST_P(ObjectiveLaws, GradientAgreesWithDifferences) {
  if (GetParam().stops_gradients) return;
  const at::Tensor gradient = lab_.Gradient(lab_.Value(*objective_));
  const at::Tensor direction = gradient / gradient.norm();
  const at::Tensor start = lab_.image.detach().clone();
  const auto value = [&](double t) {
    const c10::NoGradGuard no_grad;
    lab_.image.copy_(start + direction * t);
    return lab_.Value(*objective_).to(at::kDouble).sum().item<double>();
  };
  const double eps = 4e-3;
  const double slope = (value(eps) - value(-eps)) / (2 * eps);
  const double predicted = (gradient * direction).sum().item<double>();
  EXPECT_NEAR(predicted, slope, 0.04 * std::abs(slope) + 1e-4);
}

TEST_P(ObjectiveLaws, StateSurvivesACheckpoint) {
  for (int64_t step = 0; step < 3; ++step) lab_.Value(*objective_, step);
  std::map<std::string, at::Tensor> state;
  objective_->Save(&state);
  Lab other(3, GetParam().channels);
  const auto resumed = other.Make(GetParam().text);
  resumed->Load(state);
  EXPECT_TRUE(at::equal(other.Value(*resumed, 3), lab_.Value(*objective_, 3)));
}

TEST_P(ObjectiveLaws, ASecondLookInTheSameStepSeesTheSame) {
  lab_.Value(*objective_, 0);
  const at::Tensor once = lab_.Value(*objective_, 1);
  EXPECT_TRUE(at::equal(once, lab_.Value(*objective_, 1)));
}

TEST_P(ObjectiveLaws, LabelBeginsWithItsArm) {
  const v1::Objective spec = ParseObjective(GetParam().text);
  const std::string label = ObjectiveLabel(spec);
  EXPECT_EQ(label.find(FindObjectiveKind(spec)->arm), 0u) << label;
  EXPECT_LE(label.size(), 96u);
}

std::string NameOf(const testing::TestParamInfo<Example>& info) {
  return absl::StrCat(info.index,
                      FindObjectiveKind(ParseObjective(info.param.text))->arm);
}
INSTANTIATE_TEST_SUITE_P(AllKinds, ObjectiveLaws, testing::ValuesIn(Examples()),
                         NameOf);

TEST(ObjectiveConformance, EveryKindHasAnExample) {
  std::set<std::string> arms;
  for (const Example& example : Examples()) {
    arms.insert(FindObjectiveKind(ParseObjective(example.text))->arm);
  }
  for (const ObjectiveKind* kind : ObjectiveKinds())
    EXPECT_TRUE(arms.count(kind->arm)) << kind->arm;
}

}  // namespace
}  // namespace phosphene
