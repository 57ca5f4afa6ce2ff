#include "server/rpc/authorize.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/rpc/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;

constexpr char kToken[] = "0123456789abcdef0123";

TEST(Authorizer, ReadsTokensAndComments) {
  EXPECT_OK(
      Authorizer::FromTokens(
          "# who may\n0123456789abcdef ops\n\nfedcba9876543210 ops # new\n",
          "t")
          .status());
}

TEST(Authorizer, FilesThatWouldLetNobodyOrAnybodyInAreRefused) {
  EXPECT_THAT(Authorizer::FromTokens("# empty\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "no token"));
  EXPECT_THAT(Authorizer::FromTokens("short ops\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "t:1"));
  EXPECT_THAT(Authorizer::FromTokens("\n0123456789abcdef\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "t:2"));
  EXPECT_THAT(
      Authorizer::FromTokens("0123456789abcdef a\nfedcba9876543210 b\n", "t")
          .status(),
      StatusIs(StatusCode::kUnimplemented, "2 tenants"));
}

TEST(IsTraceparent, TakesW3CVersionZeroAlone) {
  EXPECT_TRUE(
      IsTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  for (const char* bad :
       {"", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"}) {
    EXPECT_FALSE(IsTraceparent(bad)) << bad;
  }
}

class TokensTest : public ServiceFixture {
 protected:
  TokensTest() {
    std::ofstream(dir_.path() + "/tokens") << kToken << " ops\n";
    config_.set_tokens(dir_.path() + "/tokens");
    Start();
  }
  grpc::Status Call(const std::string& authorization) {
    const auto context = Context();
    if (!authorization.empty())
      context->AddMetadata("authorization", authorization);
    v1::ListDevicesResponse response;
    return system_->ListDevices(context.get(), {}, &response);
  }
};

TEST_F(TokensTest, OnlyATokenOfTheFileLetsIn) {
  EXPECT_THAT(Call(std::string("Bearer ") + kToken), Succeeds());
  EXPECT_THAT(Call(""),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, "authorization"));
  EXPECT_THAT(Call(kToken),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, "authorization"));
  EXPECT_THAT(Call("Bearer 0123456789abcdef0124"),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, "not one of"));
  EXPECT_EQ(ErrorInfoOf(Call("")).reason(), "TOKEN_MISSING");
}

TEST_F(TokensTest, StreamsAskForItAsWell) {
  v1::WatchJobRequest watch;
  watch.set_name("jobs/a");
  auto context = Context();
  v1::JobEvent event;
  const auto events = jobs_->WatchJob(context.get(), watch);
  EXPECT_FALSE(events->Read(&event));
  EXPECT_THAT(events->Finish(),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, "authorization"));
  std::string bytes;
  EXPECT_THAT(Read("blobs/x", 0, 0, &bytes),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, ""));
  v1::Blob blob;
  EXPECT_THAT(Upload({}, {}, &blob),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, ""));
}

}  // namespace
}  // namespace phosphene
