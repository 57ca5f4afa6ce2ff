#include "server/engine/onnx/info/range_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::onnx {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::ModelConfig White(double hi) {
  v1::ModelConfig config;
  config.set_range_hi(hi);
  return config;
}

TEST(RangeVerdictTest, NothingStrangeIsNothingSaid) {
  EXPECT_EQ(RangeVerdict({}, White(1)), "");
  EXPECT_EQ(RangeVerdict({0.9, 2.0, false}, White(1)), "");
}

TEST(RangeVerdictTest, WhatTrainingSawDecidesAlone) {
  EXPECT_EQ(RangeVerdict({0.1, 1.0, true}, White(1)), "");
  EXPECT_THAT(RangeVerdict({0.1, 1e3, true}, White(255)),
              HasSubstr("too large"));
  EXPECT_THAT(RangeVerdict({0.9, 1e-3, true}, White(1)),
              HasSubstr("too small"));
}

// Whatever is seen, no answer says too large and too small, nor advises the
// range that is given.
TEST(RangeVerdictTest, NoAnswerContradictsItselfOrAdvisesWhatIsThere) {
  for (const double hi : {1.0, 255.0}) {
    for (const auto contrast :
         {std::optional<double>(), std::optional(0.1), std::optional(0.9)}) {
      for (const auto variance : {std::optional<double>(), std::optional(1e-4),
                                  std::optional(1.0), std::optional(1e4)}) {
        for (const bool certain : {false, true}) {
          const std::string said =
              RangeVerdict({contrast, variance, certain}, White(hi));
          const bool large = said.find("too large") != std::string::npos,
                     small = said.find("too small") != std::string::npos;
          EXPECT_FALSE(large && small) << said;
          if (hi > 1) {
            EXPECT_THAT(said, Not(HasSubstr("--range 0,255")));
          }
          if (hi == 1) {
            EXPECT_THAT(said, Not(HasSubstr("--range 0,1 ")));
          }
          if (large) {
            EXPECT_THAT(said, Not(HasSubstr("larger values")));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace phosphene::onnx
