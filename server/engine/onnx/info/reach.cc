// What the positions of layers see of the picture, without running the network.

#include "server/engine/onnx/info/reach.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "server/engine/onnx/info/survey.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

constexpr int kAxes = 2;  // y, x

// Position i sees pixels i * stride + low .. i * stride + high of an axis.
struct Seen {
  std::array<int64_t, kAxes> stride = {1, 1}, low = {0, 0}, high = {0, 0};
  std::string sees_all;
};
using SeenBy = std::unordered_map<std::string, Seen>;

Seen All(const Node& node) {
  Seen out;
  out.sees_all = Describe(node);
  return out;
}

// The positions of several values side by side.
Seen Union(const Node& node, const std::vector<const Seen*>& inputs) {
  Seen out = *inputs[0];
  for (const Seen* in : inputs) {
    if (in->stride != out.stride) return All(node);
    for (int axis = 0; axis < kAxes; ++axis) {
      out.low[axis] = std::min(out.low[axis], in->low[axis]);
      out.high[axis] = std::max(out.high[axis], in->high[axis]);
    }
  }
  return out;
}

// Whether a constant has a value of its own for each place: what it is added
// to is then not the same everywhere.
bool DiffersByPlace(const at::Tensor& constant, bool weights) {
  const int64_t rank = constant.dim();
  if (weights && rank == 1) return false;  // one a channel
  return (rank >= 1 && constant.size(-1) > 1) ||
         (rank >= 2 && constant.size(-2) > 1);
}

Seen OfPlace(const Graph& graph, const Node& node,
             const std::vector<const Seen*>& inputs) {
  for (const std::string& input : node.inputs) {
    const auto constant = graph.constants.find(input);
    if (constant != graph.constants.end() &&
        DiffersByPlace(constant->second, TraitsOf(node.op).takes_weights)) {
      return All(node);
    }
  }
  return Union(node, inputs);
}

bool AlongChannels(const Node& node) {
  const auto axis = node.attributes.find("axis");
  return axis != node.attributes.end() &&
         (axis->second.i == 1 || axis->second.i == -3);
}

// Pixels of padding before the first one: the least and the most that sizes of
// pictures can ask for.
std::pair<int64_t, int64_t> PadsBefore(const Window& window, size_t axis) {
  const int64_t extent = window.Extent(axis), stride = window.stride[axis];
  // SAME pads to ceil(size / stride) positions: by extent - stride where the
  // stride divides the size, by up to extent - 1 elsewhere.
  const int64_t least = std::max<int64_t>(0, extent - stride),
                most = extent - 1;
  switch (window.auto_pad) {
    case Window::kValid:
      return {0, 0};
    case Window::kSameUpper:
      return {least / 2, most / 2};
    case Window::kSameLower:
      return {(least + 1) / 2, (most + 1) / 2};
    default:
      return {window.pad_begin[axis], window.pad_begin[axis]};
  }
}

Seen OfWindow(const Graph& graph, const Node& node, const Seen& in) {
  const std::optional<Window> window = WindowAsWritten(graph, node);
  if (!window.has_value()) return All(node);
  Seen out = in;
  for (int axis = 0; axis < kAxes; ++axis) {
    const auto [least, most] = PadsBefore(*window, axis);
    const int64_t stride = in.stride[axis];
    out.low[axis] = in.low[axis] - most * stride;
    out.high[axis] =
        in.high[axis] + (window->Extent(axis) - 1 - least) * stride;
    out.stride[axis] = stride * window->stride[axis];
  }
  return out;
}

// A border of one value, or of the nearest pixel's: a tile that reaches the
// picture's border has that pixel. Else everything.
Seen OfBorder(const Graph& graph, const Node& node, const Seen& in) {
  const auto mode = node.attributes.find("mode");
  if (mode != node.attributes.end() && mode->second.s != "constant" &&
      mode->second.s != "edge")
    return All(node);
  const auto border = BorderAsWritten(graph, node);
  if (!border.has_value()) return All(node);
  Seen out = in;
  for (int axis = 0; axis < kAxes; ++axis) {
    out.low[axis] -= (*border)[axis] * in.stride[axis];
    out.high[axis] -= (*border)[axis] * in.stride[axis];
  }
  return out;
}

// `inputs`: those the image leads to, at least one.
Seen OfNode(const Graph& graph, const Node& node,
            const std::vector<const Seen*>& inputs, bool first) {
  for (const Seen* in : inputs) {
    if (!in->sees_all.empty()) return *in;
  }
  switch (TraitsOf(node.op).sees) {
    case OpTraits::kItsPlace:
      return OfPlace(graph, node, inputs);
    case OpTraits::kItsPlaceAlongChannels:
      return AlongChannels(node) ? Union(node, inputs) : All(node);
    case OpTraits::kItsWindow:
      // Weights made of the image would see all of it.
      return first && inputs.size() == 1 ? OfWindow(graph, node, *inputs[0])
                                         : All(node);
    case OpTraits::kPastBorder:
      return first && inputs.size() == 1 ? OfBorder(graph, node, *inputs[0])
                                         : All(node);
    case OpTraits::kEverything:
      break;
  }
  return All(node);
}

ValueReach ToReach(const Seen& seen) {
  ValueReach out;
  out.sees_all = seen.sees_all;
  if (!out.sees_all.empty()) return out;
  out.reach.stride = seen.stride[0];
  for (int axis = 0; axis < kAxes; ++axis) {
    out.reach.before = std::max(out.reach.before, -seen.low[axis]);
    out.reach.after =
        std::max(out.reach.after, seen.high[axis] - seen.stride[axis] + 1);
  }
  return out;
}

}  // namespace

std::unordered_map<std::string, ValueReach> ReachOfValues(
    const Graph& graph, const std::string& image) {
  SeenBy seen;
  seen[image] = Seen();
  for (const Node& node : graph.nodes) {
    std::vector<const Seen*> inputs;
    bool first = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto it = seen.find(node.inputs[i]);
      if (it == seen.end()) continue;
      inputs.push_back(&it->second);
      first = first || i == 0;
    }
    if (inputs.empty()) continue;
    Seen out = OfNode(graph, node, inputs, first);
    // Tiles are cut alike on both axes.
    if (out.stride[0] != out.stride[1]) out = All(node);
    for (const std::string& output : node.outputs) {
      if (!output.empty()) seen[output] = out;
    }
  }
  std::unordered_map<std::string, ValueReach> out;
  for (const auto& [value, own] : seen) out.emplace(value, ToReach(own));
  return out;
}

}  // namespace phosphene::onnx
