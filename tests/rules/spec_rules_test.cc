#include "server/rules/spec_rules.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/rules/rules.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "path: message" of every fault.
std::vector<std::string> FaultsIn(const v1::JobSpec& spec) {
  Faults faults;
  AddSpecFaults(spec, faults);
  std::vector<std::string> texts;
  for (const Fault& fault : faults.list()) {
    texts.push_back(fault.field + ": " + fault.message);
  }
  return texts;
}

TEST(SpecRulesTest, AGoodSpecHasNoFaults) {
  EXPECT_THAT(FaultsIn(FakeSpec(10)), IsEmpty());
}

TEST(SpecRulesTest, NumbersMustBeFinite) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_objectives(0)->set_weight(std::nan(""));
  v1::DirectionObjective* direction =
      spec.add_objectives()->mutable_direction();
  direction->set_layer("conv1");
  direction->add_vector(1);
  direction->add_vector(std::numeric_limits<float>::infinity());
  EXPECT_THAT(
      FaultsIn(spec),
      ElementsAre("spec.objectives[0].weight: nan is not finite",
                  "spec.objectives[1].direction.vector[1]: inf is not finite"));
}

TEST(SpecRulesTest, EnumValuesMustExist) {
  v1::JobSpec spec = FakeSpec(10);
  spec.set_precision(static_cast<v1::JobSpec::Precision>(99));
  EXPECT_THAT(FaultsIn(spec), ElementsAre("spec.precision: 99 is not a known "
                                          "value; allowed: AUTO, FP32, BF16"));
}

TEST(SpecRulesTest, NeededTextsListsAndMessagesMustBeThere) {
  v1::JobSpec spec;
  spec.add_objectives()->mutable_channel();
  spec.add_transforms()->mutable_scale();
  spec.add_objectives()->mutable_negate();
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre("spec.parameterization: is required",
                          "spec.transforms[0].scale.factors: is required; "
                          "allowed: 1..4096 entries, each 0.05..8",
                          HasSubstr("channel.layer: is required"),
                          "spec.objectives[1].negate.term: is required"));
}

TEST(SpecRulesTest, ARequiredNumberMayBeZero) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_objectives(0)->mutable_channel()->set_channel(0);
  EXPECT_THAT(FaultsIn(spec), IsEmpty());
}

TEST(SpecRulesTest, KindsMustBeSetAtAnyDepth) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->clear_kind();
  spec.add_transforms();
  spec.add_outputs();
  spec.add_objectives()->mutable_sum()->add_terms();
  EXPECT_THAT(
      FaultsIn(spec),
      ElementsAre(
          HasSubstr("spec.parameterization: has no kind; allowed: pixel, fou"),
          HasSubstr("spec.transforms[0]: has no kind; allowed: pad"),
          HasSubstr("spec.objectives[1].sum.terms[0]: has no kind"),
          HasSubstr("spec.outputs[0]: has no kind; allowed: png")));
}

TEST(SpecRulesTest, FieldsOfANewerClientAreRefused) {
  v1::JobSpec spec;
  std::string bytes = FakeSpec(10).SerializeAsString();
  bytes += std::string("\xc0\x3e\x01", 3);  // field 1000, varint 1
  ASSERT_TRUE(spec.ParseFromString(bytes));
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre(HasSubstr("does not know, number 1000")));
}

// An objective `depth` levels deep.
v1::Objective Nested(int depth) {
  v1::Objective spec;
  spec.mutable_deepdream()->set_layer("conv1");
  for (int i = 1; i < depth; ++i) {
    v1::Objective outer;
    *outer.mutable_negate()->mutable_term() = spec;
    spec = outer;
  }
  return spec;
}

TEST(SpecRulesTest, ExpressionsAreAtMostSixteenDeep) {
  v1::JobSpec spec = FakeSpec(10);
  *spec.add_objectives() = Nested(16);
  EXPECT_THAT(FaultsIn(spec), IsEmpty());
  *spec.add_objectives() = Nested(17);
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre(HasSubstr("is nested too deep; allowed: 16 levels")));
}

TEST(SpecRulesTest, AJobHasAtMost256ObjectivesInAll) {
  v1::JobSpec spec = FakeSpec(10);  // one
  for (int i = 0; i < 3; ++i) {     // and 85 each
    v1::SumObjective& sum = *spec.add_objectives()->mutable_sum();
    for (int k = 0; k < 42; ++k) *sum.add_terms() = Nested(2);
  }
  EXPECT_THAT(FaultsIn(spec), IsEmpty());
  *spec.add_objectives() = Nested(1);
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre("spec.objectives[4]: is one Objective too many; "
                          "allowed: 256 in all"));
}

TEST(SpecRulesTest, ManyFaultsAreCut) {
  v1::JobSpec wide = FakeSpec(10);
  for (int i = 0; i < 1000; ++i) wide.add_transforms();
  EXPECT_EQ(FaultsIn(wide).size(), Faults::kMaxFaults);
}

TEST(SpecRulesTest, RowsMustBeThereAtAnyDepth) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->set_rows(2);
  spec.mutable_objectives(0)->set_row(2);
  v1::Objective& scaled = *spec.add_objectives();
  *scaled.mutable_scale()->mutable_term() = Nested(1);
  scaled.mutable_scale()->mutable_term()->set_row(3);
  spec.add_outputs()->mutable_png();
  spec.mutable_outputs(0)->set_row(2);
  EXPECT_THAT(
      FaultsIn(spec),
      ElementsAre("spec.objectives[0].row: 2 is out of range; allowed: 0..1",
                  "spec.objectives[1].scale.term.row: 3 is out of range; "
                  "allowed: 0..1",
                  "spec.outputs[0].row: 2 is out of range; allowed: -1..1"));
}

TEST(SpecRulesTest, WhatARuleForbidsIsNotRelatedToAnything) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->set_rows(-1);
  spec.mutable_objectives(0)->set_row(5);
  spec.mutable_objectives(0)->mutable_channel()->set_channel(-1);
  spec.mutable_frames()->set_every(-1);
  spec.mutable_frames()->set_keep_every(1);
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre(HasSubstr("spec.parameterization.rows"),
                          HasSubstr("spec.objectives[0].channel.channel"),
                          HasSubstr("spec.frames.every")));
}

TEST(SpecRulesTest, TheLimitsTheServerTellsAreThoseOfTheRules) {
  const v1::Limits limits = RuleLimits();
  EXPECT_EQ(limits.max_rows(), 256);
  EXPECT_EQ(limits.max_steps(), 1'000'000);
  EXPECT_EQ(limits.min_priority(), -100);
  EXPECT_EQ(limits.max_priority(), 100);
}

// Those with the rule of a blob, in the order of fields.
std::vector<std::string> BlobsOf(const v1::JobSpec& spec) {
  std::vector<std::string> found;
  VisitTexts(spec, "spec", v1::FieldRules::BLOB, [&](const RuledText& blob) {
    found.push_back(absl::StrCat(blob.path, "=", blob.value));
  });
  return found;
}

TEST(SpecTextsTest, FindsEveryBlobWithItsPath) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->mutable_mask()->set_image("a");
  spec.mutable_parameterization()->mutable_init()->set_checkpoint("b");
  auto* style =
      spec.add_objectives()->mutable_sum()->add_terms()->mutable_gram_style();
  style->set_mask("c");
  spec.mutable_parameterization()
      ->mutable_phase()
      ->mutable_measured()
      ->add_images("d");
  EXPECT_THAT(BlobsOf(spec),
              testing::UnorderedElementsAre(
                  "spec.parameterization.mask.image=a",
                  "spec.parameterization.init.checkpoint=b",
                  "spec.objectives[1].sum.terms[0].gram_style.mask=c",
                  "spec.parameterization.phase.measured.images[0]=d"));
}

TEST(SpecTextsTest, FindsTheStopsOfAMorphAndTheColoursOfAStyle) {
  v1::JobSpec spec = FakeSpec(10);
  auto* morph =
      spec.mutable_parameterization()->mutable_init()->mutable_morph();
  morph->add_checkpoints("a");
  morph->add_checkpoints("b");
  spec.add_objectives()->mutable_gram_style()->add_styles()->set_colors_from(
      "c");
  EXPECT_THAT(BlobsOf(spec),
              testing::IsSupersetOf(
                  {"spec.parameterization.init.morph.checkpoints[0]=a",
                   "spec.parameterization.init.morph.checkpoints[1]=b",
                   "spec.objectives[1].gram_style.styles[0].colors_from=c"}));
}

}  // namespace
}  // namespace phosphene
