#include "server/metrics/call_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "tests/metrics/metrics_text.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

constexpr RpcMethod kGet = {"phosphene.v1.JobService", "GetJob", "unary"};

TEST(CallMetrics, CallsAreCountedUnderTheNamesDashboardsKnow) {
  prometheus::Registry registry;
  CallMetrics metrics(registry);
  metrics.Started(kGet);
  metrics.Started(kGet);
  metrics.Handled(kGet, grpc::StatusCode::NOT_FOUND, absl::Milliseconds(3));
  metrics.MessageSent(kGet);
  metrics.MessageReceived(kGet);
  metrics.FrameSent();
  const std::string labels =
      R"(grpc_method="GetJob",grpc_service="phosphene.v1.JobService",grpc_type="unary")";
  const std::string text = TextOf(registry);
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{" + labels + "} 2"));
  EXPECT_THAT(text,
              HasSubstr("grpc_server_handled_total{grpc_code=\"NotFound\"," +
                        labels + "} 1"));
  EXPECT_THAT(
      text, HasSubstr("grpc_server_handling_seconds_count{" + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket{" + labels +
                              ",le=\"0.0025\"} 0"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket{" + labels +
                              ",le=\"0.005\"} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_sent_total{" + labels + "} 1"));
  EXPECT_THAT(text,
              HasSubstr("grpc_server_msg_received_total{" + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("phosphene_frames_sent_total 1"));
}

}  // namespace
}  // namespace phosphene
