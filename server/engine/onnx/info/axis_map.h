#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// How an operator moves the axes of a value: for every axis where it is
// afterwards.
struct AxisMove {
  enum Kind {
    kGone,    // nowhere
    kExact,   // the same axis: it tells the same elements apart
    kJoined,  // part of a longer one
    kSplit,   // the last of several it became
  };
  Kind kind = kGone;
  int64_t to = 0;
};
using AxisMap = std::vector<AxisMove>;

// Aligned at the last axis, as broadcasting does.
AxisMap AlignLast(int64_t from, int64_t to);

// perm[i] is the axis that comes to i; empty: all axes reversed.
AxisMap Permute(const std::vector<int64_t>& perm, int64_t rank);

// Without `axes` (negative ones count from the end) of a value of `rank` axes.
AxisMap Remove(const std::vector<int64_t>& axes, int64_t rank);

// An exact map the other way, to a value of `rank` axes.
AxisMap Invert(const AxisMap& map, int64_t rank);

// A value's sizes for one picture and for two.
using SizePairs = std::vector<std::pair<int64_t, int64_t>>;

// The same elements in the same order under another shape: axes whose strides
// and sizes are the same are the same axes.
AxisMap Regroup(const SizePairs& from, const SizePairs& to);

// A list from an attribute or a constant input (newer opsets moved some);
// nullopt where neither is there.
std::optional<std::vector<int64_t>> IntsOf(const Graph& graph, const Node& node,
                                           const char* attribute, size_t input);

}  // namespace phosphene::onnx
