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

}  // namespace

MeteredEngine::MeteredEngine(std::unique_ptr<Engine> base, JobMetrics& metrics)
    : base_(std::move(base)), metrics_(metrics) {}

absl::StatusOr<RunResult> MeteredEngine::Run(const RunRequest& request,
                                             RunSink& sink,
                                             std::stop_token stop) {
  CountingSink counting(sink, metrics_, !request.checkpoint.empty());
  return base_->Run(request, counting, std::move(stop));
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
