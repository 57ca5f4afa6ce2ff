#include "server/jobs/job_error.h"

#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"
#include "server/base/utf8.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(JobErrorTest, ReasonAndFaultsAreDetails) {
  const google::rpc::Status error =
      ToJobError(WithReason(FieldError("spec.steps", "too many"), "BAD_STEPS"));
  EXPECT_EQ(error.code(), 3);
  EXPECT_EQ(error.message(), "spec.steps: too many");
  ASSERT_EQ(error.details_size(), 2);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(error.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "BAD_STEPS");
  EXPECT_EQ(info.domain(), "phosphene");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(error.details(1).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "spec.steps");
}

TEST(JobErrorTest, WithoutAReasonItIsTheCode) {
  google::rpc::ErrorInfo info;
  const google::rpc::Status error =
      ToJobError(absl::ResourceExhaustedError("out of memory"));
  ASSERT_TRUE(error.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "RESOURCE_EXHAUSTED");
}

TEST(JobErrorTest, TextIsMadeFitForAMessage) {
  const google::rpc::Status error =
      ToJobError(absl::InternalError("\xff" + std::string(100'000, 'x')));
  EXPECT_TRUE(IsUtf8(error.message()));
  EXPECT_LE(error.message().size(), 4000u);
}

}  // namespace
}  // namespace phosphene
