#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/engine.h"

namespace phosphene {

struct TorchEngineOptions {
  int threads = 0;  // default compute threads of a CPU run; 0: all cores
  // Where `precision: AUTO` keeps what it measured. With "" AUTO is fp32: two
  // processes that measure might differ, and a spec makes the same bytes.
  std::string precision_file;
};

// The engine that computes: ONNX graphs on libtorch, CPU and (where built with
// CUDA) GPUs. This header is torch-free. `inputs` must outlive the engine's
// last call.
absl::StatusOr<std::unique_ptr<Engine>> MakeTorchEngine(
    EngineInputs inputs, TorchEngineOptions options = {});

}  // namespace phosphene
