// Finds the channel axis of every value: what operators say of some, carried
// to the others.

#include "server/engine/onnx/info/axes.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "server/engine/onnx/info/axis_map.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

// How much less is worth what is less sure; one is more than any way through a
// graph is long.
constexpr int64_t kDoubt = int64_t{1} << 20;
static_assert(kDoubt > 2 * kMaxNodes);
constexpr int64_t kOfFirst = 0, kOfNormalized = kDoubt, kOfWeights = 2 * kDoubt,
                  kOfConstant = 3 * kDoubt, kOfProduct = 30 * kDoubt;
constexpr int64_t kJoining = 5 * kDoubt, kSplitting = 10 * kDoubt;

int64_t CostOf(AxisMove::Kind kind) {
  if (kind == AxisMove::kJoined) return kJoining;
  return kind == AxisMove::kSplit ? kSplitting : 1;
}

int64_t IntOf(const Node& node, const char* attribute, int64_t otherwise) {
  const auto it = node.attributes.find(attribute);
  return it == node.attributes.end() ? otherwise : it->second.i;
}

// The one axis of a constant that is longer than 1, counted from the end (-1
// the last); 0 for none or several.
int64_t OnlyLongAxis(const at::Tensor& constant) {
  int64_t found = 0;
  for (int64_t axis = 0; axis < constant.dim(); ++axis) {
    if (constant.size(axis) == 1) continue;
    if (found != 0) return 0;
    found = axis - constant.dim();
  }
  return found;
}

// What is known where only one of two values is made for two pictures.
SizePairs Once(SizePairs sizes) {
  for (auto& [one, two] : sizes) two = one;
  return sizes;
}

class AxisFinder {
 public:
  AxisFinder(const Graph& graph, const KnownShapes& shapes)
      : graph_(graph), shapes_(shapes) {}

  std::unordered_map<std::string, int64_t> Find(const std::string& image) {
    Say(image, 1, kOfFirst);
    for (const Node& node : graph_.nodes) {
      if (node.outputs.empty() || node.outputs[0].empty()) continue;
      SayOf(node);
      LinkOver(node);
    }
    Spread();
    std::unordered_map<std::string, int64_t> axes;
    for (const auto& [name, value] : values_) {
      if (value.rank >= 1)
        axes[name] = value.axis >= 0 ? value.axis : value.rank - 1;
    }
    return axes;
  }

 private:
  struct Value;
  struct Link {
    Value* to;
    AxisMap map;
  };
  struct Value {
    int64_t rank = -1;
    int64_t axis = -1;   // -1: not found yet
    SizePairs sizes;     // empty: not known
    bool twice = false;  // for two pictures too
    std::vector<Link> links;
  };
  // What is said of a value; the cheapest is believed.
  struct Claim {
    int64_t cost, order;
    Value* value;
    int64_t axis;
    bool operator>(const Claim& other) const {
      return std::tie(cost, order) > std::tie(other.cost, other.order);
    }
  };

  // Null for constants and where the rank is not known.
  Value* ValueOf(const std::string& name) {
    if (name.empty() || graph_.constants.count(name) > 0) return nullptr;
    const auto [it, added] = values_.try_emplace(name);
    Value& value = it->second;
    if (added) Measure(name, &value);
    return value.rank >= 1 ? &value : nullptr;
  }

  void Measure(const std::string& name, Value* value) const {
    const auto one = shapes_.one.find(name);
    if (one == shapes_.one.end()) {
      const auto rank = shapes_.ranks.find(name);
      if (rank != shapes_.ranks.end()) value->rank = rank->second;
      return;
    }
    const auto two = shapes_.two.find(name);
    value->rank = static_cast<int64_t>(one->second.size());
    value->twice =
        two != shapes_.two.end() && two->second.size() == one->second.size();
    for (size_t i = 0; i < one->second.size(); ++i) {
      value->sizes.emplace_back(one->second[i],
                                (value->twice ? two : one)->second[i]);
    }
  }

  // Axes count from the end where negative; one that is not there says nothing.
  void Say(const std::string& name, int64_t axis, int64_t cost) {
    Value* value = ValueOf(name);
    if (value == nullptr) return;
    if (axis < 0) axis += value->rank;
    if (axis >= 0 && axis < value->rank) Push(value, axis, cost);
  }

  void Push(Value* value, int64_t axis, int64_t cost) {
    claims_.push({cost, ++order_, value, axis});
  }

  // What the operator says of what it reads and makes.
  void SayOf(const Node& node) {
    const OpTraits& traits = TraitsOf(node.op);
    switch (traits.channels) {
      case OpTraits::kFirst:
        SayFirst(node);
        break;
      case OpTraits::kNormalized:
        SayNormalized(node);
        break;
      case OpTraits::kLast:
        SayProduct(node);
        break;
      default:
        break;
    }
    if (TakesAllAlike(traits)) SayOfConstants(node);
  }

  void SayFirst(const Node& node) {
    const OpTraits::Shape shape = TraitsOf(node.op).shape;
    const int64_t cost = shape == OpTraits::kMatrix ? kOfWeights : kOfFirst;
    for (const std::string& output : node.outputs) Say(output, 1, cost);
    // What is flattened may have had channels anywhere.
    if (shape != OpTraits::kFlat && !node.inputs.empty())
      Say(node.inputs[0], 1, cost);
  }

  void SayNormalized(const Node& node) {
    const Value* input =
        node.inputs.empty() ? nullptr : ValueOf(node.inputs[0]);
    const int64_t axis = IntOf(node, "axis", -1);
    if (input == nullptr || (axis != -1 && axis != input->rank - 1)) return;
    Say(node.inputs[0], -1, kOfNormalized);
    Say(node.outputs[0], -1, kOfNormalized);
  }

  void SayProduct(const Node& node) {
    const auto constant = [&](size_t i) {
      return i < node.inputs.size() && graph_.constants.count(node.inputs[i]);
    };
    if (!TraitsOf(node.op).takes_weights || node.inputs.size() < 2 ||
        constant(0) == constant(1)) {
      Say(node.outputs[0], -1, kOfProduct);
      return;
    }
    // x * W mixes the last axis, W * x the one before it.
    const int64_t axis = constant(1) ? -1 : -2;
    Say(node.inputs[constant(1) ? 0 : 1], axis, kOfWeights);
    Say(node.outputs[0], axis, kOfWeights);
  }

  void SayOfConstants(const Node& node) {
    for (const std::string& input : node.inputs) {
      const auto constant = graph_.constants.find(input);
      if (constant == graph_.constants.end()) continue;
      const int64_t axis = OnlyLongAxis(constant->second);
      if (axis != 0) Say(node.outputs[0], axis, kOfConstant);
    }
  }

  // Whether axes of all inputs are those of the output, aligned at the last.
  static bool TakesAllAlike(const OpTraits& traits) {
    return traits.shape == OpTraits::kSame ||
           traits.sees == OpTraits::kItsPlace;
  }

  // Links what a node reads with what it makes.
  void LinkOver(const Node& node) {
    const OpTraits& traits = TraitsOf(node.op);
    const bool all = TakesAllAlike(traits) ||
                     traits.shape == OpTraits::kJoined ||
                     traits.makes == OpTraits::kUntold;
    const size_t inputs = all ? node.inputs.size() : 1;
    for (const std::string& output : node.outputs) {
      Value* to = ValueOf(output);
      if (to == nullptr) continue;
      for (size_t i = 0; i < std::min(inputs, node.inputs.size()); ++i) {
        Value* from = ValueOf(node.inputs[i]);
        if (from != nullptr) LinkBoth(node, traits, from, to);
      }
    }
  }

  void LinkBoth(const Node& node, const OpTraits& traits, Value* from,
                Value* to) {
    const bool reshaped =
        traits.channels == OpTraits::kReshaped ||
        traits.shape == OpTraits::kFlat ||
        (traits.channels == OpTraits::kAxesGone && from->rank != to->rank &&
         !IntsOf(graph_, node, "axes", 1));
    if (reshaped) {
      if (from->sizes.empty() || to->sizes.empty()) return;
      const bool twice = from->twice && to->twice;
      const SizePairs before = twice ? from->sizes : Once(from->sizes),
                      after = twice ? to->sizes : Once(to->sizes);
      from->links.push_back({to, Regroup(before, after)});
      to->links.push_back({from, Regroup(after, before)});
      return;
    }
    const AxisMap map = MapOf(node, traits, from->rank, to->rank);
    if (map.empty()) return;
    from->links.push_back({to, map});
    to->links.push_back({from, Invert(map, to->rank)});
  }

  // Empty where the operator does not carry axes over.
  AxisMap MapOf(const Node& node, const OpTraits& traits, int64_t from,
                int64_t to) const {
    const auto axes = [&] {
      return IntsOf(graph_, node, "axes", 1).value_or(std::vector<int64_t>());
    };
    switch (traits.channels) {
      case OpTraits::kPermuted: {
        const auto perm = IntsOf(graph_, node, "perm", SIZE_MAX)
                              .value_or(std::vector<int64_t>());
        const bool fits =
            perm.empty() || static_cast<int64_t>(perm.size()) == from;
        return from == to && fits ? Permute(perm, from) : AxisMap();
      }
      case OpTraits::kAxesAdded:
        return Invert(Remove(axes(), to), from);
      case OpTraits::kAxesGone:
        return from == to ? AlignLast(from, to) : Remove(axes(), from);
      case OpTraits::kPicked:
        if (to == from - 1) return Remove({IntOf(node, "axis", 0)}, from);
        return from == to ? AlignLast(from, to) : AxisMap();
      case OpTraits::kLast:
        return {};
      case OpTraits::kFirst:
      case OpTraits::kNormalized:
      case OpTraits::kStay:
      case OpTraits::kReshaped:
        break;
    }
    return from == to || (TakesAllAlike(traits) && from < to)
               ? AlignLast(from, to)
               : AxisMap();
  }

  // Dijkstra's algorithm: the cheapest claim of all is true, and says the same
  // of its neighbours.
  void Spread() {
    while (!claims_.empty()) {
      const Claim claim = claims_.top();
      claims_.pop();
      if (claim.value->axis >= 0) continue;
      claim.value->axis = claim.axis;
      for (const Link& link : claim.value->links) {
        const AxisMove& move = link.map[claim.axis];
        if (move.kind != AxisMove::kGone && link.to->axis < 0)
          Push(link.to, move.to, claim.cost + CostOf(move.kind));
      }
    }
  }

  const Graph& graph_;
  const KnownShapes& shapes_;
  std::unordered_map<std::string, Value> values_;
  std::priority_queue<Claim, std::vector<Claim>, std::greater<Claim>> claims_;
  int64_t order_ = 0;
};

}  // namespace

std::unordered_map<std::string, int64_t> FindChannelAxes(
    const Graph& graph, const std::string& image, const KnownShapes& shapes) {
  return AxisFinder(graph, shapes).Find(image);
}

}  // namespace phosphene::onnx
