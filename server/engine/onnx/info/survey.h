#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {

// What is known of a value without running the network.
struct ValueFacts {
  bool integer = false;  // shape arithmetic, nothing an objective can read
  int rank = -1;         // -1 unknown
  int64_t channels = 0;  // size of axis 1, 0 unknown
  int64_t height = 0, width = 0;  // at a 224 x 224 image, 0 unknown
  int64_t stride = 0;  // input pixels between positions, 0 without positions
  int64_t field = 0;   // input pixels a value sees, 0 all or unknown
};

// Image size at which heights and FLOPs are told.
constexpr int64_t kSurveySize = 224;

// Facts about every value a float input [N,channels,224,224] leads to, by
// following shapes through the operators of convolutional networks; what
// passes through others (Reshape, MatMul of three axes) is unknown.
std::unordered_map<std::string, ValueFacts> Survey(const Graph& graph,
                                                   const std::string& image,
                                                   int64_t channels);

// The window of a convolving or pooling node over two axes, with auto_pad not
// turned into pads; none when the node is faulty, which Compile will say.
std::optional<Window> WindowAsWritten(const Graph& graph, const Node& node);

// Positions that a node puts around those of [N,C,H,W], as y before, x before,
// y after, x after; none where they are not constant, or lie along other axes.
std::optional<std::array<int64_t, 4>> BorderAsWritten(const Graph& graph,
                                                      const Node& node);

// FLOPs (two per multiply-add) of the convolutions and matrix products a value
// needs, by value name, for values in `names`; one image of 224 x 224.
std::unordered_map<std::string, double> CountFlops(
    const Graph& graph,
    const std::unordered_map<std::string, ValueFacts>& facts,
    const std::vector<std::string>& names);

}  // namespace phosphene::onnx
