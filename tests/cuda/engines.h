#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tests/optimize/tiny_engine.h"

namespace phosphene {

// An engine on the tiny network that runs on a named device.
class Engines {
 public:
  Engines() : onnx_(TinyOnnx({})) {
    EngineInputs inputs;
    inputs.open_model = [this](absl::string_view) -> absl::StatusOr<ModelFile> {
      return ModelFile{"tiny", TinyConfig(), nullptr, onnx_, "1"};
    };
    engine_ = *MakeTorchEngine(std::move(inputs), TorchEngineOptions());
  }
  absl::StatusOr<RunResult> Run(const v1::JobSpec& spec,
                                const std::string& device, RecordingSink& sink,
                                const std::string& checkpoint = "") {
    return engine_->Run(Request(spec, device, checkpoint), sink,
                        sink.stop.get_token());
  }
  absl::StatusOr<std::unique_ptr<JobSession>> Open(const v1::JobSpec& spec,
                                                   const std::string& device,
                                                   RecordingSink& sink) {
    return engine_->Open(Request(spec, device, ""), sink,
                         sink.stop.get_token());
  }

 private:
  static RunRequest Request(const v1::JobSpec& spec, const std::string& device,
                            const std::string& checkpoint) {
    RunRequest request;
    request.spec = spec;
    request.device = device;
    request.checkpoint = checkpoint;
    return request;
  }

  std::string onnx_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace phosphene
