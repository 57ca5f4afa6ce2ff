#include "server/server.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/numbers.h"
#include "tests/integration/certificates.h"
#include "tests/rpc/service_fixture.h"
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

// The page at ADDRESS/metrics.
std::string Scrape(const std::string& address) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(fd, request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  std::string page;
  char piece[4096];
  for (ssize_t n; (n = ::recv(fd, piece, sizeof(piece), 0)) > 0;)
    page.append(piece, n);
  ::close(fd);
  return page;
}

TEST_F(ServerTest, MetricsCountWhatHappened) {
  config_.set_metrics("127.0.0.1:0");
  Start();
  AwaitEnd(Submit(5).name());
  v1::Job job;
  Get("jobs/nobody", &job);
  const std::string page = Scrape(server_->metrics_address());
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

  const Certificate server_pair_ = MakeCertificate("server");
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

}  // namespace
}  // namespace phosphene
