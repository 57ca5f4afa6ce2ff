// Jobs that share a device: whose step is next, who comes in and who makes
// room, one step after the other on the test's thread.

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/scheduler/scheduler.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::Ge;
using testing::Le;
using testing::SizeIs;

class SharingTest : public SchedulerFixture {
 protected:
  // Jobs are told apart by their models, which are named as they are.
  static v1::JobSpec SpecOf(const std::string& name, int steps) {
    v1::JobSpec spec = FakeSpec(steps);
    spec.set_model(name);
    return spec;
  }
  void SubmitJob(const std::string& name, int steps, int priority = 0) {
    Submit(name, SpecOf(name, steps), priority);
  }
  void ExpectResult(const std::string& name, int steps) {
    EXPECT_EQ(State(name), "SUCCEEDED") << name;
    EXPECT_EQ(Artifact(name), FakeEngine::ResultOf(SpecOf(name, steps)))
        << name;
  }
  // Every step takes so long; then `then` is called.
  void EachStep(
      absl::Duration takes,
      std::function<void(const FakeEngine::Stepped&)> then =
          [](const FakeEngine::Stepped&) {}) {
    engine_.OnEachStep([this, takes, then](const FakeEngine::Stepped& stepped) {
      clock_.Advance(takes);
      then(stepped);
    });
  }
  int Begun(const std::string& name) {
    int count = 0;
    for (const FakeEngine::Begun& run : engine_.runs())
      count += run.model == name;
    return count;
  }
};

TEST_F(SharingTest, EqualJobsGetEqualTime) {
  constexpr int kJobs = 8, kSteps = 300;
  std::map<std::string, double> steps;
  bool over = false;
  EachStep(absl::Milliseconds(10), [&](const FakeEngine::Stepped& stepped) {
    if (!over) ++steps[stepped.model];
    over = over || stepped.step == kSteps;
  });
  for (int i = 0; i < kJobs; ++i) SubmitJob(absl::StrCat("j", i), kSteps);
  RunAll();
  double sum = 0, squares = 0;
  for (const auto& [model, count] : steps) {
    sum += count;
    squares += count * count;
  }
  EXPECT_GE(sum * sum / (kJobs * squares), 0.98);
  for (int i = 0; i < kJobs; ++i) ExpectResult(absl::StrCat("j", i), kSteps);
}

TEST_F(SharingTest, FiveMorePriorityGetTwiceTheSteps) {
  std::map<std::string, int> steps;
  EachStep(absl::Milliseconds(20), [&](const FakeEngine::Stepped& stepped) {
    if (steps["twice"] < 1000) ++steps[stepped.model];
  });
  SubmitJob("once", 1000, 0);
  SubmitJob("twice", 1000, 5);
  RunAll();
  EXPECT_NEAR(steps["once"], 500, 10);
}

TEST_F(SharingTest, DevicesTellAllTheirJobsAndWhatTheyTake) {
  memory_bytes_ = 1000;
  Start();
  for (const char* name : {"a", "b"})
    engine_.SetMemory(name, {.held = 10, .step = 5}, {.held = 100, .step = 50});
  SubmitJob("a", 20);
  SubmitJob("b", 20);
  std::vector<v1::Device> during;
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.model == "b" && stepped.step == 5)
      during = scheduler_->Devices();
  });
  RunAll();
  ASSERT_THAT(during, SizeIs(1));
  EXPECT_THAT(during[0].current_jobs(), ElementsAre("jobs/a", "jobs/b"));
  EXPECT_EQ(during[0].current_job(), "jobs/a");
  EXPECT_EQ(during[0].memory_used_bytes(), 250);
  EXPECT_EQ(scheduler_->Devices()[0].memory_used_bytes(), 0);
}

TEST_F(SharingTest, AJobAloneGetsAllThreadsAndSeveralShareThem) {
  threads_ = 6;
  lanes_ = 6;
  Start();
  std::map<std::string, std::set<int>> widths;
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    widths[stepped.model].insert(stepped.threads);
    if (stepped.model == "alone" && stepped.step == 10) {
      for (const char* name : {"b", "c"}) SubmitJob(name, 10);
    }
  });
  SubmitJob("alone", 10);
  RunAll();
  EXPECT_THAT(widths["alone"], ElementsAre(6));
  // One after the other here, so each finds all free but what the others need.
  EXPECT_EQ(*widths["b"].begin(), 3);
}

// --- The urgent ---

class UrgentTest : public SharingTest {
 protected:
  // A low job runs on a device of such room; a high one comes at its step 20.
  // How many steps of the low one it waits.
  int StepsBeforeTheHighOne() {
    int waited = -1;
    bool high = false;
    EachStep(absl::Milliseconds(10), [&](const FakeEngine::Stepped& stepped) {
      if (stepped.model == "low") {
        if (waited >= 0 && !high) ++waited;
        if (stepped.step == 20 && waited < 0) {
          waited = 0;
          SubmitJob("high", 30, 1);
        }
      } else {
        high = true;
      }
    });
    SubmitJob("low", 100);
    RunAll();
    ExpectResult("low", 100);
    ExpectResult("high", 30);
    return high ? waited : 1000;
  }
};

TEST_F(UrgentTest, AHighJobStepsWithinTwoStepsOfALowOne) {
  EXPECT_LE(StepsBeforeTheHighOne(), 2);
  EXPECT_EQ(Begun("low"), 1);
}

TEST_F(UrgentTest, WhereThereIsNoPlaceTheLowOneStandsByInMemory) {
  jobs_per_device_ = 1;
  Start();
  EXPECT_LE(StepsBeforeTheHighOne(), 2);
  EXPECT_EQ(Begun("low"), 1);
  EXPECT_EQ(Get("low").attempt(), 1);
}

TEST_F(UrgentTest, WhereThereIsNoMemoryTheLowOneGoesOnFromItsCheckpoint) {
  memory_bytes_ = 1000;
  Start();
  for (const char* name : {"low", "high"})
    engine_.SetMemory(name, {.held = 500}, {.held = 500});
  EXPECT_LE(StepsBeforeTheHighOne(), 2);
  EXPECT_EQ(Begun("low"), 2);
  EXPECT_THAT(engine_.runs().back().first_step, Ge(20));
  EXPECT_EQ(Get("low").attempt(), 2);
  EXPECT_LE(engine_.most_bytes(), 850);
}

TEST_F(UrgentTest, ACancelledJobStopsWithinTwoStepsBesideOthers) {
  int after = -1;
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    if (after >= 0) ++after;
    if (stepped.model == "j0" && stepped.step == 10) {
      after = 0;
      ASSERT_OK(store_->Cancel("jobs/j3"));
    }
    if (after == 2) {
      EXPECT_EQ(State("j3"), "CANCELLED");
    }
  });
  for (int i = 0; i < 5; ++i) SubmitJob(absl::StrCat("j", i), 30);
  RunAll();
  EXPECT_EQ(State("j3"), "CANCELLED");
  for (int i : {0, 1, 2, 4}) ExpectResult(absl::StrCat("j", i), 30);
}

TEST_F(UrgentTest, AJobThatStandsByCanBeCancelledAndPaused) {
  jobs_per_device_ = 1;
  for (const char* ending : {"CANCELLED", "PAUSED"}) {
    Start();
    const std::string low = absl::StrCat("low-", ending);
    const std::string high = absl::StrCat("high-", ending);
    EachStep(absl::Milliseconds(10), [&](const FakeEngine::Stepped& stepped) {
      if (stepped.model == low && stepped.step == 5) SubmitJob(high, 50, 1);
      if (stepped.model == high && stepped.step == 10) {
        ASSERT_OK(ending == std::string("PAUSED")
                      ? store_->Pause("jobs/" + low)
                      : store_->Cancel("jobs/" + low));
      }
      if (stepped.model == high && stepped.step == 12) {
        EXPECT_EQ(State(low), ending);
      }
    });
    SubmitJob(low, 100);
    RunAll();
    EXPECT_EQ(State(low), ending);
    ExpectResult(high, 50);
  }
}

TEST_F(UrgentTest, ADrainHandsBackWhatStandsBy) {
  jobs_per_device_ = 1;
  Start();
  EachStep(absl::Milliseconds(10), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.model == "low" && stepped.step == 5) SubmitJob("high", 50, 1);
    if (stepped.model == "high" && stepped.step == 10) {
      EXPECT_FALSE(scheduler_->Drain(absl::ZeroDuration()).ok());
    }
  });
  SubmitJob("low", 100);
  RunAll();
  EXPECT_OK(scheduler_->Drain(absl::ZeroDuration()));
  for (const char* name : {"low", "high"}) {
    EXPECT_EQ(State(name), "QUEUED");
    EXPECT_GE(Get(name).checkpoint_step(), 5);
  }
  engine_.OnEachStep([](const FakeEngine::Stepped&) {});
  Start();
  RunAll();
  ExpectResult("low", 100);
  ExpectResult("high", 50);
}

TEST_F(UrgentTest, ASuspectWaitsForThoseThatStandByAndRunsAlone) {
  Start(/*devices=*/0);
  SubmitJob("suspect", 20, /*priority=*/5);
  for (int i = 0; i < 2; ++i) {  // two servers died with it
    ASSERT_OK(sqlite_->Claim("jobs/suspect", "devices/cpu-0"));
    ASSERT_OK(sqlite_->RecoverOrphans(9));
  }
  jobs_per_device_ = 1;
  Start();
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.model == "low" && stepped.step == 5) SubmitJob("high", 20, 1);
    if (stepped.model == "suspect" && stepped.step == 5) SubmitJob("last", 20);
    if (stepped.model == "suspect") {
      EXPECT_THAT(scheduler_->Devices()[0].current_jobs(), SizeIs(1));
    }
  });
  SubmitJob("low", 20);
  RunAll();
  std::vector<std::string> order;
  for (const FakeEngine::Begun& run : engine_.runs())
    order.push_back(run.model);
  EXPECT_THAT(order, ElementsAre("low", "high", "suspect", "last"));
  for (const std::string& name : order) ExpectResult(name, 20);
}

// --- Memory ---

TEST_F(SharingTest, JobsThatExceedTheMemoryTogetherAllSucceed) {
  constexpr int kJobs = 20;
  memory_bytes_ = 1000;
  lanes_ = 2;
  Start();
  size_t most = 0;
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped&) {
    most = std::max<size_t>(most, scheduler_->Devices()[0].current_jobs_size());
  });
  for (int i = 0; i < kJobs; ++i) {
    const JobMemory memory = {.held = 50 + 20 * i, .step = 10 * i};
    engine_.SetMemory(absl::StrCat("j", i), memory, memory);
    SubmitJob(absl::StrCat("j", i), 20, i % 3);
  }
  RunAll();
  for (int i = 0; i < kJobs; ++i) ExpectResult(absl::StrCat("j", i), 20);
  EXPECT_LE(engine_.most_bytes(), 850);
  EXPECT_GE(most, 3u);
}

TEST_F(SharingTest, AJobLargerThanTheMemoryRunsAlone) {
  memory_bytes_ = 1000;
  Start();
  engine_.SetMemory("large", {.held = 5000}, {.held = 5000});
  engine_.SetMemory("small", {.held = 1}, {.held = 1});
  SubmitJob("small", 10);
  SubmitJob("large", 10);
  EachStep(absl::Milliseconds(60));
  RunAll();
  ExpectResult("small", 10);
  ExpectResult("large", 10);
  EXPECT_EQ(engine_.most_bytes(), 5000);
}

TEST_F(SharingTest, WhoTurnsOutToTakeTooMuchIsHandedBackAndSucceedsLater) {
  memory_bytes_ = 1000;
  Start();
  for (const char* name : {"a", "b", "c"})
    engine_.SetMemory(name, {.held = 1}, {.held = 400});
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    // The next are expected to take what this one took.
    engine_.SetMemory(stepped.model, {.held = 400}, {.held = 400});
  });
  for (const char* name : {"a", "b", "c"}) SubmitJob(name, 10);
  RunAll();
  for (const char* name : {"a", "b", "c"}) ExpectResult(name, 10);
  EXPECT_EQ(Get("a").attempt(), 1);
  EXPECT_EQ(Get("b").attempt(), 1);
  EXPECT_EQ(Get("c").attempt(), 2);
}

TEST_F(SharingTest, SmallJobsGoBeforeALargeOneForAWhileOnly) {
  constexpr int kSmall = 40;
  memory_bytes_ = 1000;
  Start();
  engine_.SetMemory("large", {.held = 700}, {.held = 700});
  int submitted = 0;
  const auto submit_small = [&] {
    const std::string name = absl::StrCat("small", submitted++);
    engine_.SetMemory(name, {.held = 300}, {.held = 300});
    SubmitJob(name, 10);
  };
  // One of them waits at any time, and two run.
  EachStep(absl::Seconds(1), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.step == 1 && submitted < kSmall) submit_small();
  });
  submit_small();
  submit_small();
  SubmitJob("large", 10);
  RunAll();
  ExpectResult("large", 10);
  size_t before = 0;
  while (engine_.runs()[before].model != "large") ++before;
  EXPECT_THAT(before, testing::AllOf(Ge(3u), Le(12u)));
}

// --- The store ---

TEST_F(SharingTest, OthersRunWhileAnEndWaitsForTheStore) {
  bool full = true;
  store_->hook = [&](const std::string& call) {
    return full && call == "Finish" ? absl::ResourceExhaustedError("full")
                                    : absl::OkStatus();
  };
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.model == "long" && stepped.step == 60) full = false;
  });
  SubmitJob("short", 3);
  SubmitJob("long", 100);
  RunAll();
  EXPECT_EQ(State("short"), "RUNNING");
  ExpectResult("long", 100);
  executor_->Advance(absl::Seconds(1));
  RunAll();
  ExpectResult("short", 3);
  EXPECT_THAT(engine_.runs(), SizeIs(2));
}

TEST_F(SharingTest, ManyEndsWaitEachByItselfAndNoneIsLost) {
  store_->hook = [](const std::string& call) {
    return call == "Finish" ? absl::UnavailableError("away") : absl::OkStatus();
  };
  for (int i = 0; i < 6; ++i) SubmitJob(absl::StrCat("j", i), 3 + i);
  RunAll();
  EXPECT_THAT(scheduler_->Devices()[0].current_jobs(), SizeIs(6));
  store_->hook = nullptr;
  executor_->Advance(absl::Seconds(1));
  RunAll();
  for (int i = 0; i < 6; ++i) ExpectResult(absl::StrCat("j", i), 3 + i);
  EXPECT_THAT(engine_.runs(), SizeIs(6));
}

// --- Several devices ---

TEST_F(SharingTest, DevicesShareTheJobsEvenly) {
  Start(/*devices=*/2);
  for (int i = 0; i < 8; ++i) SubmitJob(absl::StrCat("j", i), 10);
  RunAll();
  std::map<std::string, int> runs;
  for (const FakeEngine::Begun& run : engine_.runs()) ++runs[run.device];
  EXPECT_EQ(runs["cpu:0"], 4);
  EXPECT_EQ(runs["cpu:1"], 4);
}

TEST_F(SharingTest, ACpuBesideGpusTakesWhatFindsNoPlaceOnThem) {
  gpus_ = 1;
  jobs_per_device_ = 3;
  Start(/*devices=*/2);
  std::map<std::string, int> threads;
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    threads[stepped.model] = stepped.threads;
    if (stepped.model != "j0") return;
    if (stepped.step == 3) SubmitJob("j3", 10);
    if (stepped.step != 5) return;
    RunAll();  // the GPU has looked and has no place: the lanes of the CPU
    ExpectResult("j3", 10);
  });
  for (int i = 0; i < 3; ++i) SubmitJob(absl::StrCat("j", i), 200);
  RunAll();
  std::map<std::string, std::string> places;
  for (const FakeEngine::Begun& run : engine_.runs())
    places[run.model] = run.device;
  EXPECT_EQ(places["j0"], "cuda:1");
  EXPECT_EQ(places["j1"], "cuda:1");
  EXPECT_EQ(places["j2"], "cuda:1");
  EXPECT_EQ(places["j3"], "cpu:0");
  EXPECT_EQ(threads["j0"], 0);  // a GPU has none to share out
  EXPECT_EQ(threads["j3"], 1);
}

TEST_F(SharingTest, AJobThatFindsNoRoomOnADeviceGoesToAnother) {
  jobs_per_device_ = 1;
  Start(/*devices=*/2);
  SubmitJob("a", 100);
  SubmitJob("b", 10);
  EachStep(absl::Milliseconds(60), [&](const FakeEngine::Stepped& stepped) {
    if (stepped.model != "a" || stepped.step != 50) return;
    RunAll();  // the lanes of the other device
    ExpectResult("b", 10);
  });
  RunAll();
  ExpectResult("a", 100);
  EXPECT_EQ(engine_.runs()[1].device, "cpu:1");
}

}  // namespace
}  // namespace phosphene
