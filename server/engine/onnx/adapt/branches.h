#pragma once

#include "absl/status/status.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Puts the branch that is taken in the place of every If whose condition is a
// constant, those inside it likewise, and folds constants on the way. An If
// whose condition depends on the picture stays. Leaves the graph sorted.
// INVALID_ARGUMENT: a branch is damaged, or more than splice.h lets be put in
// place.
absl::Status InlineBranches(Graph* graph);

}  // namespace phosphene::onnx
