#include "client/remote/local_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

// A program in place of phosphened that does what the test says.
class LocalServerTest : public testing::Test {
 protected:
  absl::Status Start(const std::string& script) {
    Put(folder_ / "server", "#!/bin/sh\n" + script);
    chmod((folder_ / "server").c_str(), 0755);
    LocalServer::Options options;
    options.program = folder_ / "server";
    options.data = folder_ / "data";
    options.start_timeout = absl::Seconds(5);
    absl::StatusOr<std::unique_ptr<LocalServer>> server =
        LocalServer::Start(options);
    return server.ok() ? (*server)->Stop() : server.status();
  }

  const TempFolder folder_;
};

TEST_F(LocalServerTest, ItsLastWordsAreTold) {
  const absl::Status status = Start("echo 'no such device' >&2; exit 1");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no such device"));
}

TEST_F(LocalServerTest, ALockedDataFolderIsExplained) {
  const absl::Status status = Start(
      "echo 'the data folder is locked by another phosphened' >&2; exit 1");
  EXPECT_THAT(std::string(status.message()), HasSubstr("leave --local away"));
}

TEST_F(LocalServerTest, AProgramThatIsNoneIsTold) {
  LocalServer::Options options;
  options.program = folder_ / "none";
  EXPECT_EQ(LocalServer::Start(options).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(LocalServerTest, ItGetsASocketOfItsOwnAndTheDataFolder) {
  const absl::Status status = Start("echo \"$@\" >&2; exit 3");
  EXPECT_THAT(std::string(status.message()), HasSubstr("--listen unix:"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--http off"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("--data " + (folder_ / "data")));
}

}  // namespace
}  // namespace phosphene::client
