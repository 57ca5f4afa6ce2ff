#include "server/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

class GrpcLogTest : public testing::Test {
 protected:
  GrpcLogTest() { RouteGrpcLog(); }
  ~GrpcLogTest() override { EXPECT_OK(ConfigureLog("error", "text")); }

  static std::string Said(gpr_log_severity severity) {
    testing::internal::CaptureStderr();
    gpr_log(__FILE__, __LINE__, severity, "handshake failed: %s", "\xff");
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(GrpcLogTest, ErrorsOfGrpcAreWarningsOfOurLog) {
  ASSERT_OK(ConfigureLog("warn", "json"));
  const auto line =
      nlohmann::json::parse(Said(GPR_LOG_SEVERITY_ERROR), nullptr, false);
  ASSERT_TRUE(line.is_object());
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["message"], "grpc");
  EXPECT_EQ(line["said"], "handshake failed: \xef\xbf\xbd");
}

TEST_F(GrpcLogTest, WhatIsNoErrorStaysOutOfTheWay) {
  ASSERT_OK(ConfigureLog("info", "text"));
  EXPECT_EQ(Said(GPR_LOG_SEVERITY_INFO), "");
  EXPECT_EQ(Said(GPR_LOG_SEVERITY_DEBUG), "");
}

}  // namespace
}  // namespace phosphene
