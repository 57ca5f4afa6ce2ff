// Tells rows and channels of values, and brings them to [N,C,h,w].

#include "server/engine/onnx/info/layout.h"

#include <cmath>
#include <optional>
#include <vector>

namespace phosphene::onnx {
namespace {

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
                                          const KnownShapes& shapes,
                                          bool single) {
  const auto channels = FindChannelAxes(graph, image, shapes);
  std::map<std::string, Layout> layouts;
  for (const auto& [value, shape] : shapes.one) {
    const auto channel = channels.find(value);
    if (channel == channels.end() || shape.size() < 2) continue;
    const auto other = shapes.two.find(value);
    const std::optional<int64_t> batch =
        single || other == shapes.two.end()
            ? std::make_optional<int64_t>(channel->second == 0 ? 1 : 0)
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
