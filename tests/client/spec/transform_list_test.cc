#include "client/spec/transform_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

using testing::HasSubstr;

TEST(TransformList, ReadsNamesAndValuesInOrder) {
  const auto list =
      ParseTransforms("pad:12,jitter:8,scale:0.9:1.1,rotate:-5:0:5,crop:64x32");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->size(), 5);
  EXPECT_EQ(list->Get(0).pad().pixels(), 12);
  EXPECT_EQ(list->Get(1).jitter().pixels(), 8);
  EXPECT_EQ(list->Get(2).scale().factors_size(), 2);
  EXPECT_DOUBLE_EQ(list->Get(3).rotate().angles(0), -5);
  EXPECT_EQ(list->Get(4).crop().width(), 64);
  EXPECT_EQ(list->Get(4).crop().height(), 32);
}

TEST(TransformList, PresetsAndOptionalValues) {
  EXPECT_EQ(ParseTransforms("none")->size(), 0);
  EXPECT_EQ(ParseTransforms("standard")->Get(0).preset().name(),
            v1::PresetTransform::STANDARD);
  EXPECT_EQ(ParseTransforms("transparent")->Get(0).preset().name(),
            v1::PresetTransform::TRANSPARENT);
  EXPECT_FALSE(ParseTransforms("noise")->Get(0).noise().has_sd());
  EXPECT_DOUBLE_EQ(ParseTransforms("noise:0.2")->Get(0).noise().sd(), 0.2);
  EXPECT_TRUE(ParseTransforms("roll")->Get(0).has_roll());
  EXPECT_TRUE(ParseTransforms("flip,blur,color,background,resize:8")
                  ->Get(4)
                  .has_resize());
}

TEST(TransformList, FitsTakeTheNetworksSizeOrOneStated) {
  EXPECT_TRUE(ParseTransforms("standard,fit")->Get(1).has_fit());
  EXPECT_EQ(ParseTransforms("fit")->Get(0).fit().height(), 0);
  EXPECT_EQ(ParseTransforms("fit:96")->Get(0).fit().height(), 96);
  EXPECT_EQ(ParseTransforms("fit:96")->Get(0).fit().width(), 96);
  EXPECT_EQ(ParseTransforms("fit:96x64")->Get(0).fit().width(), 96);
  EXPECT_EQ(ParseTransforms("fit:96x64")->Get(0).fit().height(), 64);
  EXPECT_FALSE(ParseTransforms("fit:1:2").ok());
  EXPECT_FALSE(ParseTransforms("fit:x").ok());
}

TEST(TransformList, SlashRowDrawsForEachImage) {
  const auto list = ParseTransforms("pad:4,jitter:8/row,standard/row");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_FALSE(list->Get(0).per_row());
  EXPECT_TRUE(list->Get(1).per_row());
  EXPECT_EQ(list->Get(1).jitter().pixels(), 8);
  EXPECT_TRUE(list->Get(2).per_row());
}

TEST(TransformList, ErrorsNameThePart) {
  const auto error = [](const char* text) {
    const auto list = ParseTransforms(text);
    EXPECT_FALSE(list.ok()) << text;
    return std::string(list.status().message());
  };
  EXPECT_THAT(error("jiter:8"),
              HasSubstr("no transform \"jiter\"; nearest \"jitter\""));
  EXPECT_THAT(error("pad"), HasSubstr("pad takes 1"));
  EXPECT_THAT(error("pad:1:2"), HasSubstr("\"pad:1:2\" has 2 values"));
  EXPECT_THAT(error("pad:-1"), HasSubstr("no number of pixels"));
  EXPECT_THAT(error("scale:x"), HasSubstr("no finite number"));
  EXPECT_THAT(error("standard:3"), HasSubstr("standard takes 0"));
  EXPECT_THAT(error(""), HasSubstr("no transform"));
}

}  // namespace
}  // namespace phosphene::client
