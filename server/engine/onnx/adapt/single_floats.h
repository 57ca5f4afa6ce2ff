#pragma once

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// A network of f64 (weights or image) becomes one of f32: its constants, and
// what its nodes cast to. One of f32 that computes some constants in f64 stays.
// Returns whether it was.
bool MakeSingle(const std::string& image, Graph* graph);

}  // namespace phosphene::onnx
