#pragma once

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// What stands before the names of values that objectives mean otherwise.
constexpr char kNetworkPrefix[] = "net:";

// "image" and "input" mean the picture to objectives; nodes' values of those
// names become "net:image" and "net:input".
void RenameReserved(Graph* graph);

}  // namespace phosphene::onnx
