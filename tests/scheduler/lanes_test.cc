// Schedulers with threads of their own: steps side by side.

#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/scheduler/scheduler.h"
#include "server/stream/watch.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// A store, a hub and a fake engine; the scheduler is the test's.
class LanesTest : public testing::Test {
 protected:
  Scheduler::Options Options(int lanes, int threads = 0) {
    Scheduler::Options options;
    options.store = store_.get();
    options.blobs = blobs_.get();
    options.engine = &engine_;
    options.hub = &hub_;
    options.devices = engine_.Devices();
    options.lanes = lanes;
    options.threads = threads;
    return options;
  }
  void Submit(const std::string& name, const v1::JobSpec& spec,
              int priority = 0) {
    NewJob request;
    request.job.set_name("jobs/" + name);
    *request.job.mutable_spec() = spec;
    request.job.set_priority(priority);
    ASSERT_OK(store_->Create(request));
  }
  v1::Job Get(const std::string& name) {
    return store_->Get("jobs/" + name).value().job;
  }
  // Waits until so many jobs are in that state.
  void Await(v1::Job::State state, int64_t count) {
    while (store_->Count()->by_state[state] < count) std::this_thread::yield();
  }

  const TempDir directory_;
  const std::unique_ptr<JobStore> store_ =
      OpenSqliteJobStore({.directory = directory_.path()}).value();
  const std::unique_ptr<BlobStore> blobs_ = OpenBlobStore("memory", {}).value();
  FakeEngine engine_;
  FrameHub hub_;
};

TEST_F(LanesTest, JobsBesideEachOtherGiveWhatEachGivesAlone) {
  constexpr int kJobs = 32;
  for (const int lanes : {2, 3}) {
    Scheduler scheduler(Options(lanes));
    ASSERT_OK(scheduler.Start());
    const auto spec = [&](int i) {
      v1::JobSpec made = FakeSpec(20 + 7 * i, 100 * lanes + i);
      made.set_checkpoint_every(25);
      return made;
    };
    for (int i = 0; i < kJobs; ++i)
      Submit(absl::StrCat("l", lanes, "-", i), spec(i), i % 3);
    Await(v1::Job::SUCCEEDED, kJobs * (lanes - 1));
    for (int i = 0; i < kJobs; ++i) {
      const v1::Job job = Get(absl::StrCat("l", lanes, "-", i));
      ASSERT_EQ(job.artifacts_size(), 1);
      EXPECT_THAT(blobs_->Get(job.artifacts(0).blob()),
                  IsOkAndHolds(FakeEngine::ResultOf(spec(i))));
    }
    EXPECT_OK(scheduler.Drain(absl::Seconds(60)));
  }
}

// Each waits in its step until the other is in its own.
TEST_F(LanesTest, StepsOfTwoJobsRunAtTheSameTime) {
  Mutex mu;
  CondVar changed;
  int met = 0;
  engine_.OnStep(3, [&] {
    MutexLock lock(&mu);
    ++met;
    changed.SignalAll();
    while (met < 2) changed.Wait(&mu);
  });
  Scheduler scheduler(Options(2));
  ASSERT_OK(scheduler.Start());
  for (const char* name : {"a", "b"}) Submit(name, FakeSpec(5));
  Await(v1::Job::SUCCEEDED, 2);
  EXPECT_OK(scheduler.Drain(absl::Seconds(60)));
}

TEST_F(LanesTest, NoMoreStepsRunThanThereAreLanes) {
  constexpr int kLanes = 3;
  std::atomic<int> now = 0, most = 0;
  engine_.OnEachStep([&](const FakeEngine::Stepped&) {
    const int steps = ++now;
    for (int seen = most; steps > seen;) {
      if (most.compare_exchange_weak(seen, steps)) break;
    }
    std::this_thread::yield();
    --now;
  });
  Scheduler scheduler(Options(kLanes));
  ASSERT_OK(scheduler.Start());
  for (int i = 0; i < 12; ++i) Submit(absl::StrCat("j", i), FakeSpec(200, i));
  Await(v1::Job::SUCCEEDED, 12);
  EXPECT_LE(most, kLanes);
  EXPECT_OK(scheduler.Drain(absl::Seconds(60)));
}

// Steering from outside while jobs take turns: nothing is lost, and what goes
// on gives what it gives undisturbed.
TEST_F(LanesTest, CancelPauseAndResumeReachJobsThatTakeTurns) {
  constexpr int kJobs = 12;
  Scheduler scheduler(Options(2));
  ASSERT_OK(scheduler.Start());
  const auto name = [](int i) { return absl::StrCat("j", i); };
  for (int i = 0; i < kJobs; ++i)
    Submit(name(i), FakeSpec(i % 3 == 0 ? 10'000'000 : 20'000, i));
  for (int i = 1; i < kJobs; i += 3) {
    if (store_->Pause("jobs/" + name(i)).ok()) {
      EXPECT_OK(store_->Resume("jobs/" + name(i)));
    }
  }
  for (int i = 0; i < kJobs; i += 3)
    EXPECT_OK(store_->Cancel("jobs/" + name(i)));
  Await(v1::Job::SUCCEEDED, kJobs - kJobs / 3);
  Await(v1::Job::CANCELLED, kJobs / 3);
  for (int i = 0; i < kJobs; ++i) {
    if (i % 3 == 0) continue;
    EXPECT_THAT(blobs_->Get(Get(name(i)).artifacts(0).blob()),
                IsOkAndHolds(FakeEngine::ResultOf(FakeSpec(20'000, i))));
  }
  EXPECT_OK(scheduler.Drain(absl::Seconds(60)));
}

TEST(SchedulerThreadsTest, JobsOnSeveralDevicesAreSteeredFromOutside) {
  constexpr int kJobs = 24;
  const TempDir directory;
  const auto store =
      OpenSqliteJobStore({.directory = directory.path()}).value();
  const auto blobs = OpenBlobStore("memory", {}).value();
  FakeEngine engine;
  FrameHub hub;
  Scheduler::Options options;
  options.store = store.get();
  options.blobs = blobs.get();
  options.engine = &engine;
  options.hub = &hub;
  for (int i = 0; i < 3; ++i) {
    options.devices.push_back(engine.Devices()[0]);
    options.devices.back().name = absl::StrCat("cpu:", i);
  }
  Scheduler scheduler(options);
  ASSERT_OK(scheduler.Start());

  // A watcher a job, which waits for its end.
  Mutex mu;
  CondVar changed;
  int ended = 0;
  std::vector<std::thread> watchers;
  for (int i = 0; i < kJobs; ++i) {
    NewJob request;
    request.job.set_name(absl::StrCat("jobs/j", i));
    *request.job.mutable_spec() = FakeSpec(i % 3 == 0 ? 100'000 : 50, i);
    ASSERT_OK(store->Create(request));
    watchers.emplace_back([&, name = request.job.name()] {
      v1::WatchJobRequest watch_request;
      watch_request.set_name(name);
      const auto watch = OpenWatch(*store, *blobs, hub, watch_request).value();
      bool ready = false;
      for (;;) {
        const Subscription::Taken taken = watch->Next([&] {
          MutexLock lock(&mu);
          ready = true;
          changed.SignalAll();
        });
        if (taken.kind == Subscription::Taken::Kind::kEnded) break;
        if (taken.kind == Subscription::Taken::Kind::kEvent) continue;
        MutexLock lock(&mu);
        while (!ready) changed.Wait(&mu);
        ready = false;
      }
      MutexLock lock(&mu);
      ++ended;
    });
  }
  for (int i = 0; i < kJobs; i += 3)
    EXPECT_OK(store->Cancel(absl::StrCat("jobs/j", i)));
  for (std::thread& watcher : watchers) watcher.join();
  EXPECT_EQ(ended, kJobs);
  for (int i = 0; i < kJobs; ++i) {
    const v1::Job job = store->Get(absl::StrCat("jobs/j", i)).value().job;
    if (i % 3 == 0) {
      EXPECT_EQ(job.state(), v1::Job::CANCELLED);
    } else {
      EXPECT_EQ(job.state(), v1::Job::SUCCEEDED);
      EXPECT_THAT(blobs->Get(job.artifacts(0).blob()),
                  IsOkAndHolds(FakeEngine::ResultOf(FakeSpec(50, i))));
    }
  }
  EXPECT_OK(scheduler.Drain(absl::Seconds(60)));
}

TEST(SchedulerThreadsTest, TheEndOfASchedulerWaitsForItsRun) {
  const TempDir directory;
  const auto store =
      OpenSqliteJobStore({.directory = directory.path()}).value();
  const auto blobs = OpenBlobStore("memory", {}).value();
  FakeEngine engine;
  FrameHub hub;
  Mutex mu;
  CondVar changed;
  bool running = false;
  engine.OnStep(3, [&] {
    MutexLock lock(&mu);
    running = true;
    changed.SignalAll();
  });
  {
    Scheduler::Options options;
    options.store = store.get();
    options.blobs = blobs.get();
    options.engine = &engine;
    options.hub = &hub;
    options.devices = engine.Devices();
    Scheduler scheduler(options);
    ASSERT_OK(scheduler.Start());
    NewJob request;
    request.job.set_name("jobs/a");
    *request.job.mutable_spec() = FakeSpec(1'000'000);
    ASSERT_OK(store->Create(request));
    MutexLock lock(&mu);
    while (!running) changed.Wait(&mu);
  }
  const v1::Job job = store->Get("jobs/a").value().job;
  EXPECT_EQ(job.state(), v1::Job::QUEUED);
  EXPECT_GE(job.checkpoint_step(), 3);
}

}  // namespace
}  // namespace phosphene
