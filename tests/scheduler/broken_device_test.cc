#include "server/base/broken_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/scheduler_fixture.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BrokenDeviceTest : public SchedulerFixture {
 protected:
  // The job's fifth step breaks the device it runs on, once.
  void BreakAtStep5() {
    engine_.FailAt(5, DeviceBrokenError("an illegal memory access"));
    executor_->RunOne();
    engine_.FailAt(5, absl::OkStatus());
  }
};

TEST_F(BrokenDeviceTest, ItsJobGoesOnElsewhereAndItTakesNoMore) {
  Start(/*devices=*/2);
  const v1::JobSpec spec = FakeSpec(10);
  Submit("a", spec);
  BreakAtStep5();
  const std::string broken = engine_.runs()[0].device;
  Submit("b", 10);
  executor_->Advance(absl::Seconds(60));
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(spec));
  EXPECT_EQ(State("b"), "SUCCEEDED");
  for (size_t i = 1; i < engine_.runs().size(); ++i)
    EXPECT_NE(engine_.runs()[i].device, broken);
  for (const v1::Device& device : scheduler_->Devices()) {
    const bool it = device.name() ==
                    (broken == "cpu:0" ? "devices/cpu-0" : "devices/cpu-1");
    if (it) {
      EXPECT_THAT(device.description(), HasSubstr("broken"));
    } else {
      EXPECT_THAT(device.description(), Not(HasSubstr("broken")));
    }
  }
  EXPECT_EQ(no_device_, 0);
}

TEST_F(BrokenDeviceTest, WhereItIsTheOnlyOneJobsWaitForTheNextServer) {
  const v1::JobSpec spec = FakeSpec(10);
  Submit("a", spec);
  BreakAtStep5();
  Submit("b", 10);
  executor_->Advance(absl::Seconds(60));
  RunAll();
  EXPECT_EQ(no_device_, 1);
  EXPECT_EQ(State("a"), "QUEUED");
  EXPECT_EQ(State("b"), "QUEUED");
  Start();
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(spec));
  EXPECT_EQ(State("b"), "SUCCEEDED");
}

TEST_F(BrokenDeviceTest, CompanyLeavesWithItsCheckpoint) {
  Submit("a", FakeSpec(10, 1));
  Submit("b", FakeSpec(40, 2));
  engine_.FailAt(9, DeviceBrokenError("an illegal memory access"));
  RunAll();
  engine_.FailAt(9, absl::OkStatus());
  EXPECT_EQ(no_device_, 1);
  Start();
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(FakeSpec(10, 1)));
  EXPECT_EQ(Artifact("b"), FakeEngine::ResultOf(FakeSpec(40, 2)));
}

TEST_F(BrokenDeviceTest, WithoutItsGpuAServerEndsThoughItHasACpu) {
  gpus_ = 1;
  Start(/*devices=*/2);
  Submit("a", 10);
  engine_.FailAt(5, DeviceBrokenError("an illegal memory access"));
  executor_->RunOne();
  executor_->RunOne();
  engine_.FailAt(5, absl::OkStatus());
  EXPECT_EQ(no_device_, 1);
}

}  // namespace
}  // namespace phosphene
