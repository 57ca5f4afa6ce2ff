#pragma once

#include <map>
#include <string>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Adds values that files do not have and articles speak of: for every Concat
// of ReLU outputs `X` a value `X_pre_relu`, the same Concat of what the ReLUs
// read. They cost nothing unless asked for.
void AddPreReluConcats(Graph* graph);

// Names of lucid's InceptionV1 (conv2d0..2, mixed3a..5b, mixed4c_3x3,
// mixed4c_3x3_bottleneck_pre_relu, ...) for a GoogLeNet-shaped graph: nine
// Concats of four branches (1x1; 1x1-3x3; 1x1-5x5 or 1x1-3x3; pool-1x1) behind
// three convolutions. Alias -> value; empty for other graphs. Names that are
// values of the graph already are left out.
std::map<std::string, std::string> LucidAliases(const Graph& graph);

// Shorter names for what PyTorch's exporter writes: `layer1/conv1/Conv` for
// "/layer1/conv1/Conv_output_0". Alias -> value.
std::map<std::string, std::string> PlainAliases(const Graph& graph);

}  // namespace phosphene::onnx
