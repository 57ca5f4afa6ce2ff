#include "server/metrics/metered_job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "server/jobs/sqlite_job_store.h"
#include "tests/metrics/metrics_text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

class MeteredJobStoreTest : public testing::Test {
 protected:
  absl::StatusOr<CreatedJob> Create(const std::string& name, int priority = 0,
                                    const std::string& request_id = "") {
    NewJob made;
    made.job.set_name(name);
    *made.job.mutable_spec() = FakeSpec(2);
    made.job.set_priority(priority);
    made.request_id = request_id;
    return store_.Create(made);
  }
  std::string Text() { return TextOf(registry_); }

  TempDir dir_;
  FakeClock clock_;
  prometheus::Registry registry_;
  JobMetrics metrics_{registry_};
  MeteredJobStore store_{
      OpenSqliteJobStore(
          {.directory = dir_.path(), .max_queued_jobs = 2, .clock = &clock_})
          .value(),
      metrics_, clock_};
};

TEST_F(MeteredJobStoreTest, SubmittedAndRefusedJobsAreCounted) {
  ASSERT_OK(Create("jobs/a", 5, "7b5d2f8e-1a7f-4a1e-9b58-0d6f4f1f1c11"));
  ASSERT_OK(
      Create("jobs/a", 5,
             "7b5d2f8e-1a7f-4a1e-9b58-0d6f4f1f1c11"));  // the same one again
  ASSERT_OK(Create("jobs/b"));
  EXPECT_THAT(Create("jobs/c"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Text(),
              HasSubstr("phosphene_jobs_submitted_total{class=\"high\"} 1\n"));
  EXPECT_THAT(
      Text(),
      HasSubstr("phosphene_jobs_submitted_total{class=\"normal\"} 1\n"));
  EXPECT_THAT(Text(), HasSubstr("phosphene_admission_rejected_total{reason="));
  EXPECT_THAT(
      Text(),
      HasSubstr("phosphene_store_txn_seconds_count{op=\"create\"} 4\n"));
}

TEST_F(MeteredJobStoreTest, AnEndIsCountedOnceAndTheListenerIsTold) {
  int told = 0;
  store_.SetListener([&](const StoredJob&) { ++told; });
  ASSERT_OK(Create("jobs/a"));
  clock_.Advance(absl::Seconds(4));
  ASSERT_OK_AND_ASSIGN(const StoredJob claimed,
                       store_.Claim("jobs/a", "devices/cpu-0"));
  RunOutcome outcome;
  outcome.run_duration = absl::Seconds(3);
  ASSERT_OK(store_.Finish("jobs/a", claimed.job.attempt(), v1::Job::RUNNING,
                          outcome));
  store_.SetListener(nullptr);
  EXPECT_EQ(told, 3);
  EXPECT_THAT(
      Text(),
      HasSubstr(
          R"(phosphene_jobs_finished_total{reason="",state="SUCCEEDED"} 1)"));
  EXPECT_THAT(Text(), HasSubstr("phosphene_job_queue_seconds_sum 4\n"));
  EXPECT_THAT(
      Text(),
      HasSubstr("phosphene_job_run_seconds_sum{state=\"SUCCEEDED\"} 3\n"));
}

TEST_F(MeteredJobStoreTest, WritesOfAWorkerThatLostItsJobAreCounted) {
  ASSERT_OK(Create("jobs/a"));
  ASSERT_OK_AND_ASSIGN(const StoredJob claimed,
                       store_.Claim("jobs/a", "devices/cpu-0"));
  EXPECT_THAT(store_.SaveCheckpoint("jobs/a", claimed.job.attempt() + 1, {}),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Text(), HasSubstr("phosphene_lease_lost_total 1\n"));
}

}  // namespace
}  // namespace phosphene
