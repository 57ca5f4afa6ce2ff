#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene::onnx {

// What the positions of a value see of the picture.
struct ValueReach {
  Reach reach;
  // Why it is not bounded: the node that sees everything, such as
  // `GlobalAveragePool node "pool5"`; "" where it is.
  std::string sees_all;
};

// Of every value the image leads to, by following windows through the graph
// (traits.h, Sees). Padding that depends on the picture's size (auto_pad SAME)
// counts with the most and the least that it can be.
std::unordered_map<std::string, ValueReach> ReachOfValues(
    const Graph& graph, const std::string& image);

}  // namespace phosphene::onnx
