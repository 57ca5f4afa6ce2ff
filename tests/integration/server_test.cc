#include "server/server.h"

#include <grpcpp/create_channel.h>

#include <fstream>

#include "server/config.h"
#include "server/rpc/listen.h"
#include "tests/integration/certificates.h"
#include "tests/rpc/service_fixture.h"
#include "tests/support/http_client.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class ServerTest : public ServiceFixture {
 protected:
  absl::Status TryStart(const v1::ServerConfig& config) {
    return Server::Create(
               config,
               [](EngineInputs, int) { return std::make_unique<FakeEngine>(); })
        .status();
  }
  std::string Write(const std::string& file, const std::string& text) {
    std::ofstream(dir_.path() + "/" + file) << text;
    return dir_.path() + "/" + file;
  }
};

TEST_F(ServerTest, JobsOutliveTheServer) {
  Start();
  const std::string ended = AwaitEnd(Submit(3).name()).name();
  Gate& gate = NewGate();
  engine_->OnStep(2, [&] { gate.Wait(); });
  const std::string running = Submit(20'000).name();
  gate.AwaitArrival();
  const std::string waiting = Submit(4).name();
  gate.Open();
  Shut();
  Start();
  EXPECT_EQ(Get(ended).state(), v1::Job::SUCCEEDED);
  const v1::Job job = AwaitEnd(running);
  EXPECT_EQ(job.state(), v1::Job::SUCCEEDED);
  std::string bytes;
  ASSERT_THAT(Read(job.artifacts(0).blob(), 0, 0, &bytes), Succeeds());
  EXPECT_EQ(bytes, FakeEngine::ResultOf(TinySpec(20'000)));
  EXPECT_EQ(AwaitEnd(waiting).state(), v1::Job::SUCCEEDED);
}

TEST_F(ServerTest, TwoServersNeverShareAFolder) {
  Start();
  v1::ServerConfig second = config_;
  second.set_listen("unix:" + dir_.path() + "/second");
  EXPECT_THAT(TryStart(second), StatusIs(StatusCode::kFailedPrecondition,
                                         config_.data().c_str()));
}

TEST_F(ServerTest, AnOptionThatCannotBeHadIsNamed) {
  v1::ServerConfig config = config_;
  config.set_devices("cuda:7");
  EXPECT_THAT(TryStart(config),
              StatusIs(StatusCode::kInvalidArgument, "cuda:7"));
  EXPECT_THAT(TryStart(config),
              StatusIs(StatusCode::kInvalidArgument, "cpu:0"));
  config = config_;
  config.set_tokens(dir_.path() + "/none");
  EXPECT_THAT(TryStart(config),
              StatusIs(StatusCode::kInvalidArgument, "--tokens"));
  config = config_;
  config.set_metrics("nowhere");
  EXPECT_THAT(TryStart(config),
              StatusIs(StatusCode::kInvalidArgument, "nowhere"));
  config = config_;
  config.set_data(Write("file", "") + "/folder");
  EXPECT_FALSE(TryStart(config).ok());
  config = config_;
  config.set_log_level("loud");
  EXPECT_THAT(TryStart(config), StatusIs(StatusCode::kInvalidArgument, "loud"));
}

TEST_F(ServerTest, AKindOfDeviceAloneIsItsFirst) {
  config_.set_devices("cpu");
  Start();
  EXPECT_EQ(AwaitEnd(Submit(1).name()).device(), "devices/cpu-0");
}

TEST_F(ServerTest, PortZeroIsAnsweredWithThePortItGot) {
  config_.set_listen("127.0.0.1:0");
  Start();
  EXPECT_THAT(server_->address(),
              testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_EQ(AwaitEnd(Submit(1).name()).state(), v1::Job::SUCCEEDED);
}

TEST_F(ServerTest, MetricsCountWhatHappened) {
  config_.set_http("127.0.0.1:0");
  Start();
  AwaitEnd(Submit(5).name());
  v1::Job job;
  Get("jobs/nobody", &job);
  const std::string page = HttpGet(server_->http_address(), "/metrics").body;
  EXPECT_THAT(
      page, HasSubstr("phosphene_jobs_submitted_total{class=\"normal\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("phosphene_jobs_finished_total{reason=\"\",state="
                              "\"SUCCEEDED\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("phosphene_engine_steps_total 5\n"));
  EXPECT_THAT(page, HasSubstr("grpc_server_handled_total{grpc_code="
                              "\"NotFound\",grpc_method=\"GetJob\","));
  EXPECT_THAT(page,
              HasSubstr("grpc_server_started_total{grpc_method=\"WatchJob\","));
  EXPECT_THAT(page, HasSubstr("phosphene_jobs{state=\"SUCCEEDED\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("phosphene_build_info{version="));
}

TEST_F(ServerTest, ProbesAreToldWhetherItServes) {
  config_.set_http("127.0.0.1:0");
  Start();
  EXPECT_EQ(HttpGet(server_->http_address(), "/healthz").status, 200);
  EXPECT_EQ(HttpGet(server_->http_address(), "/readyz").status, 200);
  EXPECT_EQ(HttpGet(server_->http_address(), "/readzy").status, 404);
  ASSERT_OK(server_->Stop());
  EXPECT_EQ(HttpGet(server_->http_address(), "/healthz").status, 200);
  EXPECT_EQ(HttpGet(server_->http_address(), "/readyz").status, 503);
}

TEST_F(ServerTest, AnotherListenerServesMetricsAlone) {
  config_.set_metrics("127.0.0.1:0");
  Start();
  EXPECT_EQ(server_->http_address(), "off");
  EXPECT_EQ(HttpGet(server_->metrics_address(), "/metrics").status, 200);
  EXPECT_EQ(HttpGet(server_->metrics_address(), "/healthz").status, 404);
}

TEST_F(ServerTest, ABusyPortThatWasAskedForIsAnErrorThatNamesIt) {
  config_.set_http("127.0.0.1:0");
  Start();
  v1::ServerConfig second = config_;
  second.set_data(dir_.path() + "/other");
  second.set_listen("unix:" + dir_.path() + "/second");
  second.set_http(server_->http_address());
  EXPECT_THAT(TryStart(second), StatusIs(StatusCode::kFailedPrecondition,
                                         server_->http_address().c_str()));
  second.set_http("off");
  second.set_metrics(server_->http_address());
  EXPECT_THAT(TryStart(second),
              StatusIs(StatusCode::kFailedPrecondition, "--metrics"));
}

TEST_F(ServerTest, ABusyDefaultPortIsAWarningAndItServes) {
  // Somebody has the default port: this test, or whoever had it before.
  const auto taken =
      BindAddress(*ParseListenAddress(kDefaultHttpAddress, ""), "");
  config_.clear_http();
  config_.set_log_level("warn");
  testing::internal::CaptureStderr();
  Start();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(kDefaultHttpAddress));
  EXPECT_EQ(server_->http_address(), "off");
  EXPECT_EQ(AwaitEnd(Submit(1).name()).state(), v1::Job::SUCCEEDED);
}

TEST_F(ServerTest, WithTokensMetricsAskForOneAndProbesDoNot) {
  config_.set_http("127.0.0.1:0");
  config_.set_tokens(Write("tokens", "0123456789abcdef ops\n"));
  Start();
  const std::string address = server_->http_address();
  EXPECT_EQ(HttpGet(address, "/metrics").status, 401);
  EXPECT_EQ(
      HttpGet(address, "/metrics", "Authorization: Bearer 0123456789abcdef\r\n")
          .status,
      200);
  EXPECT_EQ(HttpGet(address, "/readyz").status, 200);
}

TEST_F(ServerTest, TokensThatCanBeReadOnTheWayAreWarnedOfLoudly) {
  config_.set_listen("0.0.0.0:0");
  config_.set_insecure(true);
  config_.set_tokens(Write("tokens", "0123456789abcdef ops\n"));
  config_.set_data(Write("file", "") + "/folder");  // ends before it listens
  config_.set_log_level("error");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(TryStart(config_).ok());
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("TOKENS CAN BE STOLEN"));
}

class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    config_.set_listen("127.0.0.1:0");
    config_.set_tls_cert(Write("server.pem", server_pair_.certificate));
    config_.set_tls_key(Write("server.key", server_pair_.key));
  }
  grpc::Status ListDevices(const Certificate* shown) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = server_pair_.certificate;
    if (shown != nullptr) {
      options.pem_cert_chain = shown->certificate;
      options.pem_private_key = shown->key;
    }
    const auto channel =
        grpc::CreateChannel(server_->address(), grpc::SslCredentials(options));
    const auto context = Context();
    context->set_wait_for_ready(false);
    v1::ListDevicesResponse response;
    return v1::SystemService::NewStub(channel)->ListDevices(context.get(), {},
                                                            &response);
  }

  Certificate server_pair_ = MakeCertificate("server");
  const Certificate client_pair_ = MakeCertificate("client");
};

TEST_F(TlsTest, ClientsThatTrustTheCertificateGetThrough) {
  Start();
  EXPECT_THAT(ListDevices(nullptr), Succeeds());
  const auto plain = grpc::CreateChannel(server_->address(),
                                         grpc::InsecureChannelCredentials());
  const auto context = Context();
  context->set_wait_for_ready(false);
  v1::ListDevicesResponse response;
  EXPECT_EQ(v1::SystemService::NewStub(plain)
                ->ListDevices(context.get(), {}, &response)
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, WithAClientCaOnlyItsCertificatesGetThrough) {
  config_.set_tls_client_ca(Write("ca.pem", client_pair_.certificate));
  Start();
  EXPECT_THAT(ListDevices(&client_pair_), Succeeds());
  EXPECT_FALSE(ListDevices(nullptr).ok());
  EXPECT_FALSE(ListDevices(&server_pair_).ok());
}

TEST_F(TlsTest, TheKeyOfAnotherCertificateIsToldApartFromAPortInUse) {
  config_.set_tls_key(Write("other.key", client_pair_.key));
  EXPECT_THAT(TryStart(config_),
              StatusIs(StatusCode::kInvalidArgument, "is not the key of"));
}

TEST_F(TlsTest, AnExpiredCertificateStartsWithAWord) {
  const Certificate old = MakeCertificate(
      "server", {.from = -absl::Hours(2), .until = -absl::Hours(1)});
  config_.set_tls_cert(Write("old.pem", old.certificate));
  config_.set_tls_key(Write("old.key", old.key));
  config_.set_log_level("error");
  testing::internal::CaptureStderr();
  Start();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("expired at"));
}

TEST_F(TlsTest, ARenewedCertificateIsShownWithoutARestart) {
  Start();
  ASSERT_THAT(ListDevices(nullptr), Succeeds());
  const Certificate renewed = MakeCertificate("server");
  Write("server.key", renewed.key);
  Write("server.pem", renewed.certificate);
  server_pair_ = renewed;
  // The server looks every second; new connections ask until it has.
  while (!ListDevices(nullptr).ok()) {
  }
}

TEST_F(TlsTest, TheDayItExpiresIsAMetric) {
  config_.set_http("127.0.0.1:0");
  Start();
  EXPECT_THAT(
      HttpGet(server_->http_address(), "/metrics").body,
      HasSubstr("phosphene_tls_certificate_expiry_timestamp_seconds 1"));
}

// Off loopback in spirit: the rules of such an address, on a port of ours.
TEST_F(TlsTest, OffLoopbackHttpSpeaksTlsAndWantsTheToken) {
  config_.set_http("0.0.0.0:0");
  EXPECT_THAT(CheckConfig(config_),
              StatusIs(StatusCode::kInvalidArgument, "--tokens"));
  config_.set_tokens(Write("tokens", "0123456789abcdef ops\n"));
  EXPECT_OK(CheckConfig(config_));
}

}  // namespace
}  // namespace phosphene
