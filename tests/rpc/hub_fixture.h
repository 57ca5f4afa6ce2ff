#pragma once

#include <prometheus/registry.h>

#include <atomic>
#include <memory>
#include <string>

#include "server/metrics/call_metrics.h"
#include "server/rpc/authorize.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/job_service.h"
#include "tests/rpc/service_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"

namespace phosphene {

// Runs tasks on threads of its own, delayed ones when the test lets time pass.
class StepExecutor : public Executor {
 public:
  void Execute(std::function<void()> task) override {
    pool_->Execute(std::move(task));
  }
  void ExecuteAfter(absl::Duration delay, std::function<void()> task) override {
    delayed_.ExecuteAfter(delay, [this, task = std::move(task)]() mutable {
      pool_->Execute(std::move(task));
    });
  }
  void Advance(absl::Duration by) {
    delayed_.Advance(by);
    delayed_.RunAll();
  }

 private:
  ManualExecutor delayed_;
  const std::unique_ptr<Executor> pool_ = MakeThreadPool(2);
};

// The job service alone, on a TCP port of loopback, with the hub at hand: the
// test is the run of "jobs/still", and time passes when it says so.
class HubFixture : public testing::Test {
 protected:
  HubFixture();
  ~HubFixture() override;

  void Pass(absl::Duration time) {
    clock_.Advance(time);
    executor_.Advance(time);
  }
  // The job is claimed, and from then on may report.
  void Running();
  void Ends();
  void Frame(int64_t step, size_t bytes = 10);
  void Progress(int64_t step);
  // Messages the service has received and dealt with.
  int Received(const std::string& method);

  // A stub with a connection of its own, as in another process. Its windows do
  // not grow, so that what it does not read stays with the service.
  std::unique_ptr<v1::JobService::Stub> NewStub() const;

  TempDir dir_;
  prometheus::Registry registry_;
  CallMetrics metrics_{registry_};
  Authorizer authorizer_;
  std::atomic<bool> refusing_ = false;
  FakeClock clock_;
  StepExecutor executor_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  FrameHub hub_{{.crowd = {.per_job = 4, .per_peer = 2},
                 .clock = &clock_,
                 .alarm = &executor_}};
  int64_t last_sequence_ = 0;  // of the state published last
  std::unique_ptr<JobServiceImpl> service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::JobService::Stub> stub_;
  v1::WatchJobRequest request_;  // names the job
  grpc::ClientContext context_;
};

}  // namespace phosphene
