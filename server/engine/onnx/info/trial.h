#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/weights.h"
#include "server/engine/onnx/program/program.h"

namespace phosphene::onnx {

// Runs a network on plain grey pictures to learn what following its graph does
// not tell: shapes of all values, and which nodes fail at which sizes. No value
// is rewritten away. Thread-compatible.
class Trial {
 public:
  // Tensors held while a picture is tried. Enough for the largest of
  // torchvision's at 16 times the pixels of their pictures.
  static constexpr int64_t kBytes = int64_t{1} << 32;

  // `cache` belongs to the graph; both must outlive the trial. One program
  // serves all sizes: making it lays out every weight.
  static absl::StatusOr<std::unique_ptr<Trial>> Make(const Graph& graph,
                                                     const std::string& image,
                                                     int64_t channels,
                                                     WeightCache* cache);

  // RESOURCE_EXHAUSTED: more memory than `bytes`.
  absl::StatusOr<Program::Shapes> At(int64_t batch, int64_t height,
                                     int64_t width,
                                     int64_t bytes = kBytes) const;

 private:
  Trial(std::unique_ptr<Program> program, int64_t channels)
      : program_(std::move(program)), channels_(channels) {}

  std::unique_ptr<Program> program_;
  int64_t channels_;
};

}  // namespace phosphene::onnx
