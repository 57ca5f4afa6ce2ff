// Follows shapes, strides and receptive fields through a graph without running
// it.

#include "server/engine/onnx/info/survey.h"

#include <algorithm>
#include <vector>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

using Facts = std::unordered_map<std::string, ValueFacts>;

// Above this many nodes, sums over each value's ancestors take too long.
constexpr size_t kMaxCounted = 3'000;

bool MakesIntegers(const Node& node) {
  const OpTraits::Makes makes = TraitsOf(node.op).makes;
  if (makes != OpTraits::kAsTo) return makes == OpTraits::kIntegers;
  const auto to = node.attributes.find("to");
  // Element types 1, 10, 11 and 16 are floating-point.
  return to != node.attributes.end() && to->second.i != 1 &&
         to->second.i != 10 && to->second.i != 11 && to->second.i != 16;
}

// A constant input, undefined where it is not one.
at::Tensor ConstantInput(const Graph& graph, const Node& node, size_t i) {
  const auto it = i < node.inputs.size() ? graph.constants.find(node.inputs[i])
                                         : graph.constants.end();
  return it == graph.constants.end() ? at::Tensor() : it->second;
}

// The window of a convolving or pooling node at the survey's size.
std::optional<Window> WindowOf(const Graph& graph, const Node& node,
                               const ValueFacts& in) {
  if (in.rank != 4) return std::nullopt;
  const std::optional<Window> window = WindowAsWritten(graph, node);
  if (!window.has_value()) return std::nullopt;
  if (in.height == 0)
    return window->auto_pad == Window::kExplicit ? window : std::nullopt;
  try {
    return WithPads(*window, {in.height, in.width});
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// A window over positions: stride' = stride * s, field' = field + (extent - 1)
// * stride (Araujo et al. 2019, "Computing Receptive Fields").
ValueFacts Slide(const Window& window, const ValueFacts& in) {
  ValueFacts out = in;
  try {
    out.height = in.height > 0 ? window.OutputSize(0, in.height) : 0;
    out.width = in.width > 0 ? window.OutputSize(1, in.width) : 0;
  } catch (const c10::Error&) {
    out.height = out.width = 0;  // 224 is too small for it
  }
  if (in.stride > 0) {
    out.stride = in.stride * window.stride[0];
    if (in.field > 0) out.field = in.field + (window.Extent(0) - 1) * in.stride;
  }
  return out;
}

// Channels stay countable only where each has one position.
ValueFacts OfFlatten(const ValueFacts& in) {
  ValueFacts out;
  out.rank = 2;
  const bool one_place = in.height == 1 && in.width == 1;
  out.channels = one_place || in.rank == 2 ? in.channels : 0;
  return out;
}

// Channels of a broadcast of values of `rank` axes: those of one that does not
// have one channel for all; 0 where that is not known.
int64_t ChannelsTogether(const Graph& graph, const Node& node,
                         const Facts& facts, int rank) {
  int64_t channels = 1;
  bool known = true;
  for (const std::string& input : node.inputs) {
    int64_t own = 1;
    const auto constant = graph.constants.find(input);
    const auto it = facts.find(input);
    if (constant != graph.constants.end()) {
      // Those of fewer axes are aligned at the last.
      const int64_t axis = constant->second.dim() - rank + 1;
      if (axis >= 0) own = constant->second.size(axis);
    } else if (it != facts.end() && it->second.rank == rank) {
      own = it->second.channels;
      known = known && own != 0;
    }
    channels = std::max(channels, own);
  }
  return known || channels > 1 ? channels : 0;
}

// Widest of several inputs of the same shape, or a broadcast one.
ValueFacts OfElementwise(const Graph& graph, const Node& node,
                         const Facts& facts) {
  ValueFacts out;
  for (const std::string& input : node.inputs) {
    const auto it = facts.find(input);
    if (it == facts.end()) continue;
    const ValueFacts& in = it->second;
    if (in.rank > out.rank || (in.rank == out.rank && in.stride > out.stride)) {
      const int64_t field = out.field;
      out = in;
      out.field = std::max(field, in.field);
    }
  }
  if (out.rank >= 2)
    out.channels = ChannelsTogether(graph, node, facts, out.rank);
  return out;
}

// Along axis 1 channels add up; along another what comes out is unknown.
ValueFacts OfConcat(const Node& node, const Facts& facts) {
  ValueFacts out;
  const auto axis = node.attributes.find("axis");
  bool known = axis != node.attributes.end() &&
               (axis->second.i == 1 || axis->second.i == -3);
  int64_t channels = 0;
  for (const std::string& input : node.inputs) {
    const auto it = facts.find(input);
    if (it == facts.end() || it->second.channels == 0) {
      known = false;
      continue;
    }
    channels += it->second.channels;
    const int64_t field = std::max(out.field, it->second.field);
    out = it->second;
    out.field = field;
  }
  if (!known) return {};
  out.channels = channels;
  return out;
}

// One number per output feature of a matrix of weights.
ValueFacts OfMatrix(const Node& node, const at::Tensor& weight) {
  ValueFacts out;
  if (!weight.defined() || weight.dim() != 2) return out;
  const auto turned = node.attributes.find("transB");
  out.rank = 2;
  out.channels =
      weight.size(turned != node.attributes.end() && turned->second.i ? 0 : 1);
  return out;
}

// A window over the first input; `weight` of those that take weights.
ValueFacts OfWindow(const Graph& graph, const Node& node, const ValueFacts& in,
                    const at::Tensor& weight) {
  ValueFacts out;
  const auto window = WindowOf(graph, node, in);
  if (window) out = Slide(*window, in);
  if (TraitsOf(node.op).takes_weights)
    out.channels = weight.defined() ? weight.size(0) : 0;
  return out;
}

ValueFacts OfOnePlace(const ValueFacts& in) {
  ValueFacts out;
  out.rank = in.rank;
  out.channels = in.channels;
  out.height = out.width = 1;
  return out;
}

// Positions move over and more are there; each sees what it saw.
ValueFacts OfBordered(const Graph& graph, const Node& node,
                      const ValueFacts& in) {
  const auto border = BorderAsWritten(graph, node);
  if (in.rank != 4 || !border.has_value()) return {};
  ValueFacts out = in;
  const auto [top, left, bottom, right] = *border;
  if (in.height > 0)
    out.height = std::max<int64_t>(0, in.height + top + bottom);
  if (in.width > 0) out.width = std::max<int64_t>(0, in.width + left + right);
  return out;
}

ValueFacts OfNode(const Graph& graph, const Node& node, const Facts& facts) {
  if (MakesIntegers(node)) {
    ValueFacts out;
    out.integer = true;
    return out;
  }
  const auto first =
      node.inputs.empty() ? facts.end() : facts.find(node.inputs[0]);
  const ValueFacts* in = first == facts.end() ? nullptr : &first->second;
  const at::Tensor weight = ConstantInput(graph, node, 1);
  switch (TraitsOf(node.op).shape) {
    case OpTraits::kWindow:
      return in ? OfWindow(graph, node, *in, weight) : ValueFacts();
    case OpTraits::kOnePlace:
      return in ? OfOnePlace(*in) : ValueFacts();
    case OpTraits::kFlat:
      return in ? OfFlatten(*in) : ValueFacts();
    case OpTraits::kMatrix:
      return OfMatrix(node, weight);
    case OpTraits::kJoined:
      return OfConcat(node, facts);
    case OpTraits::kBordered:
      return in ? OfBordered(graph, node, *in) : ValueFacts();
    case OpTraits::kSame:
      return OfElementwise(graph, node, facts);
    case OpTraits::kUnknown:
      break;
  }
  return {};
}

// True when every input that is not a constant is shape arithmetic.
bool FollowsIntegers(const Node& node, const Graph& graph, const Facts& facts) {
  bool any = false;
  for (const std::string& input : node.inputs) {
    if (input.empty() || graph.constants.count(input) > 0) continue;
    const auto it = facts.find(input);
    if (it == facts.end() || !it->second.integer) return false;
    any = true;
  }
  return any && TraitsOf(node.op).makes == OpTraits::kAsInputs;
}

// 2 for each weight and position: a multiply and an add.
double FlopsOf(const Graph& graph, const Node& node, const Facts& facts) {
  const OpTraits& traits = TraitsOf(node.op);
  const bool matrix = traits.shape == OpTraits::kMatrix;
  if (!matrix && traits.shape != OpTraits::kWindow) return 0;
  const at::Tensor weight =
      traits.takes_weights ? ConstantInput(graph, node, 1) : at::Tensor();
  if (!weight.defined()) return 0;
  const double weights = static_cast<double>(weight.numel());
  if (matrix) return 2 * weights;
  const auto out = facts.find(node.outputs[0]);
  if (out == facts.end()) return 0;
  return 2 * weights *
         static_cast<double>(out->second.height * out->second.width);
}

}  // namespace

std::optional<Window> WindowAsWritten(const Graph& graph, const Node& node) {
  try {
    std::vector<int64_t> kernel;
    Tensors constants(node.inputs.size());
    const at::Tensor weight = ConstantInput(graph, node, 1);
    if (TraitsOf(node.op).takes_weights && weight.defined() &&
        weight.dim() == 4) {
      kernel = weight.sizes().slice(2).vec();
    }
    const OpOptions options;
    const Window window =
        ReadWindow(OpInit(node, graph.opset, constants, options), kernel);
    return window.rank() == 2 ? std::make_optional(window) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<std::array<int64_t, 4>> BorderAsWritten(const Graph& graph,
                                                      const Node& node) {
  std::vector<int64_t> pads;
  const auto stated = node.attributes.find("pads");
  if (stated != node.attributes.end()) pads = stated->second.ints;
  const at::Tensor constant = ConstantInput(graph, node, 1);
  if (constant.defined()) pads = ToInts(constant);
  const bool axes = node.inputs.size() > 3 && !node.inputs[3].empty();
  if (axes || pads.size() != 8) return std::nullopt;
  // n, c, y, x before, then after.
  for (const size_t other : {0, 1, 4, 5}) {
    if (pads[other] != 0) return std::nullopt;
  }
  return std::array<int64_t, 4>{pads[2], pads[3], pads[6], pads[7]};
}

Facts Survey(const Graph& graph, const std::string& image, int64_t channels) {
  Facts facts;
  ValueFacts input;
  input.rank = 4;
  input.channels = channels;
  input.height = input.width = kSurveySize;
  input.stride = input.field = 1;
  facts[image] = input;
  for (const Node& node : graph.nodes) {
    ValueFacts out = OfNode(graph, node, facts);
    out.integer = out.integer || FollowsIntegers(node, graph, facts);
    for (const std::string& output : node.outputs) {
      if (!output.empty()) facts[output] = out;
    }
  }
  return facts;
}

std::unordered_map<std::string, double> CountFlops(
    const Graph& graph, const Facts& facts,
    const std::vector<std::string>& names) {
  std::unordered_map<std::string, double> flops;
  if (graph.nodes.size() > kMaxCounted || names.size() > kMaxCounted)
    return flops;
  const auto producers = IndexProducers(graph);
  std::vector<double> own;
  for (const Node& node : graph.nodes)
    own.push_back(FlopsOf(graph, node, facts));
  // Each value walks its ancestors: quadratic, yet a millisecond for the
  // few hundred nodes of a real network.
  std::vector<size_t> visited(graph.nodes.size(), 0);
  std::vector<size_t> todo;
  for (size_t mark = 0; mark < names.size(); ++mark) {
    double sum = 0;
    const auto push = [&](const std::string& value) {
      const auto it = producers.find(value);
      if (it == producers.end() || visited[it->second] == mark + 1) return;
      visited[it->second] = mark + 1;
      todo.push_back(it->second);
    };
    push(names[mark]);
    while (!todo.empty()) {
      const size_t node = todo.back();
      todo.pop_back();
      sum += own[node];
      for (const std::string& input : graph.nodes[node].inputs) push(input);
    }
    flops[names[mark]] = sum;
  }
  return flops;
}

}  // namespace phosphene::onnx
