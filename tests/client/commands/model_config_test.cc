#include "client/commands/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ModelConfig, TakesCaffesConvention) {
  const TempFolder folder;
  Put(folder / "labels", "cat\r\n\n dog \n");
  ModelConfigFlags flags;
  flags.bgr = true;
  flags.mean = "104,117,123";
  flags.range = "0,255";
  flags.labels = folder / "labels";
  const auto config = MakeModelConfig(flags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->channel_order(), v1::ModelConfig::BGR);
  EXPECT_THAT(config->mean(), ElementsAre(104, 117, 123));
  EXPECT_DOUBLE_EQ(config->range_hi(), 255);
  EXPECT_THAT(config->labels(), ElementsAre("cat", "dog"));
}

TEST(ModelConfig, WhatIsNotSaidIsLeftToInference) {
  EXPECT_EQ(MakeModelConfig({})->ByteSizeLong(), 0u);
}

TEST(ModelConfig, ErrorsNameTheFlag) {
  const auto error = [](const ModelConfigFlags& flags) {
    return std::string(MakeModelConfig(flags).status().message());
  };
  EXPECT_THAT(error({.mean = "1,x"}), HasSubstr("--mean: \"x\""));
  EXPECT_THAT(error({.std = "0"}), HasSubstr("--std: 0"));
  EXPECT_THAT(error({.range = "255,0"}), HasSubstr("--range"));
  EXPECT_THAT(error({.range = "0"}), HasSubstr("--range"));
  EXPECT_THAT(error({.labels = "/nonexistent"}), HasSubstr("--labels"));
}

}  // namespace
}  // namespace phosphene::client
