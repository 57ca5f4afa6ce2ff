#include "server/config.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_replace.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "phosphened");
  return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

// An environment variable for a scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);
  }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* const name_;
};

TEST(CommandLine, WithoutOptionsTheDefaultsOfTheManualHold) {
  const Variable home("XDG_DATA_HOME", "/data/home");
  ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({}));
  EXPECT_EQ(line.config.listen(), "127.0.0.1:50051");
  EXPECT_EQ(line.config.data(), "/data/home/phosphene");
  EXPECT_EQ(line.config.http(), "");  // kDefaultHttpAddress where it is free
  EXPECT_EQ(line.config.metrics(), "off");
  EXPECT_EQ(line.config.drain_seconds(), 30);
  EXPECT_EQ(line.config.max_queued_jobs(), 10'000);
  EXPECT_EQ(line.config.lanes(), 0);  // as many as the device has threads
  EXPECT_EQ(line.config.jobs_per_device(), 64);
  EXPECT_EQ(line.config.max_blob_bytes(), int64_t{2} << 30);
}

TEST(CommandLine, EveryFieldOfTheConfigIsAFlagWithHelp) {
  ASSERT_OK_AND_ASSIGN(const CommandLine line, Parse({"--help"}));
  const google::protobuf::Descriptor& type = *v1::ServerConfig::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    EXPECT_THAT(line.print,
                HasSubstr("--" + absl::StrReplaceAll(type.field(i)->name(),
                                                     {{"_", "-"}})));
  }
}

TEST(CommandLine, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  TempDir dir;
  const std::string file = dir.path() + "/server.textproto";
  std::ofstream(file) << "threads: 1 drain_seconds: 1 data: \"/file\"";
  const Variable threads("PHOSPHENE_THREADS", "2");
  const Variable drain("PHOSPHENE_DRAIN_SECONDS", "2");
  ASSERT_OK_AND_ASSIGN(const CommandLine line,
                       Parse({"--config", file.c_str(), "--threads", "3"}));
  EXPECT_EQ(line.config.threads(), 3);
  EXPECT_EQ(line.config.drain_seconds(), 2);
  EXPECT_EQ(line.config.data(), "/file");
}

TEST(CommandLine, AnUnknownOptionIsAnsweredWithTheNearest) {
  EXPECT_THAT(Parse({"--lisen", "unix:/x"}),
              StatusIs(StatusCode::kInvalidArgument, "\"--listen\""));
  EXPECT_THAT(Parse({"--tls_cert=x"}),
              StatusIs(StatusCode::kInvalidArgument, "\"--tls-cert\""));
  EXPECT_THAT(Parse({"serve"}), StatusIs(StatusCode::kInvalidArgument,
                                         "unknown option \"serve\""));
}

TEST(CommandLine, AnUnknownNameInTheFileIsAnsweredWithTheNearest) {
  TempDir dir;
  const std::string file = dir.path() + "/server.textproto";
  std::ofstream(file) << "metric: \"off\"";
  EXPECT_THAT(Parse({"--config", file.c_str()}),
              StatusIs(StatusCode::kInvalidArgument, "\"metrics\""));
  EXPECT_THAT(Parse({"--config", "/no/such/file"}),
              StatusIs(StatusCode::kNotFound, "/no/such/file"));
}

TEST(CommandLine, BadValuesAreRefusedWithTheFlag) {
  EXPECT_THAT(Parse({"--threads", "many"}),
              StatusIs(StatusCode::kInvalidArgument, "--threads"));
  EXPECT_THAT(Parse({"--threads", "-1"}),
              StatusIs(StatusCode::kInvalidArgument, "--threads"));
  EXPECT_THAT(Parse({"--lanes", "257"}), StatusIs(StatusCode::kInvalidArgument,
                                                  "--lanes: 257 is out of "
                                                  "range 0..256"));
  EXPECT_THAT(Parse({"--jobs-per-device", "1001"}),
              StatusIs(StatusCode::kInvalidArgument, "--jobs-per-device"));
  EXPECT_THAT(Parse({"--drain-seconds", "99999999999"}),
              StatusIs(StatusCode::kInvalidArgument, "--drain-seconds"));
  EXPECT_THAT(Parse({"--listen", "nowhere"}),
              StatusIs(StatusCode::kInvalidArgument, "--listen"));
  EXPECT_THAT(Parse({"--role", "king"}),
              StatusIs(StatusCode::kInvalidArgument, "--role"));
  EXPECT_THAT(Parse({"--store", "redis"}),
              StatusIs(StatusCode::kInvalidArgument, "--store"));
}

TEST(CommandLine, WhatIsPlannedAndNotBuiltSaysSo) {
  EXPECT_THAT(Parse({"--role", "worker"}),
              StatusIs(StatusCode::kUnimplemented, "worker"));
  EXPECT_THAT(Parse({"--store", "postgresql://db"}),
              StatusIs(StatusCode::kUnimplemented, "PostgreSQL"));
}

TEST(CommandLine, OffLoopbackNeedsTlsOrTheWordInsecure) {
  EXPECT_THAT(Parse({"--listen", "0.0.0.0:50051"}),
              StatusIs(StatusCode::kInvalidArgument, "--insecure"));
  EXPECT_THAT(Parse({"--listen", "[::]:50051"}),
              StatusIs(StatusCode::kInvalidArgument, "--tls-cert"));
  EXPECT_THAT(Parse({"--listen", "0.0.0.0:50051", "--insecure"}), IsOk());
  EXPECT_THAT(
      Parse({"--listen", "0.0.0.0:50051", "--tls-cert", "c", "--tls-key", "k"}),
      IsOk());
  EXPECT_THAT(Parse({"--listen", "[::1]:50051"}), IsOk());
  EXPECT_THAT(Parse({"--listen", "unix:/run/p.sock"}), IsOk());
}

TEST(CommandLine, OffLoopbackHttpNeedsTlsAndTokensOrTheWordInsecure) {
  for (const char* flag : {"--http", "--metrics"}) {
    EXPECT_THAT(Parse({flag, "0.0.0.0:8080"}),
                StatusIs(StatusCode::kInvalidArgument, flag));
    EXPECT_THAT(Parse({flag, "[::]:8080", "--tls-cert", "c", "--tls-key", "k"}),
                StatusIs(StatusCode::kInvalidArgument, "--tokens"));
    EXPECT_THAT(Parse({flag, "0.0.0.0:8080", "--tls-cert", "c", "--tls-key",
                       "k", "--tokens", "t"}),
                IsOk());
    EXPECT_THAT(Parse({flag, "0.0.0.0:8080", "--insecure"}), IsOk());
    EXPECT_THAT(Parse({flag, "127.0.0.1:8080"}), IsOk());
    EXPECT_THAT(Parse({flag, "off"}), IsOk());
    EXPECT_THAT(Parse({flag, "unix:/run/http"}),
                StatusIs(StatusCode::kInvalidArgument, "HOST:PORT"));
    EXPECT_THAT(Parse({flag, "8080"}),
                StatusIs(StatusCode::kInvalidArgument, flag));
  }
}

TEST(CommandLine, HalfATlsPairIsRefused) {
  EXPECT_THAT(Parse({"--tls-cert", "c"}),
              StatusIs(StatusCode::kInvalidArgument, "--tls-key"));
  EXPECT_THAT(Parse({"--tls-key", "k"}),
              StatusIs(StatusCode::kInvalidArgument, "--tls-cert"));
  EXPECT_THAT(Parse({"--tls-client-ca", "ca"}),
              StatusIs(StatusCode::kInvalidArgument, "--tls-client-ca"));
}

TEST(CommandLine, TheVersionIsPrinted) {
  EXPECT_EQ(Parse({"--version"})->print, "phosphened " + Version() + "\n");
}

}  // namespace
}  // namespace phosphene
