#pragma once

#include <string>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Rewrites a graph of opset 5 or 6 to what opset 7 says: operands broadcast
// along a stated axis get the axes that they lack, `Cast` to a type by name
// one by number, `Upsample` its scales. What cannot be rewritten becomes a
// fault of its node. The attributes of training (`is_test`, `consumed_inputs`)
// do not count: networks are run as in inference. Others are left alone.
// `image` is an input [N,C,H,W]. REQUIRES: sorted.
void ReadAsOpset7(const std::string& image, Graph* graph);

}  // namespace phosphene::onnx
