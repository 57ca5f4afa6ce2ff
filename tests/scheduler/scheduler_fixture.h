#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/jobs/job_store.h"
#include "server/scheduler/scheduler.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"
#include "tests/scheduler/faulty_stores.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"
#include "tests/support/manual_executor.h"
#include "tests/support/temp_dir.h"

namespace phosphene {

// A server's inside without threads: SQLite, blobs in files, the fake engine,
// and devices whose lanes run when the test says so, one after the other on its
// thread; frames are encoded at once. Names are without "jobs/".
//   Submit("a", 10); RunAll(); EXPECT_EQ(State("a"), "SUCCEEDED");
class SchedulerFixture : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override { Close(); }

  // Starts a server over the folder with so many devices, and the options
  // below.
  void Start(int devices = 1);
  // Ends it as a crash does: nothing is told, nothing handed back.
  void Crash();
  void Close();

  // Submits a job of the fake engine.
  void Submit(const std::string& name, int steps = 10, int priority = 0);
  void Submit(const std::string& name, const v1::JobSpec& spec,
              int priority = 0);
  void RunAll() { executor_->RunAll(); }
  v1::Job Get(const std::string& name);
  std::string State(const std::string& name);
  // Content of the job's only artifact.
  std::string Artifact(const std::string& name);
  // Everything a watch of the job gives now, in words: "RUNNING", "step 3",
  // "frame 16", "end". `last` is its last sequence, in and out.
  std::vector<std::string> Watch(const std::string& name,
                                 int64_t* last = nullptr,
                                 bool omit_frames = false);

  int lanes_ = 1;
  int threads_ = 1;
  int jobs_per_device_ = 64;
  int gpus_ = 0;              // so many of the devices, the last
  int64_t memory_bytes_ = 0;  // of a device; 0: nothing is said of it

  int no_device_ = 0;  // times the scheduler said that none is left
  TempDir directory_;
  FakeClock clock_;
  FakeEngine engine_;
  std::unique_ptr<JobStore> sqlite_;
  std::unique_ptr<BlobStore> files_;
  std::unique_ptr<FaultyJobStore> store_;
  std::unique_ptr<FaultyBlobStore> blobs_;
  std::unique_ptr<FrameHub> hub_;
  std::unique_ptr<ManualExecutor> executor_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace phosphene
