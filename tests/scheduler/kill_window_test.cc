// A process that dies in the middle: whatever the moment, the job is there
// after a restart, runs to its end, and its result is that of a run nobody
// disturbed. The process is a forked child, killed for real.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

class KillWindowTest : public SchedulerFixture {
 protected:
  void SetUp() override {
    spec_ = FakeSpec(100);
    spec_.set_checkpoint_every(20);
  }

  // Runs `life` in a child over the folder, which must end in its death.
  void KilledIn(const std::function<void()>& life) {
    const pid_t child = fork();
    if (child == 0) {
      Start();
      life();
      _exit(3);  // it should have died
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
  static void Die() { kill(getpid(), SIGKILL); }

  // Dies when the device makes a call, before or after it.
  void DieBefore(const std::string& deadly, int times = 1) {
    store_->hook = [=, calls = 0](const std::string& call) mutable {
      if (call == deadly && ++calls == times) Die();
      return absl::OkStatus();
    };
  }
  void DieAfter(const std::string& deadly, int times = 1) {
    store_->after = [=, calls = 0](const std::string& call) mutable {
      if (call == deadly && ++calls == times) Die();
    };
  }

  void ExpectSuccessAfterRestart(int64_t resumed_from) {
    Start();
    RunAll();
    EXPECT_EQ(State("a"), "SUCCEEDED");
    EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(spec_));
    ASSERT_EQ(engine_.runs().size(), 1u);
    EXPECT_EQ(engine_.runs()[0].first_step, resumed_from);
  }

  v1::JobSpec spec_;
};

TEST_F(KillWindowTest, RightAfterCreate) {
  KilledIn([&] {
    Submit("a", spec_);
    Die();
  });
  ExpectSuccessAfterRestart(0);
  EXPECT_EQ(Get("a").attempt(), 1);
}

TEST_F(KillWindowTest, RightAfterTheClaim) {
  KilledIn([&] {
    Submit("a", spec_);
    DieAfter("Claim");
    RunAll();
  });
  ExpectSuccessAfterRestart(0);
  EXPECT_EQ(Get("a").attempt(), 2);
}

TEST_F(KillWindowTest, AfterTheBlobOfACheckpointBeforeItsCommit) {
  KilledIn([&] {
    Submit("a", spec_);
    DieBefore("SaveCheckpoint", 3);
    RunAll();
  });
  ExpectSuccessAfterRestart(40);
}

TEST_F(KillWindowTest, AfterTheCommitOfACheckpoint) {
  KilledIn([&] {
    Submit("a", spec_);
    DieAfter("SaveCheckpoint", 3);
    RunAll();
  });
  ExpectSuccessAfterRestart(60);
}

TEST_F(KillWindowTest, AfterTheBlobsOfTheResultBeforeItsCommit) {
  KilledIn([&] {
    Submit("a", spec_);
    DieBefore("Finish");
    RunAll();
  });
  ExpectSuccessAfterRestart(100);
}

TEST_F(KillWindowTest, AfterTheCommitOfTheResult) {
  KilledIn([&] {
    Submit("a", spec_);
    DieAfter("Finish");
    RunAll();
  });
  Start();
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(spec_));
  EXPECT_TRUE(engine_.runs().empty());
}

TEST_F(KillWindowTest, WhileCancelling) {
  KilledIn([&] {
    Submit("a", spec_);
    engine_.OnStep(30, [&] {
      EXPECT_OK(store_->Cancel("jobs/a"));
      Die();
    });
    RunAll();
  });
  Start();
  EXPECT_EQ(State("a"), "CANCELLED");
}

TEST_F(KillWindowTest, WhileAPauseIsAwaited) {
  KilledIn([&] {
    Submit("a", spec_);
    engine_.OnStep(30, [&] {
      EXPECT_OK(store_->Pause("jobs/a"));
      Die();
    });
    RunAll();
  });
  Start();
  RunAll();
  EXPECT_EQ(State("a"), "PAUSED");
  ASSERT_OK(store_->Resume("jobs/a"));
  RunAll();
  EXPECT_EQ(Artifact("a"), FakeEngine::ResultOf(spec_));
}

// It is the first and the most urgent, and yet the others run before it has
// killed the server for the third time; then it is given up.
TEST_F(KillWindowTest, AJobThatKillsTheServerHoldsUpNobody) {
  jobs_per_device_ = 1;
  spec_.set_checkpoint_every(0);
  spec_.set_seed(1);
  for (int crash = 0; crash < 3; ++crash) {
    KilledIn([&] {
      if (crash == 0) {
        Submit("bad", spec_, /*priority=*/9);
        Submit("old", 10);
      }
      if (crash == 2) Submit("new", 10);
      engine_.OnStep(30, Die);
      RunAll();
    });
  }
  Start();
  EXPECT_EQ(State("old"), "SUCCEEDED");
  EXPECT_EQ(State("new"), "SUCCEEDED");
  EXPECT_EQ(State("bad"), "FAILED");
  EXPECT_THAT(Get("bad").error().message(), testing::HasSubstr("3 times"));
}

// All of them die with it twice; then each runs alone, so that the third death
// is its own.
TEST_F(KillWindowTest, CompanyIsNotTakenForTheJobThatKillsTheServer) {
  constexpr int kCompany = 5;
  spec_.set_checkpoint_every(0);
  spec_.set_model("killer");
  for (int crash = 0; crash < 3; ++crash) {
    KilledIn([&] {
      engine_.OnEachStep([&](const FakeEngine::Stepped& stepped) {
        // The steps of the killer take as long as those of its company.
        clock_.Advance(absl::Milliseconds(60));
        if (stepped.model == "killer" && stepped.step == 30) Die();
      });
      if (crash == 0) {
        Submit("bad", spec_);
        for (int i = 0; i < kCompany; ++i) Submit(absl::StrCat("good", i), 50);
      }
      RunAll();
    });
  }
  Start();
  RunAll();
  EXPECT_EQ(State("bad"), "FAILED");
  for (int i = 0; i < kCompany; ++i)
    EXPECT_EQ(State(absl::StrCat("good", i)), "SUCCEEDED");
}

// The worker that lost its job goes on for a while: nothing of it counts.
TEST_F(KillWindowTest, AStaleAttemptIsFencedFromEveryWrite) {
  Start();
  spec_.mutable_frames()->set_every(10);
  spec_.mutable_frames()->set_keep_every(1);
  Submit("a", spec_);
  engine_.OnStep(15, [&] {
    if (engine_.runs().size() > 1) return;
    // Another worker takes over and ends the job while this one still runs.
    ASSERT_OK(sqlite_->RecoverOrphans(3));
    const StoredJob again = sqlite_->Claim("jobs/a", "devices/other").value();
    RunOutcome outcome;
    outcome.step = 100;
    v1::Artifact& artifact = outcome.artifacts.emplace_back();
    artifact.set_name("theirs");
    artifact.set_blob(files_->Put("theirs").value().name);
    ASSERT_OK(sqlite_->Finish("jobs/a", again.job.attempt(), v1::Job::RUNNING,
                              outcome));
  });
  RunAll();
  EXPECT_EQ(State("a"), "SUCCEEDED");
  EXPECT_EQ(Artifact("a"), "theirs");
  EXPECT_EQ(Get("a").checkpoint(), "");
  EXPECT_EQ(sqlite_->ListFrames("jobs/a", 100, "")->frames.size(),
            1u);  // step 10
}

}  // namespace
}  // namespace phosphene
