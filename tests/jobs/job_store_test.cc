#include "server/jobs/job_store.h"

#include <gtest/gtest.h>

#include "tests/support/fake_engine.h"

namespace phosphene {
namespace {

TEST(StateEventTest, IsTheJobWithoutItsSpecUnderItsSequence) {
  StoredJob stored;
  stored.job.set_name("jobs/a");
  stored.job.mutable_update_time()->set_seconds(7);
  *stored.job.mutable_spec() = FakeSpec(3);
  stored.sequence = 2 * kSequencesPerChange;
  const v1::JobEvent event = StateEvent(stored);
  EXPECT_EQ(event.sequence(), 2 * kSequencesPerChange);
  EXPECT_EQ(event.time().seconds(), 7);
  EXPECT_EQ(event.job().name(), "jobs/a");
  EXPECT_FALSE(event.job().has_spec());
}

TEST(HasEndedTest, ThreeStatesAreTheEnd) {
  for (int i = 0; i < v1::Job::State_ARRAYSIZE; ++i) {
    const auto state = static_cast<v1::Job::State>(i);
    EXPECT_EQ(HasEnded(state), state == v1::Job::SUCCEEDED ||
                                   state == v1::Job::FAILED ||
                                   state == v1::Job::CANCELLED);
  }
}

}  // namespace
}  // namespace phosphene
