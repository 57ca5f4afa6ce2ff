#include "server/rpc/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "absl/strings/match.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;

TEST(ParseListenAddress, KnowsWhatOnlyThisMachineReaches) {
  for (const char* near :
       {"127.0.0.1:50051", "127.1.2.3:0", "[::1]:1", "localhost:65535",
        "unix:/run/p.sock", "unix:relative.sock", "unix:///run/p.sock"}) {
    ASSERT_OK_AND_ASSIGN(const ListenAddress address,
                         ParseListenAddress(near, "--listen"));
    EXPECT_TRUE(address.loopback) << near;
  }
  for (const char* far :
       {"0.0.0.0:50051", "[::]:50051", "10.0.0.1:1", "example.org:1",
        "127.example.org:1", "128.0.0.1:1", "127.0.0.1.evil:1", "*:1"}) {
    ASSERT_OK_AND_ASSIGN(const ListenAddress address,
                         ParseListenAddress(far, "--listen"));
    EXPECT_FALSE(address.loopback) << far;
  }
}

TEST(ParseListenAddress, WhatIsNoAddressIsRefusedWithWhatIsAllowed) {
  for (const char* bad :
       {"", "50051", ":50051", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
        "127.0.0.1:65536", "127.0.0.1:-1", "::1:50051", "[::1:5"}) {
    EXPECT_THAT(ParseListenAddress(bad, "--listen"),
                StatusIs(StatusCode::kInvalidArgument, "HOST:PORT"))
        << bad;
  }
  EXPECT_THAT(ParseListenAddress("unix:", "--listen"),
              StatusIs(StatusCode::kInvalidArgument, "path"));
  EXPECT_THAT(ParseListenAddress("unix:/" + std::string(200, 'x'), "--listen"),
              StatusIs(StatusCode::kInvalidArgument, "107"));
}

absl::StatusOr<BoundAddress> Bind(const std::string& text) {
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(text, "--listen"));
  return BindAddress(address, "--listen");
}

MATCHER_P2(CannotBind, reason, part, "fails with reason and message") {
  *result_listener << arg.status();
  return absl::IsFailedPrecondition(arg.status()) &&
         ReasonOf(arg.status()) == reason &&
         absl::StrContains(arg.status().message(), part);
}

TEST(BindAddress, AFreePortIsTold) {
  ASSERT_OK_AND_ASSIGN(const BoundAddress bound, Bind("127.0.0.1:0"));
  EXPECT_THAT(bound.dialled,
              testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  ASSERT_EQ(bound.sockets.size(), 1u);
}

TEST(BindAddress, EveryAddressOfANameGetsTheSamePort) {
  ASSERT_OK_AND_ASSIGN(const BoundAddress bound, Bind("localhost:0"));
  EXPECT_GE(bound.sockets.size(), 1u);
  EXPECT_THAT(bound.dialled, testing::StartsWith("localhost:"));
}

TEST(BindAddress, WhatStandsInTheWayIsToldApart) {
  ASSERT_OK_AND_ASSIGN(const BoundAddress first, Bind("127.0.0.1:0"));
  EXPECT_THAT(Bind(first.dialled), CannotBind("ADDRESS_IN_USE", "in use"));
  EXPECT_THAT(Bind(first.dialled), CannotBind("ADDRESS_IN_USE", first.dialled));
  // TEST-NET-1 belongs to nobody's interface.
  EXPECT_THAT(Bind("192.0.2.1:0"),
              CannotBind("ADDRESS_NOT_LOCAL", "no network interface"));
  EXPECT_THAT(Bind("no.such.host.invalid:0"),
              CannotBind("ADDRESS_UNKNOWN", "no.such.host.invalid"));
  EXPECT_THAT(Bind("unix:/no/such/folder/socket"),
              CannotBind("ADDRESS_UNKNOWN", "folder"));
}

class UnixSocketTest : public testing::Test {
 protected:
  TempDir dir_;
  const std::string path_ = dir_.path() + "/socket";
};

TEST_F(UnixSocketTest, OneThatSomebodyListensOnIsInUse) {
  ASSERT_OK_AND_ASSIGN(const BoundAddress first, Bind("unix:" + path_));
  EXPECT_THAT(Bind("unix:" + path_), CannotBind("ADDRESS_IN_USE", "in use"));
}

TEST_F(UnixSocketTest, OneThatADeadServerLeftIsReplacedAndItsOwnersAlone) {
  { ASSERT_OK(Bind("unix:" + path_).status()); }
  ASSERT_OK_AND_ASSIGN(const BoundAddress second, Bind("unix:" + path_));
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(UnixSocketTest, AFileOfThatNameStays) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(Bind("unix:" + path_),
              CannotBind("ADDRESS_IN_USE", "not a socket"));
  EXPECT_TRUE(std::ifstream(path_).good());
}

}  // namespace
}  // namespace phosphene
