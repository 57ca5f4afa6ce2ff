#include "server/engine/onnx/info/survey.h"

#include <algorithm>
#include <set>
#include <vector>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

using Facts = std::unordered_map<std::string, ValueFacts>;

// Above this many nodes, sums over each value's ancestors take too long.
constexpr size_t kMaxCounted = 3'000;

bool In(const std::string& op, const std::set<std::string>& ops) {
  return ops.count(op) > 0;
}

const std::set<std::string>& SameShapeOps() {
  static const auto* const kOps =
      new std::set<std::string>{"Relu",
                                "Clip",
                                "LRN",
                                "BatchNormalization",
                                "Softmax",
                                "LogSoftmax",
                                "Dropout",
                                "Identity",
                                "Sigmoid",
                                "HardSigmoid",
                                "HardSwish",
                                "Tanh",
                                "Add",
                                "Mul",
                                "Sub",
                                "Div",
                                "LeakyRelu",
                                "PRelu",
                                "Elu",
                                "Selu",
                                "Celu",
                                "Softplus",
                                "Softsign",
                                "Mish",
                                "Gelu",
                                "Erf",
                                "Exp",
                                "Log",
                                "Sqrt",
                                "Pow",
                                "Abs",
                                "Neg",
                                "Min",
                                "Max",
                                "Sum",
                                "ThresholdedRelu",
                                "InstanceNormalization",
                                "GroupNormalization",
                                "LayerNormalization",
                                "LpNormalization"};
  return *kOps;
}

bool MakesIntegers(const Node& node) {
  static const auto* const kOps = new std::set<std::string>{
      "Shape", "Size",    "NonZero", "ArgMax", "ArgMin", "Equal",
      "Less",  "Greater", "Not",     "And",    "Or",     "IsNaN"};
  if (In(node.op, *kOps)) return true;
  const auto to = node.attributes.find("to");
  // Element types 1, 10, 11 and 16 are floating-point.
  return node.op == "Cast" && to != node.attributes.end() &&
         to->second.i != 1 && to->second.i != 10 && to->second.i != 11 &&
         to->second.i != 16;
}

// The window of a Conv or pooling node at the survey's size; null when the node
// is faulty, which Compile will say.
std::optional<Window> WindowOf(const Graph& graph, const Node& node,
                               const ValueFacts& in) {
  if (in.rank != 4) return std::nullopt;
  try {
    std::vector<int64_t> kernel;
    Tensors constants(node.inputs.size());
    if (node.op == "Conv" && node.inputs.size() > 1 &&
        graph.constants.count(node.inputs[1])) {
      const at::Tensor& weight = graph.constants.at(node.inputs[1]);
      if (weight.dim() == 4) kernel = weight.sizes().slice(2).vec();
    }
    const OpOptions options;
    const Window window =
        ReadWindow(OpInit(node, graph.opset, constants, options), kernel);
    if (window.rank() != 2) return std::nullopt;
    if (in.height == 0)
      return window.auto_pad == Window::kExplicit ? std::make_optional(window)
                                                  : std::nullopt;
    return WithPads(window, {in.height, in.width});
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

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

ValueFacts OfFlatten(const ValueFacts& in) {
  ValueFacts out;
  out.rank = 2;
  const bool one_place = in.height == 1 && in.width == 1;
  out.channels = one_place || in.rank == 2 ? in.channels : 0;
  return out;
}

// Widest of several inputs of the same shape, or a broadcast one.
ValueFacts OfElementwise(const Node& node, const Facts& facts) {
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
  return out;
}

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

ValueFacts OfNode(const Graph& graph, const Node& node, const Facts& facts) {
  ValueFacts out;
  const auto first =
      node.inputs.empty() ? facts.end() : facts.find(node.inputs[0]);
  const bool reached = first != facts.end();
  const auto weight = [&](size_t i) {
    const auto it = i < node.inputs.size()
                        ? graph.constants.find(node.inputs[i])
                        : graph.constants.end();
    return it == graph.constants.end() ? at::Tensor() : it->second;
  };
  if (MakesIntegers(node)) {
    out.integer = true;
  } else if (In(node.op, {"Conv", "MaxPool", "AveragePool"}) && reached) {
    const auto window = WindowOf(graph, node, first->second);
    if (window) out = Slide(*window, first->second);
    if (node.op == "Conv")
      out.channels = weight(1).defined() ? weight(1).size(0) : 0;
  } else if (In(node.op, {"GlobalAveragePool", "GlobalMaxPool"}) && reached) {
    out.rank = first->second.rank;
    out.channels = first->second.channels;
    out.height = out.width = 1;
  } else if (node.op == "Flatten" && reached) {
    out = OfFlatten(first->second);
  } else if (node.op == "Gemm" && weight(1).defined() && weight(1).dim() == 2) {
    const auto turned = node.attributes.find("transB");
    out.rank = 2;
    out.channels = weight(1).size(
        turned != node.attributes.end() && turned->second.i ? 0 : 1);
  } else if (node.op == "Concat") {
    out = OfConcat(node, facts);
  } else if (SameShapeOps().count(node.op) > 0) {
    out = OfElementwise(node, facts);
  }
  return out;
}

// True when every input that is no constant is shape arithmetic.
bool FollowsIntegers(const Node& node, const Graph& graph, const Facts& facts) {
  bool any = false;
  for (const std::string& input : node.inputs) {
    if (input.empty() || graph.constants.count(input) > 0) continue;
    const auto it = facts.find(input);
    if (it == facts.end() || !it->second.integer) return false;
    any = true;
  }
  return any && node.op != "Cast" && node.op != "Where";
}

double FlopsOf(const Graph& graph, const Node& node, const Facts& facts) {
  if (node.op != "Conv" && node.op != "Gemm") return 0;
  const auto it = node.inputs.size() > 1 ? graph.constants.find(node.inputs[1])
                                         : graph.constants.end();
  if (it == graph.constants.end()) return 0;
  const double weights = static_cast<double>(it->second.numel());
  if (node.op == "Gemm") return 2 * weights;
  const auto out = facts.find(node.outputs[0]);
  if (out == facts.end()) return 0;
  return 2 * weights *
         static_cast<double>(out->second.height * out->second.width);
}

}  // namespace

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
