#include "client/spec/set_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "phosphene/v1/job.pb.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& assignment) {
  v1::JobSpec spec;
  const absl::Status status = SetPath(&spec, assignment);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << assignment;
  return std::string(status.message());
}

TEST(SetPath, ReachesThroughMessagesListsAndOneofs) {
  v1::JobSpec spec;
  ASSERT_TRUE(SetPath(&spec, "objectives[0].channel.channel=5").ok());
  ASSERT_TRUE(SetPath(&spec, "objectives[0].channel.layer=mixed4a").ok());
  EXPECT_EQ(spec.objectives(0).channel().channel(), 5);
  EXPECT_EQ(spec.objectives(0).channel().layer(), "mixed4a");
  ASSERT_TRUE(SetPath(&spec, "objectives[0].neuron.channel=3").ok());
  EXPECT_TRUE(spec.objectives(0).has_neuron());
}

TEST(SetPath, TakesEveryKindOfValue) {
  v1::JobSpec spec;
  ASSERT_TRUE(SetPath(&spec, "steps = 256").ok());
  ASSERT_TRUE(SetPath(&spec, "precision=fp32").ok());
  ASSERT_TRUE(SetPath(&spec, "reproducible=false").ok());
  ASSERT_TRUE(SetPath(&spec, "model=\"models/a b\"").ok());
  ASSERT_TRUE(SetPath(&spec, "optimizer.adam={beta1: 0.8}").ok());
  ASSERT_TRUE(SetPath(&spec, "optimizer.learning_rate=1e-3").ok());
  EXPECT_EQ(spec.steps(), 256);
  EXPECT_EQ(spec.precision(), v1::JobSpec::FP32);
  EXPECT_TRUE(spec.has_reproducible());
  EXPECT_EQ(spec.model(), "models/a b");
  EXPECT_DOUBLE_EQ(spec.optimizer().adam().beta1(), 0.8);
  EXPECT_DOUBLE_EQ(spec.optimizer().learning_rate(), 1e-3);
}

TEST(SetPath, TextNeedsNoQuotes) {
  v1::JobSpec spec;
  ASSERT_TRUE(SetPath(&spec, R"(model=a"b\c)").ok());
  EXPECT_EQ(spec.model(), R"(a"b\c)");
}

TEST(SetPath, AMessageReplacesWhatWasThere) {
  v1::JobSpec spec;
  ASSERT_TRUE(SetPath(&spec, "optimizer.adam={beta1: 0.8 beta2: 0.9}").ok());
  ASSERT_TRUE(SetPath(&spec, "optimizer.adam={beta1: 0.7}").ok());
  EXPECT_FALSE(spec.optimizer().adam().has_beta2());
}

TEST(SetPath, AnIndexAtTheEndAppendsAndOneWithinReplaces) {
  v1::JobSpec spec;
  ASSERT_TRUE(SetPath(&spec, "transforms[0].scale.factors[0]=0.9").ok());
  ASSERT_TRUE(SetPath(&spec, "transforms[0].scale.factors[1]=1.1").ok());
  ASSERT_TRUE(SetPath(&spec, "transforms[0].scale.factors[0]=0.8").ok());
  ASSERT_EQ(spec.transforms(0).scale().factors_size(), 2);
  EXPECT_DOUBLE_EQ(spec.transforms(0).scale().factors(0), 0.8);
  EXPECT_DOUBLE_EQ(spec.transforms(0).scale().factors(1), 1.1);
  ASSERT_TRUE(SetPath(&spec, "transforms[1]={jitter{pixels: 4}}").ok());
  EXPECT_EQ(spec.transforms(1).jitter().pixels(), 4);
}

TEST(SetPath, ErrorsNameThePartAndTheNearest) {
  EXPECT_THAT(ErrorOf("step=3"),
              HasSubstr("JobSpec has no field \"step\"; nearest \"steps\""));
  EXPECT_THAT(ErrorOf("optimizer.adm.beta1=3"),
              HasSubstr("Optimizer has no field \"adm\""));
  EXPECT_THAT(ErrorOf("steps.x=3"), HasSubstr("holds a value"));
  EXPECT_THAT(ErrorOf("objectives.channel.channel=3"),
              HasSubstr("write objectives[0]"));
  EXPECT_THAT(ErrorOf("objectives[2].channel.channel=3"),
              HasSubstr("allowed 0..0"));
  EXPECT_THAT(ErrorOf("steps[0]=3"), HasSubstr("takes no index"));
  EXPECT_THAT(ErrorOf("objectives[x].weight=3"), HasSubstr("no index"));
}

TEST(SetPath, ErrorsSayWhatAFieldTakes) {
  EXPECT_THAT(ErrorOf("steps=many"), HasSubstr("it takes a whole number"));
  EXPECT_THAT(ErrorOf("steps=1.5"), HasSubstr("it takes a whole number"));
  EXPECT_THAT(ErrorOf("steps=99999999999"),
              HasSubstr("it takes a whole number"));
  EXPECT_THAT(ErrorOf("precision=fp64"), HasSubstr("\"FP32\""));
  EXPECT_THAT(ErrorOf("optimizer=adam"),
              HasSubstr("takes a message in braces"));
  EXPECT_THAT(ErrorOf("steps"), HasSubstr("no assignment"));
  EXPECT_THAT(ErrorOf("=3"), HasSubstr("no assignment"));
  EXPECT_THAT(ErrorOf("a..b=3"), HasSubstr("empty part"));
}

}  // namespace
}  // namespace phosphene::client
