#include "client/base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace phosphene::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Units, SizesAreSquareOrWidthByHeight) {
  EXPECT_EQ(ParseSize("224")->height, 224);
  EXPECT_EQ(ParseSize("320x240")->width, 320);
  EXPECT_EQ(ParseSize("320x240")->height, 240);
  for (const char* bad :
       {"", "0", "-3", "32769", "3x", "x3", "3x4x5", "3.5", "a"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
  }
  EXPECT_THAT(std::string(ParseSize("100000").status().message()),
              HasSubstr("1..32768"));
}

TEST(Units, CountsHaveSuffixes) {
  EXPECT_EQ(*ParseCount("12M"), 12000000);
  EXPECT_EQ(*ParseCount("1.5k"), 1500);
  EXPECT_EQ(*ParseCount("7"), 7);
  for (const char* bad : {"", "M", "0", "-1", "1e99", "nan", "3x"}) {
    EXPECT_FALSE(ParseCount(bad).ok()) << bad;
  }
}

TEST(Units, TheLastColonParsesATarget) {
  EXPECT_EQ(ParseTarget("inception_4a/output:476")->second, 476);
  EXPECT_EQ(ParseTarget("onnx::Conv:3")->first, "onnx::Conv");
  for (const char* bad : {"", "a", "a:", ":3", "a:-1", "a:b"}) {
    EXPECT_FALSE(ParseTarget(bad).ok()) << bad;
  }
}

TEST(Units, RangesKeepTheirOrder) {
  EXPECT_THAT(*ParseRanges("7,0-3"), ElementsAre(7, 0, 1, 2, 3));
  for (const char* bad :
       {"", "3-1", "-1", "a", "1-2-3", "1,,2", "0-99999999"}) {
    EXPECT_FALSE(ParseRanges(bad).ok()) << bad;
  }
}

TEST(Units, NumberListsAreCounted) {
  EXPECT_THAT(*ParseNumbers("-1,2.5", 2, 2), ElementsAre(-1, 2.5));
  EXPECT_FALSE(ParseNumbers("1", 2, 2).ok());
  EXPECT_FALSE(ParseNumbers("1,inf", 2, 2).ok());
  EXPECT_FALSE(ParseNumbers("1,nan", 2, 2).ok());
}

TEST(Units, AColonInAPathIsNoWeight) {
  EXPECT_EQ(ParseWeightedPath("a.jpg:0.3").second, 0.3);
  EXPECT_EQ(ParseWeightedPath("c:/a.jpg").first, "c:/a.jpg");
  EXPECT_EQ(ParseWeightedPath("c:/a.jpg").second, 1);
}

TEST(Units, FormatsForPeople) {
  EXPECT_EQ(FormatBytes(77), "77 B");
  EXPECT_EQ(FormatBytes(1400000000), "1.4 GB");
  EXPECT_EQ(FormatBytes(28000000), "28 MB");
  EXPECT_EQ(FormatBytes(999999), "1.0 MB");
  EXPECT_EQ(FormatClock(11.2), "0:11");
  EXPECT_EQ(FormatClock(3753), "1:02:33");
  EXPECT_EQ(FormatClock(-1), "?");
  EXPECT_EQ(FormatClock(INFINITY), "?");
  EXPECT_EQ(FormatAge(119), "119 s");
  EXPECT_EQ(FormatAge(3 * 86400), "3 d");
  EXPECT_EQ(FormatNumber(243.12345), "243.1");
  EXPECT_EQ(FormatNumber(123456), "123456");
  EXPECT_EQ(FormatNumber(1.5e-7), "1.5e-07");
}

TEST(Units, ModelNamesComeFromTheFile) {
  EXPECT_EQ(ModelNameFromPath("/a/GoogLeNet v1.onnx"), "googlenet-v1");
  EXPECT_EQ(ModelNameFromPath("resnet50.v2.onnx"), "resnet50.v2");
  EXPECT_EQ(ModelNameFromPath(""), "model");
  EXPECT_EQ(ModelNameFromPath(std::string(200, 'a')).size(), 63u);
}

}  // namespace
}  // namespace phosphene::client
