#include "server/stream/event.h"

#include <gtest/gtest.h>

#include "server/jobs/job_store.h"

namespace phosphene {
namespace {

TEST(EventTest, EveryStateIsWaitingAtWorkOrTheEnd) {
  const auto* states = v1::Job::State_descriptor();
  for (int i = 0; i < states->value_count(); ++i) {
    const auto state = static_cast<v1::Job::State>(states->value(i)->number());
    const bool waiting = state == v1::Job::STATE_UNSPECIFIED ||
                         state == v1::Job::QUEUED || state == v1::Job::PAUSED;
    EXPECT_EQ(waiting + HasWorker(state) + HasEnded(state), 1)
        << states->value(i)->name();
  }
}

TEST(EventTest, AJobThatIsPausingGoesOnReporting) {
  EXPECT_TRUE(HasWorker(v1::Job::PAUSING));
  v1::JobEvent event = NewEvent(7, absl::FromUnixMillis(1500));
  event.mutable_job()->set_state(v1::Job::PAUSING);
  EXPECT_FALSE(ShareEvent(event)->final);
  EXPECT_EQ(event.time().seconds(), 1);
  EXPECT_EQ(event.time().nanos(), 500'000'000);
}

}  // namespace
}  // namespace phosphene
