// Where operators that move, join and split axes bring each of them.

#include "server/engine/onnx/info/axis_map.h"

#include <algorithm>

namespace phosphene::onnx {
namespace {

using SizePair = std::pair<int64_t, int64_t>;

constexpr SizePair kOnce = {1, 1};

// Axes first..last-1 of a shape, and their product.
struct Group {
  size_t first = 0, last = 0;
  SizePair size = kOnce;

  void Take(const SizePairs& sizes) {
    size.first *= sizes[last].first;
    size.second *= sizes[last].second;
    ++last;
  }
  std::vector<size_t> Long(const SizePairs& sizes) const {
    std::vector<size_t> axes;
    for (size_t i = first; i < last; ++i) {
      if (sizes[i] != kOnce) axes.push_back(i);
    }
    return axes;
  }
};

void MapGroup(const SizePairs& from, const Group& a, const SizePairs& to,
              const Group& b, AxisMap* map) {
  if (a.last - a.first == 1 && b.last - b.first == 1) {
    (*map)[a.first] = {AxisMove::kExact, static_cast<int64_t>(b.first)};
    return;
  }
  const auto before = a.Long(from), after = b.Long(to);
  if (before.empty() || after.empty() ||
      (before.size() > 1 && after.size() > 1)) {
    return;
  }
  const AxisMove::Kind kind = before.size() > 1  ? AxisMove::kJoined
                              : after.size() > 1 ? AxisMove::kSplit
                                                 : AxisMove::kExact;
  for (size_t axis : before)
    (*map)[axis] = {kind, static_cast<int64_t>(after.back())};
}

}  // namespace

AxisMap AlignLast(int64_t from, int64_t to) {
  AxisMap map(from);
  for (int64_t axis = 0; axis < from; ++axis) {
    if (axis + to - from >= 0) map[axis] = {AxisMove::kExact, axis + to - from};
  }
  return map;
}

AxisMap Permute(const std::vector<int64_t>& perm, int64_t rank) {
  AxisMap map(rank);
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t axis = perm.empty() ? rank - 1 - i : perm[i];
    if (axis >= 0 && axis < rank) map[axis] = {AxisMove::kExact, i};
  }
  return map;
}

AxisMap Remove(const std::vector<int64_t>& axes, int64_t rank) {
  std::vector<bool> gone(rank, false);
  for (int64_t axis : axes) {
    if (axis < 0) axis += rank;
    if (axis >= 0 && axis < rank) gone[axis] = true;
  }
  AxisMap map(rank);
  int64_t left = 0;
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (!gone[axis]) map[axis] = {AxisMove::kExact, left++};
  }
  return map;
}

AxisMap Invert(const AxisMap& map, int64_t rank) {
  AxisMap inverse(rank);
  for (size_t axis = 0; axis < map.size(); ++axis) {
    if (map[axis].kind == AxisMove::kExact && map[axis].to < rank)
      inverse[map[axis].to] = {AxisMove::kExact, static_cast<int64_t>(axis)};
  }
  return inverse;
}

AxisMap Regroup(const SizePairs& from, const SizePairs& to) {
  AxisMap map(from.size());
  const auto empty = [](const SizePair& size) { return size.first == 0; };
  if (std::any_of(from.begin(), from.end(), empty) ||
      std::any_of(to.begin(), to.end(), empty)) {
    return map;
  }
  Group a, b;
  while (a.last < from.size() && b.last < to.size()) {
    a = {a.last, a.last};
    b = {b.last, b.last};
    a.Take(from);
    b.Take(to);
    while (a.size != b.size) {
      const bool shorter = a.size < b.size;
      if (shorter && a.last < from.size()) {
        a.Take(from);
      } else if (!shorter && b.last < to.size()) {
        b.Take(to);
      } else {
        return map;  // not the same elements
      }
    }
    MapGroup(from, a, to, b, &map);
  }
  return map;
}

std::optional<std::vector<int64_t>> IntsOf(const Graph& graph, const Node& node,
                                           const char* attribute,
                                           size_t input) {
  const auto it = node.attributes.find(attribute);
  if (it != node.attributes.end()) return it->second.ints;
  if (input >= node.inputs.size()) return std::nullopt;
  const auto constant = graph.constants.find(node.inputs[input]);
  if (constant == graph.constants.end() ||
      constant->second.scalar_type() != at::kLong) {
    return std::nullopt;
  }
  const at::Tensor flat = constant->second.contiguous().view(-1);
  return std::vector<int64_t>(flat.const_data_ptr<int64_t>(),
                              flat.const_data_ptr<int64_t>() + flat.numel());
}

}  // namespace phosphene::onnx
