// Many jobs of one GPU at once, and one after another. Figures go to the test's
// properties (--gtest_output=json:FILE).

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/cuda/engines.h"
#include "tests/cuda/gpu.h"
#include "tests/step/stepped.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

constexpr char kGpu[] = "cuda:0";

// Jobs of several sizes, transforms and parameterizations; seeds make them all
// different.
v1::JobSpec Mixed(int i) {
  static constexpr const char* kKinds[] = {
      "precision: FP32 transforms { preset { name: STANDARD } }",
      "precision: FP32 parameterization { rows: 2 pixel {} }",
      "precision: BF16 transforms { preset { name: STANDARD } }",
      "precision: FP32 transforms { per_row: true flip {} } transforms { blur "
      "{} } parameterization { rows: 3 pixel {} }",
      // Not recorded: its learning rate comes from the host.
      "precision: FP32 optimizer { sgd {} }"};
  v1::JobSpec spec = LongSpec(kKinds[i % 5]);
  spec.set_seed(static_cast<uint64_t>(i));
  return spec;
}

struct Job {
  RecordingSink sink;
  std::unique_ptr<JobSession> session;
  std::string bytes;  // of its picture
};

// Steps all jobs to their ends on `lanes` threads, each job ever elsewhere: a
// thread takes every lanes-th of the jobs, another set at every step.
void StepTogether(std::vector<Job>& jobs, int lanes, int64_t steps) {
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < lanes; ++lane) {
      threads.emplace_back([&jobs, lane, lanes, step] {
        const size_t from = static_cast<size_t>((lane + step) % lanes);
        for (size_t i = from; i < jobs.size(); i += static_cast<size_t>(lanes))
          EXPECT_OK(jobs[i].session->Step(0).status());
      });
    }
  }
  for (Job& job : jobs) {
    ASSERT_OK_AND_ASSIGN(const RunResult result, job.session->Finish(0));
    EXPECT_TRUE(result.finished);
    job.bytes = result.artifacts[0].bytes;
    job.session.reset();
  }
}

TEST(GpuLanesTest, ThirtyTwoJobsInEightLanesMakeWhatEachMakesAlone) {
  NEEDS_GPU();
  constexpr int kJobs = 32, kLanes = 8;
  Engines engines;
  std::vector<std::string> alone;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kJobs; ++i) {
    RecordingSink sink;
    ASSERT_OK_AND_ASSIGN(const RunResult result,
                         engines.Run(Mixed(i), kGpu, sink));
    alone.push_back(result.artifacts[0].bytes);
  }
  const auto middle = std::chrono::steady_clock::now();
  std::vector<Job> jobs(kJobs);
  for (int i = 0; i < kJobs; ++i) {
    Job& job = jobs[static_cast<size_t>(i)];
    ASSERT_OK_AND_ASSIGN(job.session, engines.Open(Mixed(i), kGpu, job.sink));
  }
  const int64_t steps = Mixed(0).steps();
  StepTogether(jobs, kLanes, steps);
  const auto end = std::chrono::steady_clock::now();
  for (size_t i = 0; i < jobs.size(); ++i)
    EXPECT_EQ(jobs[i].bytes, alone[i]) << "job " << i;
  const auto rate = [&](auto span) {
    return static_cast<int>(static_cast<double>(kJobs * steps) /
                            std::chrono::duration<double>(span).count());
  };
  RecordProperty("job_steps_per_second_alone", rate(middle - begin));
  RecordProperty("job_steps_per_second_in_lanes", rate(end - middle));
}

TEST(GpuLanesTest, FiftyMixedJobsLeaveNoMemoryBehind) {
  NEEDS_GPU();
  Engines engines;
  std::vector<int64_t> reserved;
  for (int i = 0; i < 50; ++i) {
    RecordingSink sink;
    ASSERT_OK(engines.Run(Mixed(i), kGpu, sink).status());
    reserved.push_back(CudaMemoryInUse(0));
  }
  // All kinds have run twice by then.
  const int64_t early =
      *std::max_element(reserved.begin() + 5, reserved.begin() + 15);
  const int64_t late = *std::max_element(reserved.end() - 10, reserved.end());
  RecordProperty("reserved_mib_after_15_jobs", static_cast<int>(early >> 20));
  RecordProperty("reserved_mib_after_50_jobs", static_cast<int>(late >> 20));
  EXPECT_LE(late, early);
}

}  // namespace
}  // namespace phosphene
