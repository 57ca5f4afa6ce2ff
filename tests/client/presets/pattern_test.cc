#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/presets/presets.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

PatternOptions OfChannel() {
  PatternOptions options;
  options.layer = "mixed4a";
  options.channel = 3;
  return options;
}

PatternOptions OfImage() {
  PatternOptions options = OfChannel();
  options.image = "s.jpg";
  return options;
}

SpecOptions By(const std::string& param) {
  SpecOptions common;
  common.param = param;
  common.outputs = {"tile.png"};
  return common;
}

std::string ErrorOf(const PatternOptions& options,
                    const SpecOptions& common = {}) {
  return std::string(PatternSpec(options, common).status().message());
}

TEST(PatternPreset, GrowsInOctavesOnMixedGradients) {
  const v1::JobSpec spec = *PatternSpec(OfChannel(), By(""));
  EXPECT_TRUE(spec.parameterization().has_pixel());
  EXPECT_EQ(spec.parameterization().color().basis(), v1::ColorSpace::RGB);
  EXPECT_TRUE(spec.optimizer().has_sgd());
  EXPECT_TRUE(spec.optimizer().correlate_gradient());
  EXPECT_EQ(spec.optimizer().normalize_gradient(), v1::Optimizer::LAPLACIAN);
  const v1::Octaves& octaves = spec.optimizer().octaves();
  EXPECT_EQ(octaves.count(), 6);
  EXPECT_DOUBLE_EQ(octaves.rate_factor(), 1 / octaves.scale());
  EXPECT_DOUBLE_EQ(octaves.least_rate(), 0.2);
  EXPECT_DOUBLE_EQ(octaves.gamma(), 2.2);
  ASSERT_EQ(spec.transforms_size(), 2);
  EXPECT_EQ(spec.transforms(0).roll().pixels(), 0) << "the whole canvas";
  EXPECT_EQ(spec.objectives(0).channel().channel(), 3);
  EXPECT_EQ(PatternSpec(OfChannel(), By("pixel"))->SerializeAsString(),
            spec.SerializeAsString());
}

TEST(PatternPreset, AtOneSizeRollsAPeriodicImage) {
  const v1::JobSpec spec = *PatternSpec(OfChannel(), By("fourier"));
  EXPECT_TRUE(spec.parameterization().has_fourier());
  EXPECT_TRUE(spec.optimizer().has_adam());
  EXPECT_FALSE(spec.optimizer().has_octaves());
  EXPECT_EQ(spec.steps(), 256);
  ASSERT_EQ(spec.transforms_size(), 2);
  EXPECT_TRUE(spec.transforms(0).has_roll());
}

TEST(PatternPreset, ACppnComesAroundByItsCoordinatesAndIsDrawnLarger) {
  SpecOptions common = By("cppn");
  common.outputs.push_back("more.png");
  const v1::JobSpec spec = *PatternSpec(OfImage(), common);
  EXPECT_TRUE(spec.parameterization().cppn().periodic());
  EXPECT_EQ(spec.parameterization().width(), 224);
  EXPECT_EQ(spec.transforms_size(), 1);
  EXPECT_EQ(spec.objectives(0).pattern().match(), v1::PatternObjective::PLACES);
  ASSERT_EQ(spec.outputs_size(), 3);
  EXPECT_EQ(spec.outputs(0).width(), 1024);
  EXPECT_EQ(spec.outputs(1).height(), 1024);
  EXPECT_EQ(spec.outputs(2).name(), kWeightsArtifact);
}

TEST(PatternPreset, ACppnKeepsTheShapeOfItsCanvas) {
  SpecOptions common = By("cppn");
  common.size = "200x100";
  const v1::JobSpec spec = *PatternSpec(OfChannel(), common);
  EXPECT_EQ(spec.outputs(0).width(), 1024);
  EXPECT_EQ(spec.outputs(0).height(), 512);
}

TEST(PatternPreset, AnImageSaysWhichChannelsOrPlacesCount) {
  PatternOptions options = OfImage();
  v1::PatternObjective pattern =
      PatternSpec(options, By(""))->objectives(0).pattern();
  EXPECT_EQ(pattern.image(), "file:s.jpg");
  EXPECT_DOUBLE_EQ(pattern.selectivity(), 2);
  EXPECT_NE(pattern.match(), v1::PatternObjective::PLACES);
  options.match = "places";
  pattern = PatternSpec(options, By("fourier"))->objectives(0).pattern();
  EXPECT_EQ(pattern.match(), v1::PatternObjective::PLACES);
  EXPECT_FALSE(pattern.has_selectivity());
  options.match = "channels";
  pattern = PatternSpec(options, By("cppn"))->objectives(0).pattern();
  EXPECT_NE(pattern.match(), v1::PatternObjective::PLACES);
}

TEST(PatternPreset, ALargeTileOfOneSizeIsSeenThroughWindows) {
  SpecOptions common = By("fourier");
  common.size = "2048x300";
  const v1::JobSpec spec = *PatternSpec(OfChannel(), common);
  ASSERT_EQ(spec.transforms_size(), 3);
  EXPECT_EQ(spec.transforms(1).crop().width(), 448);
  EXPECT_EQ(spec.transforms(1).crop().height(), 300);
}

TEST(PatternPreset, SaysWhatIsMissingOrNotAllowed) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("--layer L"));
  PatternOptions options = OfImage();
  options.selectivity = 0;
  EXPECT_THAT(ErrorOf(options), HasSubstr("--selectivity"));
  options = OfImage();
  options.match = "place";
  EXPECT_THAT(ErrorOf(options), HasSubstr("places"));
  options = OfImage();
  options.octaves = 17;
  EXPECT_THAT(ErrorOf(options), HasSubstr("--octaves"));
  options = OfImage();
  options.octave_scale = 1;
  EXPECT_THAT(ErrorOf(options), HasSubstr("--octave-scale"));
  SpecOptions common;
  common.size = "12x";
  EXPECT_THAT(ErrorOf(OfImage(), common), HasSubstr("--size"));
}

}  // namespace
}  // namespace phosphene::client
