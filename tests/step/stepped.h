#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/engine/optimize/network_cache.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/step/replayed.h"
#include "server/engine/step/whole.h"
#include "tests/optimize/tiny_engine.h"

namespace phosphene {

// A job of the tiny network, step by step; with a recorder its steps are
// recorded and replayed.
class Stepped {
 public:
  explicit Stepped(const v1::JobSpec& spec,
                   std::unique_ptr<StepRecorder> recorder = nullptr,
                   at::Device device = at::kCPU)
      : spec_(spec), onnx_(TinyOnnx({})) {
    inputs_.read_blob = [](absl::string_view) -> absl::StatusOr<std::string> {
      return absl::NotFoundError("no blobs");
    };
    inputs_.open_model =
        [this](absl::string_view) -> absl::StatusOr<ModelFile> {
      return ModelFile{"tiny", TinyConfig(), nullptr, onnx_, "1"};
    };
    networks_ = std::make_unique<NetworkCache>(&inputs_);
    PlanContext context;
    context.spec = &spec_;
    context.inputs = &inputs_;
    context.networks = networks_.get();
    context.device = device;
    context.model = *networks_->Open("tiny");
    if (spec_.precision() == v1::JobSpec::BF16) context.dtype = at::kBFloat16;
    parts_ = *MakeParts(context, 0, nullptr);
    if (recorder == nullptr) {
      stepper_ = std::make_unique<WholeStepper>(parts_);
      return;
    }
    stepper_ = std::make_unique<ReplayedStepper>(
        parts_, std::make_unique<StepReplay>(std::move(recorder), device));
  }

  absl::Status Step(int64_t step) {
    return stepper_->Advance(LaneAt(spec_, parts_.canvas.rows, step));
  }
  Stepper& stepper() { return *stepper_; }
  Parts& parts() { return parts_; }

 private:
  v1::JobSpec spec_;
  std::string onnx_;
  EngineInputs inputs_;
  std::unique_ptr<NetworkCache> networks_;
  Parts parts_;
  std::unique_ptr<Stepper> stepper_;
};

// TinySpec of 60 steps: past the redirected ReLUs of the first 16.
inline v1::JobSpec LongSpec(const std::string& more) {
  v1::JobSpec spec = TinySpec(more);
  spec.set_steps(60);
  return spec;
}

}  // namespace phosphene
