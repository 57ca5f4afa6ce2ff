#include "client/base/failure.h"

#include <gtest/gtest.h>

#include "tests/client/scripted_server.h"

namespace phosphene::client {
namespace {

TEST(Failure, ExitCodesFollowTheManual) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(UsageError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnimplementedError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnauthenticatedError("x")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("x")), kExitUsage);
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
  const absl::Status status = FromGrpc(RichError(
      grpc::StatusCode::INVALID_ARGUMENT, "bad", "spec.steps", "-1 is no"));
  EXPECT_EQ(ErrorInfoOf(status).reason(), "TEST_REASON");
  ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "spec.steps");
}

TEST(Failure, AnotherMessageKeepsTheDetails) {
  const absl::Status status =
      WithMessage(FromGrpc(RichError(grpc::StatusCode::INVALID_ARGUMENT, "bad",
                                     "spec.steps", "-1 is no")),
                  "worse");
  EXPECT_EQ(status.message(), "worse");
  EXPECT_EQ(BadRequestOf(status).field_violations_size(), 1);
}

}  // namespace
}  // namespace phosphene::client
