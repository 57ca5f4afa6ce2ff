#include "tests/scheduler/scheduler_fixture.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/stream/watch.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// Does at once what is due at once, and leaves the rest to another.
class AtOnce : public Executor {
 public:
  explicit AtOnce(Executor& later) : later_(later) {}
  void Execute(std::function<void()> task) override { task(); }
  void ExecuteAfter(absl::Duration delay, std::function<void()> task) override {
    later_.ExecuteAfter(delay, std::move(task));
  }

 private:
  Executor& later_;
};

}  // namespace

void SchedulerFixture::SetUp() { Start(); }

void SchedulerFixture::Start(int devices) {
  Close();
  executor_ = std::make_unique<ManualExecutor>();
  auto sqlite =
      OpenSqliteJobStore({.directory = directory_.path(), .clock = &clock_});
  ASSERT_OK(sqlite);
  sqlite_ = *std::move(sqlite);
  auto files = OpenBlobStore(
      "file", {.directory = directory_.path() + "/blobs", .clock = &clock_});
  ASSERT_OK(files);
  files_ = *std::move(files);
  store_ = std::make_unique<FaultyJobStore>(*sqlite_);
  blobs_ = std::make_unique<FaultyBlobStore>(*files_);
  hub_ = std::make_unique<FrameHub>(FrameHub::Options{.clock = &clock_});
  Scheduler::Options options;
  options.store = store_.get();
  options.blobs = blobs_.get();
  options.engine = &engine_;
  options.hub = hub_.get();
  options.clock = &clock_;
  for (int i = 0; i < devices; ++i) {
    EngineDevice device = engine_.Devices()[0];
    const bool gpu = i >= devices - gpus_;
    device.name = absl::StrCat(gpu ? "cuda:" : "cpu:", i);
    device.kind = gpu ? v1::Device::CUDA : v1::Device::CPU;
    device.memory_bytes = memory_bytes_;
    options.devices.push_back(device);
  }
  options.server_bytes = 0;
  options.threads = threads_;
  options.lanes = lanes_;
  options.jobs_per_device = jobs_per_device_;
  options.on_no_device = [this] { ++no_device_; };
  options.make_executor = [this](const EngineDevice&, int) {
    return ForwardTo(executor_.get());
  };
  options.make_helper = [this](const EngineDevice&) {
    return std::make_unique<AtOnce>(*executor_);
  };
  scheduler_ = std::make_unique<Scheduler>(std::move(options));
  ASSERT_OK(scheduler_->Start());
}

void SchedulerFixture::Close() {
  scheduler_.reset();
  hub_.reset();
  store_.reset();
  sqlite_.reset();
  executor_.reset();
}

void SchedulerFixture::Crash() {
  // The dead write no more.
  store_->hook = [](const std::string&) {
    return absl::UnavailableError("dead");
  };
  Close();
}

void SchedulerFixture::Submit(const std::string& name, const v1::JobSpec& spec,
                              int priority) {
  NewJob request;
  request.job.set_name("jobs/" + name);
  *request.job.mutable_spec() = spec;
  request.job.set_priority(priority);
  request.job.set_total_steps(Engine::TotalSteps(spec));
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK(store_->Create(request));
}

void SchedulerFixture::Submit(const std::string& name, int steps,
                              int priority) {
  Submit(name, FakeSpec(steps), priority);
}

v1::Job SchedulerFixture::Get(const std::string& name) {
  const auto stored = sqlite_->Get("jobs/" + name);
  EXPECT_OK(stored);
  return stored.ok() ? stored->job : v1::Job();
}

std::string SchedulerFixture::State(const std::string& name) {
  return v1::Job::State_Name(Get(name).state());
}

std::string SchedulerFixture::Artifact(const std::string& name) {
  const v1::Job job = Get(name);
  EXPECT_EQ(job.artifacts_size(), 1);
  if (job.artifacts_size() != 1) return "";
  const auto bytes = files_->Get(job.artifacts(0).blob());
  EXPECT_OK(bytes);
  return bytes.ok() ? *bytes : "";
}

std::vector<std::string> SchedulerFixture::Watch(const std::string& name,
                                                 int64_t* last,
                                                 bool omit_frames) {
  v1::WatchJobRequest request;
  request.set_name("jobs/" + name);
  request.set_omit_frames(omit_frames);
  if (last != nullptr) request.set_after_sequence(*last);
  auto watch = OpenWatch(*sqlite_, *files_, *hub_, request);
  EXPECT_OK(watch);
  std::vector<std::string> words;
  while (watch.ok()) {
    const Subscription::Taken taken = (*watch)->Next([] {});
    if (taken.kind == Subscription::Taken::Kind::kPending) break;
    if (taken.kind == Subscription::Taken::Kind::kEnded) {
      words.push_back(taken.status.ok() ? "end"
                                        : std::string(taken.status.message()));
      break;
    }
    const v1::JobEvent event = taken.delivery.ToProto();
    if (last != nullptr) *last = event.sequence();
    words.push_back(
        event.has_frame()      ? absl::StrCat("frame ", event.frame().step())
        : event.has_progress() ? absl::StrCat("step ", event.progress().step())
                               : v1::Job::State_Name(event.job().state()));
  }
  return words;
}

}  // namespace phosphene
