#include "client/view/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace phosphene::client {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

v1::Progress Half() {
  v1::Progress progress;
  progress.set_step(256);
  progress.set_total_steps(512);
  progress.set_steps_per_second(20);
  progress.set_objective_value(243.123);
  return progress;
}

TEST(Progress, TheBarTellsStepRateTimeLeftAndObjective) {
  const std::string bar = ProgressBar(Half(), 100);
  EXPECT_EQ(bar,
            "[#############------------]  256/512  50%  20 steps/s  ETA 0:13  "
            "objective 243.1");
}

TEST(Progress, ANarrowTerminalIsNotOverrun) {
  for (int columns = 10; columns < 120; ++columns) {
    EXPECT_LT(static_cast<int>(ProgressBar(Half(), columns).size()), columns);
  }
}

TEST(Progress, SlowStepsAreToldPerStep) {
  v1::Progress slow = Half();
  slow.set_steps_per_second(0.25);
  EXPECT_THAT(ProgressText(slow), HasSubstr("4 s/step"));
}

TEST(Progress, AStepInTilesTellsHowFarItIs) {
  v1::Progress progress;
  progress.set_step(3);
  progress.set_total_steps(8);
  EXPECT_THAT(ProgressText(progress), Not(HasSubstr("tile")));
  progress.set_tiles_done(5);
  progress.set_tiles(24);
  EXPECT_THAT(ProgressText(progress), HasSubstr("step 3/8  tile 5/24"));
  EXPECT_THAT(ProgressBar(progress, 100), HasSubstr("tile 5/24"));
}

TEST(Progress, OddNumbersDoNotBreakIt) {
  v1::Progress odd;
  EXPECT_THAT(ProgressBar(odd, 80), StartsWith("[----"));
  EXPECT_THAT(ProgressBar(odd, 80), Not(HasSubstr("ETA")));
  odd.set_step(700);
  odd.set_total_steps(512);
  odd.set_steps_per_second(INFINITY);
  odd.set_objective_value(NAN);
  EXPECT_THAT(ProgressBar(odd, 80), HasSubstr("100%"));
}

TEST(Progress, AFewTermsAreToldByName) {
  v1::Progress progress = Half();
  for (const char* label : {"channel a:1", "tv"}) {
    v1::ObjectiveValue* term = progress.add_objectives();
    term->set_label(label);
    term->set_value(2.5);
  }
  EXPECT_THAT(ProgressText(progress),
              HasSubstr("objective 243.1  (channel a:1 2.5, tv 2.5)"));
  EXPECT_THAT(ProgressBar(progress, 90), Not(HasSubstr("tv")))
      << "where there is room";
  for (int i = 0; i < 3; ++i)
    *progress.add_objectives() = progress.objectives(0);
  EXPECT_THAT(ProgressText(progress), Not(HasSubstr("channel")));
}

TEST(Progress, StatesHavePlainNames) {
  EXPECT_EQ(StateName(v1::Job::QUEUED), "queued");
  EXPECT_EQ(StateName(static_cast<v1::Job::State>(99)), "unknown");
}

}  // namespace
}  // namespace phosphene::client
