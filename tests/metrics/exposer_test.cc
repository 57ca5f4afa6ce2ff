#include "server/metrics/exposer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// What `GET /metrics` answers at 127.0.0.1:PORT.
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
  std::string answer;
  char piece[4096];
  for (ssize_t n; (n = ::recv(fd, piece, sizeof(piece), 0)) > 0;)
    answer.append(piece, n);
  ::close(fd);
  return answer;
}

TEST(MetricsExposer, ServesWhatItsCollectablesSay) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("phosphene_test_total")
      .Register(*registry)
      .Add({})
      .Increment(3);
  ASSERT_OK_AND_ASSIGN(const auto exposer,
                       MetricsExposer::Create("127.0.0.1:0", {registry}));
  EXPECT_THAT(exposer->address(), testing::Not(testing::EndsWith(":0")));
  EXPECT_THAT(Scrape(exposer->address()),
              testing::HasSubstr("phosphene_test_total 3"));
}

TEST(MetricsExposer, AnAddressThatCannotBeHadIsNamed) {
  ASSERT_OK_AND_ASSIGN(const auto first,
                       MetricsExposer::Create("127.0.0.1:0", {}));
  EXPECT_THAT(
      MetricsExposer::Create(first->address(), {}),
      StatusIs(absl::StatusCode::kInvalidArgument, first->address().c_str()));
  EXPECT_THAT(MetricsExposer::Create("nonsense", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "nonsense"));
}

}  // namespace
}  // namespace phosphene
