#include "server/rpc/listen.h"

#include <gtest/gtest.h>

#include <fstream>

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

TEST(MakeServerCredentials, AFileThatIsNotThereOrNoPemIsNamed) {
  TempDir dir;
  const std::string path = dir.path() + "/cert.pem";
  v1::ServerConfig config;
  config.set_tls_cert(path);
  config.set_tls_key(path);
  EXPECT_THAT(MakeServerCredentials(config),
              StatusIs(StatusCode::kInvalidArgument, "--tls-cert"));
  std::ofstream(path) << "not PEM";
  EXPECT_THAT(MakeServerCredentials(config),
              StatusIs(StatusCode::kInvalidArgument, "holds no PEM"));
}

}  // namespace
}  // namespace phosphene
