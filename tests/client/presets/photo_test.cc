#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/presets/presets.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

TEST(InvertPreset, MatchesThePhotosActivations) {
  InvertOptions options;
  options.image = "p.jpg";
  options.layer = "mixed4a";
  const v1::JobSpec spec = *InvertSpec(options, {});
  EXPECT_EQ(spec.objectives(0).activation_match().image(), "file:p.jpg");
  EXPECT_EQ(spec.objectives(0).activation_match().layer(), "mixed4a");
  EXPECT_EQ(spec.transforms(0).pad().pixels(), 8);
  EXPECT_EQ(spec.transforms(1).jitter().pixels(), 8);
  options.metric = "l1";
  EXPECT_EQ(InvertSpec(options, {})->objectives(0).activation_match().metric(),
            v1::METRIC_L1);
}

TEST(InvertPreset, SaysWhatIsWrong) {
  InvertOptions options;
  options.image = "p.jpg";
  options.layer = "mixed4a";
  options.metric = "l3";
  EXPECT_THAT(std::string(InvertSpec(options, {}).status().message()),
              HasSubstr("--metric: \"l3\" is not allowed; allowed \"l2\""));
  options.image = "";
  EXPECT_THAT(std::string(InvertSpec(options, {}).status().message()),
              HasSubstr("--image"));
}

TEST(CaricaturePreset, IsTheDotTimesThePowerOfTheCosine) {
  CaricatureOptions options;
  options.image = "p.jpg";
  options.layer = "mixed4b";
  const v1::JobSpec spec = *CaricatureSpec(options, {});
  EXPECT_DOUBLE_EQ(spec.objectives(0).caricature().cossim_power(), 1);
  EXPECT_EQ(spec.transforms(0).preset().name(), v1::PresetTransform::STANDARD);
  options.cossim_power = 9;
  EXPECT_THAT(std::string(CaricatureSpec(options, {}).status().message()),
              HasSubstr("--cossim"));
}

TEST(DiversityPreset, AddsItsTermToATargetInRows) {
  DiversityOptions options;
  options.target.layer = "mixed4a";
  options.target.channel = 3;
  const v1::JobSpec spec = *DiversitySpec(options, {});
  EXPECT_EQ(spec.parameterization().rows(), 4);
  EXPECT_EQ(spec.objectives(0).channel().channel(), 3);
  EXPECT_EQ(spec.objectives(1).diversity().layer(), "mixed4a");
  EXPECT_DOUBLE_EQ(spec.objectives(1).weight(), 100);
  options.diversity_layer = "mixed3b";
  EXPECT_EQ(DiversitySpec(options, {})->objectives(1).diversity().layer(),
            "mixed3b");
}

TEST(DiversityPreset, NeedsTwoRowsAndALayer) {
  DiversityOptions options;
  options.target.layer = "mixed4a";
  options.rows = 1;
  EXPECT_THAT(std::string(DiversitySpec(options, {}).status().message()),
              HasSubstr("--rows: 1 is not allowed; allowed 2..16"));
  options.rows = 2;
  options.target.layer = "";
  SpecOptions common;
  common.objective = "tv()";
  EXPECT_THAT(std::string(DiversitySpec(options, common).status().message()),
              HasSubstr("--diversity-layer"));
}

}  // namespace
}  // namespace phosphene::client
