#include "server/base/faults.h"

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(FaultsTest, NoFaultsAreOk) {
  EXPECT_OK(Faults().ToStatus());
  EXPECT_TRUE(Faults().empty());
}

TEST(FaultsTest, EveryFaultIsInTheMessageAndComesBackOut) {
  Faults faults;
  faults.Add("spec.steps", "-1 is negative");
  faults.Add("spec.seed", "too big; really");
  const absl::Status status = faults.ToStatus();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "spec.steps: -1 is negative; spec.seed: too big"));
  const std::vector<Fault> back = FaultsOf(status);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].field, "spec.steps");
  EXPECT_EQ(back[0].message, "-1 is negative");
  EXPECT_EQ(back[1].message, "too big; really");
}

TEST(FaultsTest, AFaultIsToldOnceAndMayHaveAnotherCode) {
  Faults faults;
  faults.Add("spec.model", "no model \"a\"");
  faults.Add("spec.model", "no model \"a\"");
  EXPECT_EQ(faults.list().size(), 1u);
  EXPECT_TRUE(faults.Has("spec.model"));
  EXPECT_FALSE(faults.Has("spec"));
  const absl::Status status = faults.ToStatus(absl::StatusCode::kNotFound);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(FaultsOf(status).size(), 1u);
}

TEST(FaultsTest, OtherStatusesCarryNone) {
  EXPECT_TRUE(FaultsOf(absl::InternalError("x")).empty());
  EXPECT_TRUE(FaultsOf(absl::OkStatus()).empty());
}

TEST(FaultsTest, AnnotationsKeepCodeFaultsAndReason) {
  const absl::Status status =
      Annotate(WithReason(FieldError("a", "bad"), "BAD_A"), "while reading");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "while reading: a: bad"));
  EXPECT_EQ(ReasonOf(status), "BAD_A");
  ASSERT_EQ(FaultsOf(status).size(), 1u);
  EXPECT_OK(Annotate(absl::OkStatus(), "nothing"));
}

TEST(FaultsTest, AReasonIsOnlyForErrors) {
  EXPECT_EQ(ReasonOf(WithReason(absl::OkStatus(), "NO")), "");
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "");
}

}  // namespace
}  // namespace phosphene
