#include "server/metrics/state_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/jobs/sqlite_job_store.h"
#include "tests/metrics/metrics_text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

TEST(StateCollector, TellsTheQueueTheDevicesAndTheBuild) {
  TempDir dir;
  FakeClock clock;
  ASSERT_OK_AND_ASSIGN(
      const auto store,
      OpenSqliteJobStore({.directory = dir.path(), .clock = &clock}));
  FrameHub hub;
  NewJob made;
  *made.job.mutable_spec() = FakeSpec(2);
  for (int priority : {0, -1}) {
    made.job.set_priority(priority);
    ASSERT_OK(store->Create(made));
  }
  clock.Advance(absl::Seconds(30));
  v1::Device device;
  device.set_name("devices/cpu-0");
  device.set_memory_bytes(1024);
  device.set_memory_used_bytes(512);
  for (const char* job : {"jobs/a", "jobs/b"}) device.add_current_jobs(job);
  const StateCollector collector(
      {.store = store.get(),
       .hub = &hub,
       .clock = &clock,
       .devices = [&] { return std::vector<v1::Device>{device}; },
       .version = "1.2.3"});
  const std::string text = TextOf(collector);
  EXPECT_THAT(text, HasSubstr("phosphene_jobs{state=\"QUEUED\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_jobs{state=\"FAILED\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_queue_depth{priority=\"low\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_queue_depth{priority=\"high\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_queue_oldest_age_seconds 30\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "phosphene_device_memory_bytes{device=\"devices/cpu-0\"} 1024\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_device_memory_used_bytes{device="
                              "\"devices/cpu-0\"} 512\n"));
  EXPECT_THAT(text,
              HasSubstr("phosphene_device_busy{device=\"devices/cpu-0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_watchers 0\n"));
  EXPECT_THAT(
      text,
      HasSubstr("phosphene_frames_dropped_total{reason=\"slow_reader\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("phosphene_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

}  // namespace
}  // namespace phosphene
