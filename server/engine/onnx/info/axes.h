#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

using Shapes = std::map<std::string, std::vector<int64_t>>;

// What a trial told of the values of a graph, and how many axes values have
// that it could not make (-1 or missing: not known).
struct KnownShapes {
  Shapes one, two;  // for one picture and for two
  std::unordered_map<std::string, int64_t> ranks;
};

// The axis of the channels of every value of known rank that the image leads
// to. The graph's operators say it of some values (traits.h, Channels), and the
// others follow those, to both sides: over operators that keep axes in their
// places, over what Transpose, Squeeze and their like move, and over Reshape
// where an axis covers the same elements before and after. Where what is said
// differs, it counts in this order, and of equals the nearer one:
//   1. convolutions, pools, BatchNormalization and whatever else is defined
//      over [N,C,...] reads and makes axis 1, as the image has it;
//   2. LayerNormalization over the last axis reads and makes channels there;
//   3. a product with constant weights reads and makes features where it sums;
//   4. a constant with one number for each index of one axis, as biases are,
//      names that axis.
// After all of these count axes that Reshape joins, then the last of those it
// splits one into (heads of attention: the features of a head), then the last
// axis of products of two values, then the last axis of all.
std::unordered_map<std::string, int64_t> FindChannelAxes(
    const Graph& graph, const std::string& image, const KnownShapes& shapes);

}  // namespace phosphene::onnx
