#pragma once

#include <string>
#include <vector>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// What the operators of a graph do here that a reader of its file would not
// expect, a sentence each: gradients that go straight through rounding
// (OpTraits::straight_through), noise that is left out (random), training
// modes, in which nothing is dropped and rows stay apart (may_train). Sentences
// name how many nodes, and one of them.
std::vector<std::string> OperatorNotes(const Graph& graph);

}  // namespace phosphene::onnx
