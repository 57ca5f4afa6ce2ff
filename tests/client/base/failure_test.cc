#include "client/base/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/scripted_server.h"

namespace phosphene::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Failure, ExitCodesFollowTheManual) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(UsageError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnimplementedError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("x")), kExitUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("x")), kExitUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::CancelledError("x")), kExitCancelled);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("x")), kExitJobFailed);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("x")), kExitJobFailed);
}

TEST(Failure, AJobThatFailedIsOneWhateverItsCode) {
  google::rpc::Status error;
  error.set_code(static_cast<int>(absl::StatusCode::kUnavailable));
  error.set_message("no device");
  EXPECT_EQ(ExitCodeOf(FromJobError(error)), kExitJobFailed);
  EXPECT_EQ(FromJobError(error).message(), "no device");
  EXPECT_FALSE(FromJobError(google::rpc::Status()).ok());
}

TEST(Failure, DetailsOfTheServerSurvive) {
  const absl::Status status =
      FromGrpc(RichError(grpc::StatusCode::INVALID_ARGUMENT, "bad",
                         "spec.steps", "-1 is no"),
               "s");
  EXPECT_EQ(ErrorInfoOf(status).reason(), "TEST_REASON");
  ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "spec.steps");
}

TEST(Failure, FieldsAreToldByTheFlagThatSetsThem) {
  const std::vector<std::string> feature = {"--layer", "--channel", "--size",
                                            "--objective"};
  EXPECT_EQ(FlagFor("spec.objectives[0].channel.layer", feature), "--layer");
  EXPECT_EQ(FlagFor("job.spec.objectives[12].channel.channel", feature),
            "--channel");
  EXPECT_EQ(FlagFor("spec.parameterization.width", feature), "--size");
  EXPECT_EQ(FlagFor("spec.objectives[0].gram_style.layers[1].layer", feature),
            "--objective");
  EXPECT_EQ(FlagFor("spec.steps", feature), "");
  EXPECT_EQ(FlagFor("spec.modelling", {"--model"}), "");
}

TEST(Failure, OfSeveralFlagsTheOneThatWasGivenIsNamed) {
  const std::vector<std::string> all = {"--layer", "--channel", "--objective"};
  EXPECT_EQ(FlagFor("spec.objectives[0].channel.channel",
                    CommandFlags{{"--objective"}, all}),
            "--objective");
  EXPECT_EQ(FlagFor("spec.objectives[0].caricature.layer",
                    CommandFlags{{"--layer"}, all}),
            "--layer");
  EXPECT_EQ(
      FlagFor("spec.objectives[0].channel.channel", CommandFlags{{}, all}),
      "--channel");
}

TEST(Failure, EveryFaultHasItsLine) {
  const grpc::Status error =
      RichError(grpc::StatusCode::INVALID_ARGUMENT, "all of it",
                "spec.objectives[0].channel.layer", "no layer \"x\"");
  EXPECT_THAT(Explain(FromGrpc(error, "s"), {{}, {"--layer"}}),
              ElementsAre("error: --layer: no layer \"x\""));
  EXPECT_THAT(
      Explain(FromGrpc(error, "s"), {}),
      ElementsAre("error: spec.objectives[0].channel.layer: no layer \"x\""));
  EXPECT_THAT(Explain(absl::NotFoundError("no job"), {}),
              ElementsAre("error: no job"));
}

TEST(Failure, AnUnreachableServerIsToldWithWhatToDo) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE,
                            "failed to connect to all addresses; last error: "
                            "X: Connection refused"),
               "host:1");
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("host:1 (Connection refused)"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--local"));
  const absl::Status answered = FromGrpc(
      RichError(grpc::StatusCode::UNAVAILABLE, "draining", "", ""), "host:1");
  EXPECT_EQ(answered.message(), "draining");
}

}  // namespace
}  // namespace phosphene::client
