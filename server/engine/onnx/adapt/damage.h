#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Constants that no trained network has: those with NaN, which is never meant,
// and weights with infinity, which masks may hold. Looked for before constants
// are folded, judged when it is known which values are kept.
class Damage {
 public:
  explicit Damage(const Graph& graph);

  // INVALID_ARGUMENT naming one that a value of `graph` is made of.
  absl::Status CheckUsed(const Graph& graph) const;

 private:
  std::vector<std::pair<std::string, std::string>> found_;  // and what it holds
  std::vector<Node> nodes_;  // as they were; empty without damage
};

}  // namespace phosphene::onnx
