#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/engine/engine.h"

namespace phosphene {

struct TorchEngineOptions {
  int threads = 0;  // default compute threads of a CPU run; 0: all cores
};

// The engine that computes: ONNX graphs on libtorch, CPU and (where built with
// CUDA) GPUs. This header is torch-free. `inputs` must outlive the engine's
// last call.
absl::StatusOr<std::unique_ptr<Engine>> MakeTorchEngine(EngineInputs inputs,
                                                        TorchEngineOptions options = {});

}  // namespace phosphene
