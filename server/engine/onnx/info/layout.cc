// Follows the channel axis through a graph, and brings values to [N,C,h,w].

#include "server/engine/onnx/info/layout.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

using Axes = std::unordered_map<std::string, int64_t>;

// A list from an attribute or a constant input; newer opsets moved some.
std::vector<int64_t> IntsOf(const Graph& graph, const Node& node,
                            const char* attribute, size_t input) {
  const auto it = node.attributes.find(attribute);
  if (it != node.attributes.end()) return it->second.ints;
  if (input >= node.inputs.size()) return {};
  const auto constant = graph.constants.find(node.inputs[input]);
  if (constant == graph.constants.end() ||
      constant->second.scalar_type() != at::kLong)
    return {};
  const at::Tensor flat = constant->second.contiguous().view(-1);
  return {flat.const_data_ptr<int64_t>(),
          flat.const_data_ptr<int64_t>() + flat.numel()};
}

int64_t Wrap(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

int64_t IntOf(const Node& node, const char* attribute, int64_t otherwise) {
  const auto it = node.attributes.find(attribute);
  return it == node.attributes.end() ? otherwise : it->second.i;
}

// perm[i] is the axis that comes to i; without it all axes are reversed.
int64_t AfterTranspose(const Graph& graph, const Node& node, int64_t axis,
                       int64_t rank) {
  const std::vector<int64_t> order = IntsOf(graph, node, "perm", SIZE_MAX);
  const auto it = std::find(order.begin(), order.end(), axis);
  return order.empty() ? rank - 1 - axis : it - order.begin();
}

// An axis whose place and size the new shape keeps stays; else features are
// split or joined at the end, as heads of attention are.
int64_t AfterReshape(const std::vector<int64_t>& from,
                     const std::vector<int64_t>& to, int64_t axis) {
  const int64_t last = static_cast<int64_t>(to.size()) - 1;
  if (axis == static_cast<int64_t>(from.size()) - 1) return last;
  return axis <= last && to[axis] == from[axis] ? axis : last;
}

// Takes away or puts in axes before `axis`.
int64_t AfterSqueeze(std::vector<int64_t> axes, int64_t axis, int64_t rank) {
  int64_t before = 0;
  for (int64_t gone : axes) before += Wrap(gone, rank) < axis ? 1 : 0;
  return axis - before;
}

int64_t AfterUnsqueeze(std::vector<int64_t> axes, int64_t axis, int64_t rank) {
  for (int64_t& added : axes) added = Wrap(added, rank);
  std::sort(axes.begin(), axes.end());
  for (int64_t added : axes) axis += added <= axis ? 1 : 0;
  return axis;
}

// Walks the graph in its order, from the image's axis 1 on.
class ChannelTracker {
 public:
  ChannelTracker(const Graph& graph, const Shapes& shapes)
      : graph_(graph), shapes_(shapes) {}

  Axes Follow(const std::string& image) {
    axes_[image] = 1;
    for (const Node& node : graph_.nodes) {
      for (const std::string& output : node.outputs) {
        const int64_t rank = RankOf(output);
        if (rank >= 1) {
          axes_[output] =
              std::clamp<int64_t>(Of(node, output, rank), 0, rank - 1);
        } else if (TraitsOf(node.op).channels == OpTraits::kFirst) {
          axes_[output] = 1;
        }
      }
    }
    return axes_;
  }

 private:
  // Without a shape of their own are the image and what a convolution makes
  // that does its activation too.
  int64_t RankOf(const std::string& value) const {
    const auto it = shapes_.find(value);
    if (it == shapes_.end()) return axes_.count(value) > 0 ? 4 : -1;
    return static_cast<int64_t>(it->second.size());
  }

  // The first input with a known channel axis: its name, "" for none. Of
  // several, one of the output's rank.
  std::string Source(const Node& node, int64_t rank) const {
    std::string found;
    for (const std::string& input : node.inputs) {
      if (axes_.count(input) == 0) continue;
      if (RankOf(input) == rank) return input;
      if (found.empty()) found = input;
    }
    return found;
  }

  int64_t Of(const Node& node, const std::string& output, int64_t rank) const {
    const OpTraits::Channels channels = TraitsOf(node.op).channels;
    if (channels == OpTraits::kFirst) return 1;
    const std::string source = Source(node, rank);
    if (source.empty() || RankOf(source) < 1) return rank - 1;
    const int64_t axis = axes_.at(source), from = RankOf(source);
    switch (channels) {
      case OpTraits::kLast:
        return rank - 1;
      case OpTraits::kNormalized:
        return Wrap(IntOf(node, "axis", -1), from) == from - 1 ? rank - 1
                                                               : axis;
      case OpTraits::kPermuted:
        return AfterTranspose(graph_, node, axis, rank);
      case OpTraits::kReshaped:
        return shapes_.count(source) == 0
                   ? rank - 1
                   : AfterReshape(shapes_.at(source), shapes_.at(output), axis);
      case OpTraits::kAxesAdded:
        return AfterUnsqueeze(IntsOf(graph_, node, "axes", 1), axis, rank);
      case OpTraits::kAxesGone:
        if (from <= rank) break;
        return AfterSqueeze(IntsOf(graph_, node, "axes", 1), axis, from);
      case OpTraits::kPicked:
        if (rank != from - 1) break;
        return AfterSqueeze({IntOf(node, "axis", 0)}, axis, from);
      case OpTraits::kFirst:
      case OpTraits::kStay:
        break;
    }
    return rank == from ? axis : rank - 1;
  }

  const Graph& graph_;
  const Shapes& shapes_;
  Axes axes_;
};

// The axis that is twice as long for two images; nullopt for none or several.
std::optional<int64_t> DoublingAxis(const std::vector<int64_t>& one,
                                    const std::vector<int64_t>& two) {
  std::optional<int64_t> found;
  if (one.size() != two.size()) return std::nullopt;
  for (size_t i = 0; i < one.size(); ++i) {
    if (one[i] == two[i]) continue;
    if (found || two[i] != 2 * one[i]) return std::nullopt;
    found = static_cast<int64_t>(i);
  }
  return found;
}

}  // namespace

std::map<std::string, Layout> FindLayouts(const Graph& graph,
                                          const std::string& image,
                                          const Shapes& one, const Shapes& two,
                                          bool single) {
  const Axes channels = ChannelTracker(graph, one).Follow(image);
  std::map<std::string, Layout> layouts;
  for (const auto& [value, shape] : one) {
    const auto other = two.find(value);
    const auto channel = channels.find(value);
    if (other == two.end() || channel == channels.end() || shape.size() < 2)
      continue;
    const std::optional<int64_t> batch =
        single ? std::make_optional<int64_t>(channel->second == 0 ? 1 : 0)
               : DoublingAxis(shape, other->second);
    if (batch && *batch != channel->second)
      layouts[value] = {*batch, channel->second};
  }
  return layouts;
}

at::Tensor ChannelsFirst(const at::Tensor& value, const Layout& layout,
                         int64_t rows) {
  const int64_t rank = value.dim(), batch = layout.batch_axis,
                channel = layout.channel_axis;
  const bool plain = batch == 0 && channel == 1 && value.size(0) == rows;
  if (plain && (rank == 4 || rank == 2)) return value;
  TORCH_CHECK(rank >= 2 && value.size(batch) % rows == 0, "the layer's shape ",
              value.sizes(), " does not tell the ", rows,
              " rows of the batch apart");
  const int64_t channels = value.size(channel);
  const at::Tensor moved = value.movedim({batch, channel}, {0, 1});
  if (moved.size(0) == rows && (rank == 4 || rank == 2)) return moved;
  // [N*k,C,rest] -> [N,C,k*rest]
  const int64_t parts = value.size(batch) / rows;
  const at::Tensor flat =
      moved.reshape({rows, parts, channels, -1}).transpose(1, 2).flatten(2);
  const int64_t places = flat.size(2);
  const int64_t side =
      static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(places))));
  if (parts == 1 && side * side == places)
    return flat.reshape({rows, channels, side, side});
  return flat.unsqueeze(-1);
}

}  // namespace phosphene::onnx
