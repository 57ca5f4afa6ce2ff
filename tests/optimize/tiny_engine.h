#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "server/engine/engine.h"
#include "server/engine/optimize/torch_engine.h"
#include "tests/support/tiny_onnx.h"

namespace phosphene {

// Remembers what a run told it, and acts on the way: stops after a step (it
// sees every step as a frame when the spec says frames.every 1).
class RecordingSink : public RunSink {
 public:
  void OnProgress(const v1::Progress& progress) override {
    this->progress.push_back(progress);
  }
  bool WantsFrame(bool keep) override { return wants_frames; }
  void OnFrame(int64_t step, bool keep, Image8 image) override {
    frames.push_back({step, keep, std::move(image)});
    if (step == stop_after) stop.request_stop();
  }
  absl::Status OnCheckpoint(int64_t step, std::string bytes) override {
    checkpoints[step] = std::move(bytes);
    return checkpoint_status;
  }

  struct Frame {
    int64_t step;
    bool keep;
    Image8 image;
  };
  bool wants_frames = true;
  int64_t stop_after = -1;
  absl::Status checkpoint_status;
  std::stop_source stop;
  std::vector<v1::Progress> progress;
  std::vector<Frame> frames;
  std::map<int64_t, std::string> checkpoints;
};

// A test's language: an engine on the tiny network, specs as text, blobs in a
// map.
class TinyEngine {
 public:
  explicit TinyEngine(const TinyOnnxOptions& options = {})
      : onnx_(TinyOnnx(options)) {
    EngineInputs inputs;
    inputs.read_blob =
        [this](absl::string_view name) -> absl::StatusOr<std::string> {
      const auto found = blobs.find(std::string(name));
      if (found == blobs.end())
        return absl::NotFoundError("no blob " + std::string(name));
      return found->second;
    };
    inputs.open_model =
        [this](absl::string_view name) -> absl::StatusOr<ModelFile> {
      ++opened;
      if (name != "tiny" && name != "models/tiny") {
        return absl::NotFoundError("no model \"" + std::string(name) +
                                   "\"; nearest \"tiny\"");
      }
      return ModelFile{"tiny", TinyConfig(), nullptr, onnx_, version};
    };
    TorchEngineOptions one_thread;
    one_thread.threads = 1;
    engine_ = *MakeTorchEngine(std::move(inputs), one_thread);
  }

  absl::StatusOr<RunResult> Run(const v1::JobSpec& spec, RecordingSink& sink,
                                const std::string& checkpoint = "") {
    RunRequest request;
    request.spec = spec;
    request.checkpoint = checkpoint;
    request.device = "cpu:0";
    return engine_->Run(request, sink, sink.stop.get_token());
  }
  absl::StatusOr<RunResult> Run(const v1::JobSpec& spec) {
    RecordingSink sink;
    sink.wants_frames = false;
    return Run(spec, sink);
  }
  // Runs until after `step`, then from its checkpoint to the end.
  absl::StatusOr<RunResult> RunInterrupted(v1::JobSpec spec, int64_t step) {
    spec.mutable_frames()->set_every(1);
    RecordingSink sink;
    sink.stop_after = step;
    const auto first = Run(spec, sink);
    if (!first.ok()) return first;
    if (first->finished) return absl::InternalError("it was not stopped");
    RecordingSink rest;
    rest.wants_frames = false;
    return Run(spec, rest, first->checkpoint);
  }
  Engine& engine() { return *engine_; }

  std::map<std::string, std::string> blobs;
  int opened = 0;
  std::string version = "1";  // of the model

 private:
  std::string onnx_;
  std::unique_ptr<Engine> engine_;
};

inline v1::JobSpec Spec(const std::string& text) {
  v1::JobSpec spec;
  if (!google::protobuf::TextFormat::ParseFromString(text, &spec)) std::abort();
  return spec;
}

// A Fourier image of 32 x 32 for channel 3 of relu2, 6 steps, one PNG; `more`
// is merged into it.
inline v1::JobSpec TinySpec(const std::string& more = "") {
  v1::JobSpec spec =
      Spec(R"pb(model: "tiny"
                parameterization {
                  width: 32
                  fourier {}
                }
                objectives { channel { layer: "relu2" channel: 3 } }
                steps: 6
                outputs { png { metadata: false } })pb");
  if (!google::protobuf::TextFormat::MergeFromString(more, &spec)) std::abort();
  return spec;
}

}  // namespace phosphene
