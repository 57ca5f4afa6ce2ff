#include "server/models/text_proto.h"

#include <gtest/gtest.h>

#include "phosphene/v1/config.pb.h"
#include "phosphene/v1/model.pb.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(ParseTextProto, ReadsWhatTextFormatSays) {
  v1::ModelConfig config;
  ASSERT_OK(ParseTextProto("mean: 104 mean: 117 channel_order: BGR",
                           "a.textproto", &config));
  EXPECT_EQ(config.mean_size(), 2);
  EXPECT_EQ(config.channel_order(), v1::ModelConfig::BGR);
}

TEST(ParseTextProto, AnUnknownFieldIsAnsweredWithPlaceAndNearestName) {
  v1::ServerConfig config;
  const absl::Status status =
      ParseTextProto("data: \"x\"\nlisen: \"y\"", "server.textproto", &config);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "server.textproto:2:"));
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument, "\"listen\""));
}

TEST(ParseTextProto, BrokenTextIsRefusedWithItsPlace) {
  v1::ModelConfig config;
  EXPECT_THAT(ParseTextProto("mean: [1, 2", "m", &config),
              StatusIs(absl::StatusCode::kInvalidArgument, "m:1:"));
}

}  // namespace
}  // namespace phosphene
