// An engine that counts the steps and times the runs of another.
#include "server/metrics/metered_engine.h"

#include <utility>

namespace phosphene {
namespace {

// Passes everything on; counts the steps between progress reports. Where a
// resumed run begins is known from its first report only.
class CountingSink : public RunSink {
 public:
  CountingSink(RunSink& base, JobMetrics& metrics, bool resumed)
      : base_(base), metrics_(metrics), last_(resumed ? -1 : 0) {}

  void OnProgress(const v1::Progress& progress) override {
    if (last_ >= 0 && progress.step() > last_)
      metrics_.Steps(progress.step() - last_);
    last_ = progress.step();
    base_.OnProgress(progress);
  }
  bool WantsFrame(bool keep) override { return base_.WantsFrame(keep); }
  void OnFrame(int64_t step, bool keep, Image8 image) override {
    base_.OnFrame(step, keep, std::move(image));
  }
  absl::Status OnCheckpoint(int64_t step, std::string bytes) override {
    return base_.OnCheckpoint(step, std::move(bytes));
  }

 private:
  RunSink& base_;
  JobMetrics& metrics_;
  int64_t last_;  // step of the last report, -1: none yet
};

// A session whose sink counts.
class MeteredSession : public JobSession {
 public:
  explicit MeteredSession(std::unique_ptr<CountingSink> sink)
      : sink_(std::move(sink)) {}
  RunSink& sink() { return *sink_; }
  void Wrap(std::unique_ptr<JobSession> base) { base_ = std::move(base); }

  absl::StatusOr<bool> Step(int threads) override {
    return base_->Step(threads);
  }
  absl::StatusOr<RunResult> Finish(int threads) override {
    return base_->Finish(threads);
  }
  int64_t step() const override { return base_->step(); }
  JobMemory memory() const override { return base_->memory(); }

 private:
  const std::unique_ptr<CountingSink> sink_;
  std::unique_ptr<JobSession> base_;  // ends before its sink
};

}  // namespace

MeteredEngine::MeteredEngine(std::unique_ptr<Engine> base, JobMetrics& metrics)
    : base_(std::move(base)), metrics_(metrics) {}

absl::StatusOr<std::unique_ptr<JobSession>> MeteredEngine::Open(
    const RunRequest& request, RunSink& sink, std::stop_token stop) {
  auto session =
      std::make_unique<MeteredSession>(std::make_unique<CountingSink>(
          sink, metrics_, !request.checkpoint.empty()));
  auto base = base_->Open(request, session->sink(), std::move(stop));
  if (!base.ok()) return base.status();
  session->Wrap(*std::move(base));
  return session;
}

JobMemory MeteredEngine::MemoryOf(const v1::JobSpec& spec) {
  return base_->MemoryOf(spec);
}

absl::Status MeteredEngine::Check(const v1::JobSpec& spec) {
  return base_->Check(spec);
}

absl::StatusOr<ModelReport> MeteredEngine::Inspect(
    absl::string_view onnx, const v1::ModelConfig& config,
    absl::string_view source_file) {
  return base_->Inspect(onnx, config, source_file);
}

v1::Capabilities MeteredEngine::Capabilities() const {
  return base_->Capabilities();
}

std::vector<EngineDevice> MeteredEngine::Devices() const {
  return base_->Devices();
}

}  // namespace phosphene
