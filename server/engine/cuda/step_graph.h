#pragma once

#include <functional>
#include <memory>

namespace phosphene {

// Device work that was recorded once.
class RecordedStep {
 public:
  virtual ~RecordedStep() = default;
  // Starts it again, on the current stream; does not wait for its end. Reads
  // and writes the memory it was recorded with.
  virtual void Replay() = 0;
};

// Records steps. Confined to a thread; must outlive nothing it made.
class StepRecorder {
 public:
  virtual ~StepRecorder() = default;
  // Records what `work` starts on the current stream without running it.
  // `work` must be device work alone: no waiting for the device, no memory that
  // comes from the host. What it allocates stays its own and may be overwritten
  // by the other steps of this recorder, so results must be copied to tensors
  // made before. Throws c10::Error when something in it cannot be recorded;
  // nothing stays behind then.
  virtual std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) = 0;
};

// Records CUDA graphs. Needs a CudaJobScope: the default stream cannot be
// recorded. Null without CUDA. Two implementations, step_graph_present.cc and
// step_graph_absent.cc.
std::unique_ptr<StepRecorder> MakeGraphRecorder();

}  // namespace phosphene
