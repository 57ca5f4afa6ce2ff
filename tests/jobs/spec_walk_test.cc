#include "server/jobs/spec_walk.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/storage/blob_store.h"
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
  AddGenericFaults(spec, "spec", faults);
  std::vector<std::string> texts;
  for (const Fault& fault : faults.list()) {
    texts.push_back(fault.field + ": " + fault.message);
  }
  return texts;
}

TEST(SpecWalkTest, AGoodSpecHasNoFaults) {
  EXPECT_THAT(FaultsIn(FakeSpec(10)), IsEmpty());
}

TEST(SpecWalkTest, NumbersMustBeFinite) {
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

TEST(SpecWalkTest, EnumValuesMustExist) {
  v1::JobSpec spec = FakeSpec(10);
  spec.set_precision(static_cast<v1::JobSpec::Precision>(99));
  EXPECT_THAT(FaultsIn(spec), ElementsAre("spec.precision: 99 is not a known "
                                          "value; allowed: AUTO, FP32, BF16"));
}

TEST(SpecWalkTest, RequiredTextListsAndMessagesMustBeThere) {
  v1::JobSpec spec;
  spec.add_objectives()->mutable_channel();
  spec.add_transforms()->mutable_scale();
  spec.add_objectives()->mutable_negate();
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre("spec.parameterization: is required",
                          "spec.transforms[0].scale.factors: is required",
                          "spec.objectives[0].channel.layer: is required",
                          "spec.objectives[1].negate.term: is required"));
}

TEST(SpecWalkTest, ARequiredNumberMayBeZero) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_objectives(0)->mutable_channel()->set_channel(0);
  EXPECT_THAT(FaultsIn(spec), IsEmpty());
}

TEST(SpecWalkTest, KindsMustBeSetAtAnyDepth) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->clear_kind();
  spec.add_transforms();
  spec.add_outputs();
  spec.add_objectives()->mutable_sum()->add_terms();
  const std::vector<std::string> faults = FaultsIn(spec);
  EXPECT_THAT(
      faults,
      ElementsAre(
          HasSubstr(
              "spec.parameterization: has no kind; set one of pixel, fourier"),
          HasSubstr("spec.transforms[0]: has no kind; set one of pad"),
          HasSubstr("spec.objectives[1].sum.terms[0]: has no kind"),
          HasSubstr("spec.outputs[0]: has no kind; set one of png")));
}

TEST(SpecWalkTest, FieldsOfANewerClientAreRefused) {
  v1::JobSpec spec;
  std::string bytes = FakeSpec(10).SerializeAsString();
  bytes += std::string("\xc0\x3e\x01", 3);  // field 1000, varint 1
  ASSERT_TRUE(spec.ParseFromString(bytes));
  EXPECT_THAT(FaultsIn(spec),
              ElementsAre(HasSubstr("does not know, number 1000")));
}

TEST(SpecWalkTest, BlobNamesMustBeBlobNames) {
  v1::JobSpec spec = FakeSpec(10);
  spec.mutable_parameterization()->mutable_mask()->set_image("mask.png");
  EXPECT_THAT(
      FaultsIn(spec),
      ElementsAre(HasSubstr(
          "spec.parameterization.mask.image: \"mask.png\" is no blob name")));
}

TEST(SpecWalkTest, DeepNestingIsRefusedAndManyFaultsAreCut) {
  v1::JobSpec spec = FakeSpec(10);
  v1::Objective* objective = spec.mutable_objectives(0);
  for (int i = 0; i < 45; ++i)
    objective = objective->mutable_negate()->mutable_term();
  objective->mutable_channel()->set_layer("conv1");
  EXPECT_THAT(FaultsIn(spec), ElementsAre(HasSubstr("nested deeper than 64")));
  v1::JobSpec wide = FakeSpec(10);
  for (int i = 0; i < 1000; ++i) wide.add_transforms();
  EXPECT_EQ(FaultsIn(wide).size(), 100u);
}

TEST(BlobsOfTest, FindsEveryBlobWithItsPath) {
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
  std::vector<std::string> found;
  for (const SpecBlob& blob : BlobsOf(spec, "spec"))
    found.push_back(absl::StrCat(blob.path, "=", blob.name));
  EXPECT_THAT(found, testing::UnorderedElementsAre(
                         "spec.parameterization.mask.image=a",
                         "spec.parameterization.init.checkpoint=b",
                         "spec.objectives[1].sum.terms[0].gram_style.mask=c",
                         "spec.parameterization.phase.measured.images[0]=d"));
}

TEST(BlobsOfTest, FindsTheStopsOfAMorphAndTheColoursOfAStyle) {
  v1::JobSpec spec = FakeSpec(10);
  auto* morph =
      spec.mutable_parameterization()->mutable_init()->mutable_morph();
  morph->add_checkpoints("a");
  morph->add_checkpoints("b");
  spec.add_objectives()->mutable_gram_style()->add_styles()->set_colors_from(
      "c");
  std::vector<std::string> found;
  for (const SpecBlob& blob : BlobsOf(spec, "spec"))
    found.push_back(absl::StrCat(blob.path, "=", blob.name));
  EXPECT_THAT(found,
              testing::IsSupersetOf(
                  {"spec.parameterization.init.morph.checkpoints[0]=a",
                   "spec.parameterization.init.morph.checkpoints[1]=b",
                   "spec.objectives[1].gram_style.styles[0].colors_from=c"}));
}

}  // namespace
}  // namespace phosphene
