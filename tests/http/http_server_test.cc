#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "tests/integration/certificates.h"
#include "tests/support/http_client.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::HasSubstr;
using testing::Not;

class HttpServerTest : public testing::Test {
 protected:
  void Start(std::shared_ptr<const TlsMaterial> tls = nullptr) {
    ASSERT_OK_AND_ASSIGN(const ListenAddress address,
                         ParseListenAddress("127.0.0.1:0", "--http"));
    ASSERT_OK_AND_ASSIGN(BoundAddress bound, BindAddress(address, "--http"));
    HttpRules rules;
    rules.authorizer = &everybody_;
    rules.routes = {
        {.path = "/page",
         .answer =
             [](const HttpRequest&) {
               return HttpResponse{.body = "hello\n",
                                   .headers = {{"X-Seen", "yes"}}};
             }},
        // A frame that a thread with a small stack cannot hold.
        {.path = "/deep", .answer = [](const HttpRequest&) {
           volatile char frame[1 << 20];
           for (size_t i = 0; i < sizeof(frame); i += 4096) frame[i] = 1;
           return HttpResponse{.body = std::string(1, '0' + frame[4096])};
         }}};
    ASSERT_OK_AND_ASSIGN(server_,
                         HttpServer::Start({.address = std::move(bound),
                                            .rules = std::move(rules),
                                            .tls = std::move(tls)}));
  }
  HttpAnswer Raw(const std::string& request) {
    return HttpExchange(server_->address(), request);
  }

  const Authorizer everybody_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersWithBodyAndHeaders) {
  Start();
  const HttpAnswer answer = HttpGet(server_->address(), "/page");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello\n");
  EXPECT_THAT(answer.head, HasSubstr("X-Seen: yes\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(HttpServerTest, HandlersHaveAStackThatLibtorchLeavesRoomIn) {
  Start();
  EXPECT_EQ(HttpGet(server_->address(), "/deep").body, "1");
}

TEST_F(HttpServerTest, HeadHasTheHeadersAlone) {
  Start();
  const HttpAnswer answer =
      Raw("HEAD /page HTTP/1.1\r\nHost: localhost\r\nConnection: "
          "close\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpServerTest, AnOversizedOrBrokenRequestIsRefusedAndTheServerLives) {
  Start();
  EXPECT_EQ(HttpGet(server_->address(), "/page",
                    "X-Long: " + std::string(64 << 10, 'x') + "\r\n")
                .status,
            431);
  EXPECT_EQ(
      HttpGet(server_->address(), "/" + std::string(64 << 10, 'x')).status,
      414);
  EXPECT_EQ(Raw("POST /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                "99999999999\r\n\r\n")
                .status,
            413);
  EXPECT_NE(Raw("\x16\x03\x01 no HTTP\r\n\r\n").status, 200);
  EXPECT_EQ(HttpGet(server_->address(), "/page").status, 200);
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreClosedAndLaterOnesAnswered) {
  Start();
  {
    std::vector<FileDescriptor> silent;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(
        server_->address().substr(server_->address().rfind(':') + 1))));
    for (int i = 0; i < kMaxHttpConnections + 40; ++i) {
      silent.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ASSERT_EQ(::connect(silent.back().get(), reinterpret_cast<sockaddr*>(&to),
                          sizeof(to)),
                0);
    }
    char byte;
    EXPECT_LE(::recv(silent.back().get(), &byte, 1, 0), 0);
  }
  while (HttpGet(server_->address(), "/page").status != 200) {
  }
}

TEST_F(HttpServerTest, OverTlsAndWithAnotherCertificateLater) {
  const auto material = [](const Certificate& pair) {
    TlsMaterial out;
    out.certificate = pair.certificate;
    out.key = pair.key;
    return out;
  };
  const Certificate first = MakeCertificate("first");
  const Certificate second = MakeCertificate("second");
  Start(std::make_shared<const TlsMaterial>(material(first)));
  const auto get = [&](const Certificate& trusted) {
    return HttpGet(server_->address(), "/page", "", trusted.certificate).status;
  };
  EXPECT_EQ(get(first), 200);
  EXPECT_EQ(get(second), 0);
  EXPECT_EQ(HttpGet(server_->address(), "/page").status, 0);  // plain
  ASSERT_OK(server_->UseTls(material(second)));
  EXPECT_EQ(get(second), 200);
  EXPECT_EQ(get(first), 0);
  TlsMaterial broken = material(first);
  broken.key = second.key;
  EXPECT_FALSE(server_->UseTls(broken).ok());
  EXPECT_EQ(get(second), 200);
}

}  // namespace
}  // namespace phosphene
