#include "server/stream/last_frames.h"

#include <gmock/gmock.h>

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const HubEvent> Frame(size_t bytes) {
  auto event = std::make_shared<HubEvent>();
  event->kind = HubEvent::Kind::kFrame;
  event->wire = std::string(bytes, 'x');
  return event;
}

TEST(LastFramesTest, AJobHasItsNewestOne) {
  LastFrames frames(100);
  EXPECT_EQ(frames.Find("jobs/a"), nullptr);
  frames.Keep("jobs/a", Frame(10));
  const auto second = Frame(10);
  EXPECT_THAT(frames.Keep("jobs/a", second), IsEmpty());
  EXPECT_EQ(frames.Find("jobs/a"), second);
  frames.Drop("jobs/a");
  frames.Drop("jobs/a");
  EXPECT_EQ(frames.Find("jobs/a"), nullptr);
}

TEST(LastFramesTest, TheOldestGoWhenThereIsNoRoom) {
  LastFrames frames(100);
  for (const char* job : {"jobs/a", "jobs/b", "jobs/c"})
    EXPECT_THAT(frames.Keep(job, Frame(30)), IsEmpty());
  frames.Keep("jobs/a", Frame(30));
  EXPECT_THAT(frames.Keep("jobs/d", Frame(60)),
              ElementsAre("jobs/b", "jobs/c"));
  EXPECT_NE(frames.Find("jobs/a"), nullptr);
}

TEST(LastFramesTest, OneAboveTheBudgetIsNotKept) {
  LastFrames frames(100);
  frames.Keep("jobs/a", Frame(30));
  EXPECT_THAT(frames.Keep("jobs/b", Frame(101)),
              ElementsAre("jobs/a", "jobs/b"));
  EXPECT_THAT(frames.Keep("jobs/c", Frame(100)), IsEmpty());
}

}  // namespace
}  // namespace phosphene
