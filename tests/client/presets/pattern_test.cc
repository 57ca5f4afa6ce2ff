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

TEST(PatternPreset, RollsAPeriodicImage) {
  const v1::JobSpec spec = *PatternSpec(OfChannel(), {});
  EXPECT_TRUE(spec.parameterization().has_fourier());
  ASSERT_EQ(spec.transforms_size(), 1);
  EXPECT_EQ(spec.transforms(0).roll().pixels(), 0) << "the whole canvas";
  EXPECT_EQ(spec.objectives(0).channel().channel(), 3);
}

TEST(PatternPreset, AnImageSaysWhichChannelsCount) {
  PatternOptions options = OfChannel();
  options.image = "s.jpg";
  const v1::JobSpec spec = *PatternSpec(options, {});
  EXPECT_EQ(spec.objectives(0).pattern().image(), "file:s.jpg");
  EXPECT_DOUBLE_EQ(spec.objectives(0).pattern().selectivity(), 2);
}

TEST(PatternPreset, ALargeTileIsSeenThroughWindows) {
  SpecOptions common;
  common.size = "2048x300";
  const v1::JobSpec spec = *PatternSpec(OfChannel(), common);
  ASSERT_EQ(spec.transforms_size(), 2);
  EXPECT_EQ(spec.transforms(1).crop().width(), 448);
  EXPECT_EQ(spec.transforms(1).crop().height(), 300);
}

TEST(PatternPreset, SaysWhatIsMissing) {
  EXPECT_THAT(std::string(PatternSpec({}, {}).status().message()),
              HasSubstr("--layer L"));
  PatternOptions options = OfChannel();
  options.selectivity = 0;
  EXPECT_THAT(std::string(PatternSpec(options, {}).status().message()),
              HasSubstr("--selectivity"));
}

}  // namespace
}  // namespace phosphene::client
