// A build without CUDA records no steps.

#include "server/engine/cuda/step_graph.h"

namespace phosphene {

std::unique_ptr<StepRecorder> MakeGraphRecorder() { return nullptr; }

}  // namespace phosphene
