#include "server/models/model_rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

std::vector<Fault> FaultsIn(const v1::ModelConfig& config) {
  Faults faults;
  CheckModelConfig(config, "config", faults);
  return faults.list();
}

TEST(ModelId, TakesNamesWithAndWithoutTheCollection) {
  EXPECT_THAT(ModelId("models/vgg-19_bn.v2", "model"),
              IsOkAndHolds("vgg-19_bn.v2"));
  EXPECT_THAT(ModelId("0", "model"), IsOkAndHolds("0"));
  EXPECT_THAT(ModelId(std::string(63, 'a'), "model"), IsOk());
}

TEST(ModelId, RefusesWhatIsNoNameOrLeavesTheFolder) {
  for (const std::string& bad :
       {std::string(), std::string("models/"), std::string("../etc"),
        std::string("a/b"), std::string(".hidden"), std::string("-x"),
        std::string("Upper"), std::string("a b"), std::string("a\0b", 3),
        std::string(64, 'a')}) {
    EXPECT_THAT(ModelId(bad, "model_id"),
                StatusIs(absl::StatusCode::kInvalidArgument, "model_id"))
        << bad;
  }
}

TEST(CheckModelConfig, DefaultsAndCaffeValuesAreSound) {
  EXPECT_TRUE(FaultsIn({}).empty());
  v1::ModelConfig caffe;
  for (double mean : {104.0, 117.0, 123.0}) caffe.add_mean(mean);
  caffe.set_range_hi(255);
  EXPECT_TRUE(FaultsIn(caffe).empty());
}

TEST(CheckModelConfig, EveryFaultIsToldWithItsPath) {
  v1::ModelConfig config;
  config.set_range_lo(1);
  config.add_mean(0);
  config.add_mean(std::numeric_limits<double>::quiet_NaN());
  config.add_std(1);
  config.add_std(0);
  config.add_std(-2);
  config.set_channel_order(static_cast<v1::ModelConfig::ChannelOrder>(9));
  std::vector<std::string> paths;
  for (const Fault& fault : FaultsIn(config)) paths.push_back(fault.field);
  EXPECT_THAT(paths,
              testing::UnorderedElementsAre(
                  "config.range_hi", "config.mean[1]", "config.std[1]",
                  "config.std[2]", "config.std", "config.channel_order"));
}

}  // namespace
}  // namespace phosphene
