#pragma once

#include <memory>

#include "server/engine/engine.h"
#include "server/metrics/job_metrics.h"

namespace phosphene {

// An Engine that counts the steps another does, as they are done. Thread-safe.
class MeteredEngine : public Engine {
 public:
  // `metrics` must outlive this.
  MeteredEngine(std::unique_ptr<Engine> base, JobMetrics& metrics);

  absl::StatusOr<std::unique_ptr<JobSession>> Open(
      const RunRequest& request, RunSink& sink, std::stop_token stop) override;
  JobMemory MemoryOf(const v1::JobSpec& spec) override;
  absl::Status Check(const v1::JobSpec& spec) override;
  absl::StatusOr<ModelReport> Inspect(absl::string_view onnx,
                                      const v1::ModelConfig& config,
                                      absl::string_view source_file) override;
  v1::Capabilities Capabilities() const override;
  std::vector<EngineDevice> Devices() const override;

 private:
  const std::unique_ptr<Engine> base_;
  JobMetrics& metrics_;
};

}  // namespace phosphene
