#include "server/rules/verdict.h"

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

std::vector<std::string> FieldsOf(const Verdict& verdict) {
  std::vector<std::string> fields;
  for (const Fault& fault : FaultsOf(verdict.ToStatus()))
    fields.push_back(fault.field);
  return fields;
}

TEST(VerdictTest, NothingWrongIsOk) {
  Verdict verdict;
  EXPECT_TRUE(verdict.Join(absl::OkStatus(), "spec"));
  EXPECT_TRUE(verdict.ok());
  EXPECT_OK(verdict.ToStatus());
}

TEST(VerdictTest, AFieldHasTheSayOfTheFirstCheckThatFaultsIt) {
  Verdict verdict;
  verdict.faults().Add("spec.steps", "-1 is out of range");
  Faults more;
  more.Add("spec.steps", "there is nothing to do in -1 steps");
  more.Add("spec.model", "is needed");
  more.Add("spec.model", "and must be told");
  EXPECT_TRUE(verdict.Join(more.ToStatus(), "spec"));
  EXPECT_THAT(FieldsOf(verdict),
              ElementsAre("spec.steps", "spec.model", "spec.model"));
}

TEST(VerdictTest, AStatusWithoutFaultsIsOneAtThePath) {
  Verdict verdict;
  verdict.Join(absl::InvalidArgumentError("too odd"), "spec.outputs");
  EXPECT_THAT(verdict.ToStatus(),
              StatusIs(StatusCode::kInvalidArgument, "spec.outputs: too odd"));
  EXPECT_TRUE(verdict.HasAt("spec.outputs"));
  EXPECT_TRUE(verdict.HasAt("spec"));
  EXPECT_FALSE(verdict.HasAt("spec.out"));
}

TEST(VerdictTest, OnlyMissingThingsAreNotFoundWithTheReasonOfTheFirst) {
  Verdict verdict;
  verdict.AddMissing("spec.model", WithReason(absl::NotFoundError("no model"),
                                              "MODEL_NOT_FOUND"));
  verdict.Join(absl::NotFoundError("no blob"), "spec.mask");
  const absl::Status status = verdict.ToStatus();
  EXPECT_THAT(status, StatusIs(StatusCode::kNotFound,
                               "spec.model: no model; spec.mask: no blob"));
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
}

TEST(VerdictTest, OnlyArmsThatAreNotBuiltInAreUnimplemented) {
  Verdict verdict;
  verdict.AddUnimplemented("spec.outputs[0].glb", "is not built in");
  EXPECT_THAT(verdict.ToStatus(), StatusIs(StatusCode::kUnimplemented, "glb"));
}

TEST(VerdictTest, WhateverIsMixedIsInvalidAndAllOfItIsTold) {
  Verdict verdict;
  verdict.AddMissing("spec.model", absl::NotFoundError("no model"));
  verdict.AddUnimplemented("spec.outputs[0].glb", "is not built in");
  verdict.faults().Add("spec.steps", "-1 is out of range");
  EXPECT_THAT(verdict.ToStatus(), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(verdict),
              ElementsAre("spec.steps", "spec.model", "spec.outputs[0].glb"));
}

TEST(VerdictTest, AccidentsAreNotTheRequestsFault) {
  Verdict verdict;
  EXPECT_FALSE(verdict.Join(absl::UnavailableError("later"), "spec"));
  EXPECT_FALSE(verdict.Join(absl::InternalError("broken"), "spec"));
  EXPECT_TRUE(verdict.ok());
}

}  // namespace
}  // namespace phosphene
