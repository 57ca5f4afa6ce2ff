#pragma once

#include <optional>

#include "phosphene/onnx/onnx.pb.h"

namespace phosphene::onnx {

// Attribute of a Squeeze that leaves an axis of more than one element alone.
constexpr char kOnlyIfOne[] = "phosphene_only_if_one";

// PyTorch's TorchScript exporter writes x.squeeze(axis) with a size it does not
// know as
//   If(Equal(Gather(Shape(x), axis), 1)) { Squeeze(x, axis) } else { Identity(x) }.
// The Squeeze with kOnlyIfOne that node `index` of the graph is in that case,
// the condition being made just before it; else nullopt.
std::optional<NodeProto> AsOptionalSqueeze(const GraphProto& graph, int index);

}  // namespace phosphene::onnx
