#include "server/rpc/authorize.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/rpc/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;

constexpr char kToken[] = "0123456789abcdef0123";

TEST(ParseTokens, ReadsTokensAndComments) {
  ASSERT_OK_AND_ASSIGN(
      const std::vector<Token> tokens,
      ParseTokens(
          "# who may\n0123456789abcdef ops\n\nfedcba9876543210 ops # new\n",
          "t"));
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[1].secret, "fedcba9876543210");
  EXPECT_EQ(tokens[1].tenant, "ops");
}

TEST(ParseTokens, FilesThatWouldLetNobodyOrAnybodyInAreRefused) {
  EXPECT_THAT(ParseTokens("# empty\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "no token"));
  EXPECT_THAT(ParseTokens("short ops\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "t:1"));
  EXPECT_THAT(ParseTokens("\n0123456789abcdef\n", "t").status(),
              StatusIs(StatusCode::kInvalidArgument, "t:2"));
  EXPECT_THAT(
      ParseTokens("0123456789abcdef a\nfedcba9876543210 b\n", "t").status(),
      StatusIs(StatusCode::kUnimplemented, "2 tenants"));
}

class AuthorizerTest : public testing::Test {
 protected:
  // Another size or another file, however fast the test is.
  void Write(const std::string& text) {
    const std::string fresh = dir_.path() + "/fresh";
    std::ofstream(fresh) << text;
    ASSERT_EQ(std::rename(fresh.c_str(), file().c_str()), 0);
  }
  std::string file() const { return dir_.path() + "/tokens"; }

  TempDir dir_;
};

TEST_F(AuthorizerTest, ATokenThatIsGoneLetsNobodyInAfterARefresh) {
  Write("0123456789abcdef ops\nfedcba9876543210 ops\n");
  ASSERT_OK_AND_ASSIGN(const auto authorizer, Authorizer::FromFile(file()));
  EXPECT_THAT(authorizer->AuthorizeHeader("Bearer 0123456789abcdef"),
              IsOkAndHolds("ops"));
  Write("fedcba9876543210 ops\n");
  authorizer->Refresh();
  EXPECT_THAT(authorizer->AuthorizeHeader("Bearer 0123456789abcdef"),
              StatusIs(StatusCode::kUnauthenticated, "not one of"));
  EXPECT_THAT(authorizer->AuthorizeHeader("Bearer fedcba9876543210"),
              IsOkAndHolds("ops"));
}

TEST_F(AuthorizerTest, ABrokenOrMissingFileKeepsTheFormerTokens) {
  Write("0123456789abcdef ops\n");
  ASSERT_OK_AND_ASSIGN(const auto authorizer, Authorizer::FromFile(file()));
  for (const char* broken : {"", "short ops\n", "0123456789abcdef\n"}) {
    Write(broken);
    authorizer->Refresh();
    EXPECT_THAT(authorizer->AuthorizeHeader("Bearer 0123456789abcdef"),
                IsOkAndHolds("ops"));
  }
  ASSERT_EQ(::unlink(file().c_str()), 0);
  authorizer->Refresh();
  EXPECT_THAT(authorizer->AuthorizeHeader("Bearer 0123456789abcdef"),
              IsOkAndHolds("ops"));
  EXPECT_THAT(authorizer->AuthorizeHeader(""),
              StatusIs(StatusCode::kUnauthenticated, "authorization"));
}

TEST(Authorizer, WithoutAFileEverybodyGetsIn) {
  EXPECT_THAT(Authorizer().AuthorizeHeader(""), IsOkAndHolds(""));
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

TEST_F(TokensTest, ARevokedTokenIsRefusedWithoutARestart) {
  ASSERT_THAT(Call(std::string("Bearer ") + kToken), Succeeds());
  std::ofstream(dir_.path() + "/fresh") << "fedcba9876543210fedc ops\n";
  ASSERT_EQ(std::rename((dir_.path() + "/fresh").c_str(),
                        (dir_.path() + "/tokens").c_str()),
            0);
  // The server looks every second; calls ask until it has.
  while (Call(std::string("Bearer ") + kToken).ok()) {
  }
  EXPECT_THAT(Call(std::string("Bearer ") + kToken),
              FailsWith(grpc::StatusCode::UNAUTHENTICATED, "not one of"));
  EXPECT_THAT(Call("Bearer fedcba9876543210fedc"), Succeeds());
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
