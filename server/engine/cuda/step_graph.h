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

// Records steps. One thread at a time; must outlive what it made.
class StepRecorder {
 public:
  virtual ~StepRecorder() = default;
  // Records what `work` starts on the current stream without running it.
  // `work` must be device work alone: no waiting for the device, no memory that
  // comes from the host. What it allocates stays its own and may be overwritten
  // by the other steps of this recorder, so results must be copied to tensors
  // made before. Throws c10::Error when something in it cannot be recorded, and
  // what `work` throws; nothing stays behind then, and the next recording may
  // succeed.
  virtual std::unique_ptr<RecordedStep> Record(
      const std::function<void()>& work) = 0;
  // Gives memory that is kept for reuse back to the device. A recording cannot
  // have it otherwise: it allocates apart from all else.
  virtual void FreeMemory() {}
};

// Records CUDA graphs. Needs a CudaStreamScope: the default stream cannot be
// recorded. Steps may be replayed in other scopes of the same GPU, on any
// thread. Null without CUDA. Two implementations, step_graph_cuda.cc and
// step_graph_stub.cc.
std::unique_ptr<StepRecorder> MakeGraphRecorder();

}  // namespace phosphene
