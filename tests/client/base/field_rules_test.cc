#include "client/base/field_rules.h"

#include <gtest/gtest.h>

#include <limits>

namespace phosphene::client {
namespace {

TEST(FieldRules, AreThoseOfTheField) {
  EXPECT_EQ(AllowedFor("spec.steps"), "1..1000000");
  EXPECT_EQ(AllowedFor("spec.optimizer.octaves.scale"), "above 1 to 4");
  EXPECT_EQ(AllowedFor("priority"), "-100..100");
  EXPECT_EQ(AllowedFor("spec.parameterization.rows", 2), "2..256");
  EXPECT_EQ(DefaultFor("spec.frames.every"), "16");
  EXPECT_EQ(LargestFor("spec.parameterization.width"), 32768);
  EXPECT_EQ(MostEntriesOf("spec.objectives"), 64);
}

TEST(FieldRules, AFlagIsHeldToThem) {
  EXPECT_TRUE(CheckFlag("--steps", 1, "spec.steps").ok());
  EXPECT_TRUE(CheckFlag("--steps", 1e6, "spec.steps").ok());
  EXPECT_EQ(CheckFlag("--steps", -1, "spec.steps").message(),
            "--steps: -1 is not allowed; allowed 1..1000000");
  EXPECT_FALSE(CheckFlag("--steps", 1e6 + 1, "spec.steps").ok());
  const char* rate = "spec.optimizer.learning_rate";
  EXPECT_FALSE(CheckFlag("--lr", 0, rate).ok());
  EXPECT_FALSE(
      CheckFlag("--lr", std::numeric_limits<double>::infinity(), rate).ok());
  EXPECT_FALSE(
      CheckFlag("--lr", std::numeric_limits<double>::quiet_NaN(), rate).ok());
  EXPECT_TRUE(CheckFlag("--lr", 0.05, rate).ok());
  EXPECT_EQ(CheckFlag("--frames", 1, "spec.parameterization.rows", 2).message(),
            "--frames: 1 is not allowed; allowed 2..256");
}

}  // namespace
}  // namespace phosphene::client
