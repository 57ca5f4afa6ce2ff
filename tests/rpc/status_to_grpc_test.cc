#include "server/rpc/status_to_grpc.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"
#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

TEST(ToGrpcStatus, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(ToGrpcStatus, EveryCodeKeepsItsNumberAndGetsAReason) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status =
        ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "why"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(ErrorInfoOf(status).domain(), "phosphene");
    EXPECT_EQ(ErrorInfoOf(status).reason(),
              absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
    EXPECT_EQ(HasRetryInfo(status),
              code == static_cast<int>(absl::StatusCode::kUnavailable));
  }
}

TEST(ToGrpcStatus, FaultsBecomeViolationsWithTheirPaths) {
  Faults faults;
  faults.Add("job.spec.steps", "-1 is out of range 1..1000000");
  faults.Add("job.labels[0]", "too long");
  const grpc::Status status =
      ToGrpcStatus(WithReason(faults.ToStatus(), "SPEC_INVALID"));
  EXPECT_EQ(ErrorInfoOf(status).reason(), "SPEC_INVALID");
  const google::rpc::BadRequest bad = BadRequestOf(status);
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "job.spec.steps");
  EXPECT_EQ(bad.field_violations(1).description(), "too long");
}

TEST(ToGrpcStatus, ManyLongFaultsFitIntoTrailers) {
  Faults faults;
  for (int i = 0; i < 1000; ++i)
    faults.Add(absl::StrCat("field", i), std::string(2000, 'x'));
  const grpc::Status status = ToGrpcStatus(faults.ToStatus());
  EXPECT_GT(BadRequestOf(status).field_violations_size(), 5);
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("faults"), "100");
  // 8 KB with the message percent-encoded, at worst threefold, and the details
  // in base64.
  EXPECT_LT(
      status.error_message().size() * 3 + status.error_details().size() * 4 / 3,
      7700u);
}

TEST(ToGrpcStatus, TwentyFaultsOfUsualLengthAreAllTold) {
  Faults faults;
  for (int i = 0; i < 20; ++i) {
    faults.Add(
        absl::StrCat("spec.objectives[", i, "].gram_style.moving_average"),
        "-1 is out of range; allowed: 0..0.999, or 0 for the default");
  }
  const grpc::Status status = ToGrpcStatus(faults.ToStatus());
  EXPECT_EQ(BadRequestOf(status).field_violations_size(), 20);
  EXPECT_EQ(ErrorInfoOf(status).metadata().count("faults"), 0u);
}

TEST(ToGrpcStatus, BytesThatAreNoTextDoNotSpoilTheDetails) {
  const grpc::Status status =
      ToGrpcStatus(FieldError("layer\xff", "\xc3\x28 is bad"));
  EXPECT_TRUE(IsUtf8(status.error_message()));
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "layer?");
}

}  // namespace
}  // namespace phosphene
