#include "server/scheduler/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "tests/support/fake_clock.h"

namespace phosphene {
namespace {

// Jobs that step on lanes side by side, by a clock that jumps from the end of
// one step to that of the next.
class Simulation {
 public:
  explicit Simulation(int lanes) : lanes_(lanes) {}

  void Join(int64_t id, int priority, absl::Duration step) {
    turns_.Join(id, priority, id);
    jobs_[id] = {step, false, absl::ZeroDuration()};
  }
  // Device time each job has used, from now on.
  std::map<int64_t, double> Run(absl::Duration span) {
    for (auto& [id, job] : jobs_) job.used = absl::ZeroDuration();
    const absl::Duration end = clock_.Steady() + span;
    while (clock_.Steady() < end) {
      for (Lane& lane : lanes_) Begin(lane);
      Lane& first = *std::min_element(
          lanes_.begin(), lanes_.end(),
          [](const Lane& a, const Lane& b) { return a.until < b.until; });
      clock_.Advance(first.until - clock_.Steady());
      End(first);
    }
    std::map<int64_t, double> used;
    for (const auto& [id, job] : jobs_)
      used[id] = absl::ToDoubleSeconds(job.used);
    return used;
  }
  // Called when a step begins.
  std::function<void(int64_t id)> on_step = [](int64_t) {};

 private:
  struct Job {
    absl::Duration step;
    bool stepping = false;
    absl::Duration used;
  };
  struct Lane {
    std::optional<int64_t> at;  // stepping until `until`
    std::optional<int64_t> before;
    absl::Duration stretch;  // of `before`
    absl::Duration until = absl::InfiniteDuration();
  };

  void Begin(Lane& lane) {
    if (lane.at.has_value()) return;
    std::vector<int64_t> ready;
    for (const auto& [id, job] : jobs_) {
      if (!job.stepping) ready.push_back(id);
    }
    lane.at = turns_.Pick(ready, lane.before, lane.stretch);
    if (!lane.at.has_value()) return;
    if (lane.at != lane.before || lane.stretch >= Turns::kQuantum)
      lane.stretch = absl::ZeroDuration();
    lane.before = lane.at;
    on_step(*lane.at);
    Job& job = jobs_.at(*lane.at);
    job.stepping = true;
    lane.until = clock_.Steady() + job.step;
  }
  void End(Lane& lane) {
    Job& job = jobs_.at(*lane.at);
    job.stepping = false;
    job.used += job.step;
    lane.stretch += job.step;
    turns_.Charge(*lane.at, job.step);
    lane.at.reset();
    lane.until = absl::InfiniteDuration();
  }

  FakeClock clock_;
  Turns turns_;
  std::map<int64_t, Job> jobs_;
  std::vector<Lane> lanes_;
};

double Jain(const std::map<int64_t, double>& shares) {
  double sum = 0, squares = 0;
  for (const auto& [id, share] : shares) {
    sum += share;
    squares += share * share;
  }
  return sum * sum / (static_cast<double>(shares.size()) * squares);
}

TEST(TurnsTest, EqualJobsGetEqualTimeWhateverTheirStepsTake) {
  for (const int lanes : {1, 2, 3}) {
    Simulation simulation(lanes);
    for (int id = 0; id < 8; ++id)
      simulation.Join(id, 0, absl::Milliseconds(3 + 7 * id));
    EXPECT_GE(Jain(simulation.Run(absl::Seconds(20))), 0.98) << lanes;
  }
}

TEST(TurnsTest, FiveMorePriorityGetTwiceTheTime) {
  Simulation simulation(1);
  simulation.Join(0, 0, absl::Milliseconds(20));
  simulation.Join(1, 5, absl::Milliseconds(30));
  simulation.Join(2, 5, absl::Milliseconds(10));
  const auto used = simulation.Run(absl::Seconds(50));
  EXPECT_NEAR(used.at(1) / used.at(0), 2, 0.04);
  EXPECT_NEAR(used.at(2) / used.at(0), 2, 0.04);
}

TEST(TurnsTest, AJobKeepsItsTurnForAQuantum) {
  Simulation simulation(1);
  for (int id = 0; id < 4; ++id) simulation.Join(id, 0, absl::Milliseconds(10));
  std::vector<int64_t> order;
  simulation.on_step = [&](int64_t id) { order.push_back(id); };
  simulation.Run(absl::Milliseconds(200));
  EXPECT_THAT(order, testing::ElementsAre(0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2,
                                          2, 2, 3, 3, 3, 3, 3));
}

TEST(TurnsTest, AMoreUrgentNewcomerIsNextThoughTheQuantumIsNotOver) {
  Turns turns;
  for (int id : {0, 1}) turns.Join(id, 0, id);
  turns.Charge(0, absl::Milliseconds(10));
  turns.Join(2, 1, 2);
  EXPECT_EQ(turns.Pick({0, 1, 2}, 0, absl::Milliseconds(10)), 2);
  turns.Leave(2);
  turns.Join(3, 0, 3);
  EXPECT_EQ(turns.Pick({0, 1, 3}, 0, absl::Milliseconds(10)), 0);
}

TEST(TurnsTest, ANewcomerNeitherWaitsNorMakesOthersWait) {
  Simulation simulation(1);
  for (int id : {0, 1}) simulation.Join(id, 0, absl::Milliseconds(10));
  simulation.Run(absl::Seconds(100));
  simulation.Join(2, 0, absl::Milliseconds(10));
  EXPECT_GE(Jain(simulation.Run(absl::Seconds(3))), 0.98);
}

// The urgent one can use one lane at most, so it lags ever further behind; who
// comes then must not have all that time to itself.
TEST(TurnsTest, WhatAJobCouldNotUseIsNoDebtOfTheOthers) {
  Simulation simulation(2);
  simulation.Join(0, 50, absl::Milliseconds(10));
  for (int id : {1, 2}) simulation.Join(id, 0, absl::Milliseconds(10));
  simulation.Run(absl::Seconds(100));
  simulation.Join(3, 0, absl::Milliseconds(10));
  auto used = simulation.Run(absl::Seconds(6));
  EXPECT_GT(used.at(0), 5.9);
  used.erase(0);
  EXPECT_GE(Jain(used), 0.98);
}

TEST(TurnsTest, NobodyIsPickedWhenNobodyIsReady) {
  EXPECT_EQ(Turns().Pick({}, std::nullopt, absl::ZeroDuration()), std::nullopt);
}

TEST(WidthTest, AJobAloneGetsAllThreads) {
  EXPECT_EQ(WidthOf(8, 0, 0, 1, 8), 8);
}

TEST(WidthTest, ManyJobsGetOneThreadEach) {
  EXPECT_EQ(WidthOf(8, 3, 3, 64, 8), 1);
  EXPECT_EQ(WidthOf(1, 1, 1, 5, 4), 1);
}

TEST(WidthTest, ThreadsAreSharedOutWithoutRest) {
  for (int threads = 1; threads <= 16; ++threads) {
    for (int jobs = 1; jobs <= threads; ++jobs) {
      int in_use = 0;
      for (int stepping = 0; stepping < jobs; ++stepping) {
        const int width = WidthOf(threads, in_use, stepping, jobs, threads);
        EXPECT_GE(width, threads / jobs);
        in_use += width;
      }
      EXPECT_EQ(in_use, threads) << jobs;
    }
  }
}

TEST(WidthTest, WhoComesWhileAllThreadsAreTakenGetsOne) {
  EXPECT_EQ(WidthOf(8, 8, 1, 2, 8), 1);
}

}  // namespace
}  // namespace phosphene
