#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/weights.h"

namespace phosphene::onnx {

// Rewrites of a sorted graph that leave every wanted value what it was. None
// touches a value in `wanted`, so that whatever is asked for stays there to be
// read, whole and not overwritten.
using Wanted = std::unordered_set<std::string>;

// Folded constants may take kFoldedBytes and kFoldedFactor times the bytes of
// the file's own: room to convert and turn all weights of a network.
constexpr int64_t kFoldedBytes = int64_t{1} << 28;
constexpr int64_t kFoldedFactor = 4;

// Evaluates nodes whose inputs are all constant, but for those that slide
// windows; results above 2^24 elements, or beyond what folding may take in all,
// stay nodes. Nodes that fail stay, to fail when they are needed. Memory: what
// the constants take, and 512 MiB while a node is evaluated.
void FoldConstants(Graph* graph);

// Takes out operators that do nothing (OpTraits::no_op). Returns
// value -> the value it was the same as, for wanted values too.
std::unordered_map<std::string, std::string> RemoveNoOps(const Wanted& wanted,
                                                         Graph* graph);

// Folds BatchNormalization into the convolution before it.
void FoldBatchNorms(const Wanted& wanted, WeightCache* cache, Graph* graph);

// Lets convolutions do the Relu, or Clip from 0, that follows them.
void FuseActivations(const Wanted& wanted, Graph* graph);

// Makes one Gelu of the five operators that exporters write before opset 20:
// x * (1 + erf(x / sqrt 2)) * 0.5.
void FuseGelus(const Wanted& wanted, Graph* graph);

// Name of the operator GroupConvolutions makes (builtins.inc): several
// convolutions of one input; inputs x, weight, bias, weight, bias, ...
constexpr char kGroupedConv[] = "Phosphene.GroupedConv";

// Joins 1x1 convolutions of the same input, as inception modules begin with.
void GroupConvolutions(Graph* graph);

}  // namespace phosphene::onnx
