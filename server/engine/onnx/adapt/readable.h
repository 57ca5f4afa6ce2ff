#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// What can be run of a graph when only one of its inputs is given, and why the
// rest cannot.
struct Readability {
  // Values that cannot be made, and why: `behind NonMaxSuppression node "n", an
  // operator that is not supported`.
  std::map<std::string, std::string> left_out;
  // Why, of each node that is itself the reason, in their order.
  std::vector<std::string> reasons;
  int64_t nodes = 0;         // that can be run
  int64_t layers = 0;        // floating-point values among what they make of it
  int64_t nodes_left = 0;    // that cannot
  bool needs_input = false;  // another input than the image is a reason
};

// What `image` and constants reach by operators that are listed, with
// attributes that they take. REQUIRES: sorted.
Readability FindReadable(const Graph& graph, const std::string& image);

// Takes away what cannot be run, and the inputs but the image. The graph's
// outputs are then those left, and behind them what was read by what is gone.
// When nothing is left to be read, UNIMPLEMENTED names the nodes of operators
// that are not supported, INVALID_ARGUMENT what else is in the way.
absl::Status KeepReadable(const Readability& readable, const std::string& image,
                          Graph* graph);

// `12 of 340 nodes are not read: those behind ...`; "" when all are.
std::string ReadabilityNote(const Readability& readable);

}  // namespace phosphene::onnx
