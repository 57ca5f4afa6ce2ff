#include "server/http/dispatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

class DispatchTest : public testing::Test {
 protected:
  DispatchTest() {
    rules_.routes = {
        {.path = "/secret",
         .answer =
             [](const HttpRequest&) { return HttpResponse{.body = "42"}; }},
        {.path = "/open",
         .needs_token = false,
         .answer = [](const HttpRequest&) {
           return HttpResponse{.body = "hello"};
         }}};
    rules_.authorizer = &everybody_;
  }
  HttpResponse Ask(const std::string& path,
                   std::map<std::string, std::string> headers = {},
                   const std::string& method = "GET") {
    headers.try_emplace("Host", "127.0.0.1:8080");
    return Dispatch(
        rules_,
        {.method = method, .path = path, .header = [headers](const char* name) {
           const auto found = headers.find(name);
           return found == headers.end() ? std::string() : found->second;
         }});
  }

  const Authorizer everybody_;
  HttpRules rules_;
};

TEST_F(DispatchTest, ARouteAnswers) {
  EXPECT_EQ(Ask("/secret").body, "42");
  EXPECT_EQ(Ask("/open", {}, "HEAD").status, 200);
}

TEST_F(DispatchTest, AnUnknownPathIsAnsweredWithTheNearest) {
  EXPECT_EQ(Ask("/secrets").status, 404);
  EXPECT_THAT(Ask("/secrets").body, HasSubstr("\"/secret\""));
  EXPECT_EQ(Ask("/").status, 404);
}

TEST_F(DispatchTest, OtherMethodsAreToldWhatIsAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    const HttpResponse response = Ask("/open", {}, method);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_THAT(response.headers,
                testing::Contains(testing::Pair("Allow", "GET, HEAD")));
  }
}

TEST_F(DispatchTest, OnLoopbackOnlyNamesOfThisMachineAreHosts) {
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1",
                           "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:80"}) {
    EXPECT_EQ(Ask("/open", {{"Host", host}}).status, 200) << host;
  }
  for (const char* host :
       {"evil.example", "evil.example:8080", "127.0.0.1.evil.example",
        "localhost.evil.example", "192.168.1.2:8080", "unix:/x", "x y"}) {
    EXPECT_EQ(Ask("/open", {{"Host", host}}).status, 403) << host;
  }
  EXPECT_EQ(Ask("/open", {{"Host", ""}}).status, 200);  // HTTP/1.0
  rules_.loopback_only = false;
  EXPECT_EQ(Ask("/open", {{"Host", "gpu7.example"}}).status, 200);
}

TEST_F(DispatchTest, PagesOfElsewhereMayNotCall) {
  EXPECT_EQ(Ask("/open", {{"Origin", "http://127.0.0.1:8080"}}).status, 200);
  for (const char* origin : {"http://evil.example", "null",
                             "http://127.0.0.1:9999", "ftp://127.0.0.1:8080"}) {
    EXPECT_EQ(Ask("/open", {{"Origin", origin}}).status, 403) << origin;
  }
}

TEST_F(DispatchTest, BodiesAreRefused) {
  EXPECT_EQ(Ask("/open", {{"Content-Length", "5"}}).status, 413);
  EXPECT_EQ(Ask("/open", {{"Transfer-Encoding", "chunked"}}).status, 413);
  EXPECT_EQ(Ask("/open", {{"Content-Length", "0"}}).status, 200);
}

TEST_F(DispatchTest, WithTokensARouteThatNeedsOneWantsIt) {
  TempDir dir;
  std::ofstream(dir.path() + "/tokens") << "0123456789abcdef ops\n";
  ASSERT_OK_AND_ASSIGN(const auto authorizer,
                       Authorizer::FromFile(dir.path() + "/tokens"));
  rules_.authorizer = authorizer.get();
  EXPECT_EQ(Ask("/open").status, 200);
  const HttpResponse refused = Ask("/secret");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.headers,
              testing::Contains(testing::Pair("WWW-Authenticate", "Bearer")));
  EXPECT_EQ(Ask("/secret", {{"Authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(Ask("/secret", {{"Authorization", "Bearer 0123456789abcdef"}}).body,
            "42");
}

TEST(HostOf, LeavesThePortOut) {
  EXPECT_EQ(HostOf("example.org:80"), "example.org");
  EXPECT_EQ(HostOf("example.org"), "example.org");
  EXPECT_EQ(HostOf("[::1]:80"), "[::1]");
  EXPECT_EQ(HostOf("[::1]"), "[::1]");
}

}  // namespace
}  // namespace phosphene
