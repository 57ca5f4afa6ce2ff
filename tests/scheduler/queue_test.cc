#include "server/scheduler/queue.h"

#include <map>
#include <utility>

#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::ElementsAre;

class QueueTest : public SchedulerFixture {
 protected:
  void SetUp() override { Start(/*devices=*/0); }
  // Name of the job claimed, or what happened.
  std::string Claim() {
    const auto claimed = ClaimNext(
        *store_, "devices/cpu-0",
        [this](const QueuedJob& job) -> absl::StatusOr<Answer> {
          const auto answer = answers_.find(job.name);
          return answer == answers_.end() ? Answer::kTake : answer->second;
        },
        [this](const QueuedJob& job) { expected_.push_back(job.name); });
    if (!claimed.ok()) return std::string(claimed.status().message());
    return claimed->has_value() ? (*claimed)->stored.job.name() : "none";
  }
  std::map<std::string, Answer> answers_;  // others: kTake
  std::vector<std::string> expected_;
};

TEST_F(QueueTest, JobsComeByPriorityThenAgeUntilNoneIsLeft) {
  Submit("a");
  Submit("b", 10, 5);
  Submit("c");
  EXPECT_EQ(Claim(), "jobs/b");
  EXPECT_EQ(Claim(), "jobs/a");
  EXPECT_EQ(Claim(), "jobs/c");
  EXPECT_EQ(Claim(), "none");
  EXPECT_THAT(expected_, ElementsAre("jobs/b", "jobs/a", "jobs/c"));
}

TEST_F(QueueTest, AJobThatIsTakenMeanwhileIsPassedOver) {
  Submit("a");
  Submit("b");
  bool once = false;
  store_->hook = [&](const std::string& call) {
    if (call == "Claim" && !std::exchange(once, true)) {
      EXPECT_OK(sqlite_->Cancel("jobs/a"));
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(Claim(), "jobs/b");
  EXPECT_THAT(expected_, ElementsAre("jobs/a", "jobs/b"));
}

TEST_F(QueueTest, AJobThatFindsNoRoomIsPassedOverAndStays) {
  Submit("large");
  Submit("small");
  answers_["jobs/large"] = Answer::kPass;
  EXPECT_EQ(Claim(), "jobs/small");
  EXPECT_EQ(Claim(), "none");
  EXPECT_EQ(State("large"), "QUEUED");
}

TEST_F(QueueTest, NobodyIsAskedAfterOneForWhomRoomIsMade) {
  Submit("urgent");
  Submit("small");
  answers_["jobs/urgent"] = Answer::kStop;
  EXPECT_EQ(Claim(), "none");
  EXPECT_THAT(expected_, testing::IsEmpty());
}

TEST_F(QueueTest, AStoreThatIsAwayIsTold) {
  Submit("a");
  store_->hook = [](const std::string& call) {
    return call == "Claim" ? absl::UnavailableError("away") : absl::OkStatus();
  };
  EXPECT_EQ(Claim(), "away");
}

}  // namespace
}  // namespace phosphene
