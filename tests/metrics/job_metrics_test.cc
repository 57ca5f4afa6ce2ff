#include "server/metrics/job_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "tests/metrics/metrics_text.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

v1::Job EndedJob(v1::Job::State state) {
  v1::Job job;
  job.set_state(state);
  job.set_attempt(2);
  job.mutable_run_duration()->set_seconds(7);
  return job;
}

TEST(JobMetrics, EndedJobsAreCountedByStateAndReason) {
  prometheus::Registry registry;
  JobMetrics metrics(registry);
  v1::Job failed = EndedJob(v1::Job::FAILED);
  failed.mutable_error()->set_code(
      static_cast<int>(absl::StatusCode::kResourceExhausted));
  metrics.Ended(failed);
  metrics.Ended(EndedJob(v1::Job::SUCCEEDED));
  const std::string text = TextOf(registry);
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(phosphene_jobs_finished_total{reason="RESOURCE_EXHAUSTED",state="FAILED"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(phosphene_jobs_finished_total{reason="",state="SUCCEEDED"} 1)"));
  EXPECT_THAT(
      text, HasSubstr(R"(phosphene_job_run_seconds_sum{state="SUCCEEDED"} 7)"));
  EXPECT_THAT(text, HasSubstr("phosphene_job_attempts_sum 4"));
}

TEST(JobMetrics, TheWaitCountsForTheFirstAttemptAlone) {
  prometheus::Registry registry;
  JobMetrics metrics(registry);
  v1::Job job;
  job.set_attempt(1);
  job.mutable_create_time()->set_seconds(100);
  job.mutable_start_time()->set_seconds(102);
  metrics.Started(job);
  job.set_attempt(2);
  metrics.Started(job);
  EXPECT_THAT(TextOf(registry),
              HasSubstr("phosphene_job_queue_seconds_sum 2\n"));
  EXPECT_THAT(TextOf(registry),
              HasSubstr("phosphene_job_queue_seconds_count 1\n"));
}

TEST(JobMetrics, PrioritiesHaveThreeClasses) {
  EXPECT_STREQ(PriorityClass(-100), "low");
  EXPECT_STREQ(PriorityClass(0), "normal");
  EXPECT_STREQ(PriorityClass(1), "high");
}

}  // namespace
}  // namespace phosphene
