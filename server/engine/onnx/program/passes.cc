// Rewrites of graphs: folding, fusing, grouping.

#include "server/engine/onnx/program/passes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/tensor/allocation_limit.h"

namespace phosphene::onnx {
namespace {

constexpr int64_t kMaxFoldedElements = int64_t{1} << 24;
// Held while one node is folded.
constexpr int64_t kMaxNodeBytes = 32 * kMaxFoldedElements;

bool AllConstant(const Graph& graph, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.empty() || graph.constants.count(name) > 0;
  });
}

Tensors ConstantsOf(const Graph& graph, const Node& node) {
  Tensors out;
  for (const std::string& input : node.inputs) {
    const auto it = graph.constants.find(input);
    out.push_back(it == graph.constants.end() ? at::Tensor() : it->second);
  }
  return out;
}

int64_t BytesOf(const Tensors& tensors) {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors)
    bytes += tensor.defined() ? tensor.nbytes() : 0;
  return bytes;
}

// Runs a node on constants; false when it cannot be, or not within `budget`
// bytes, from which it takes what it makes and an eighth of what it reads.
bool Evaluate(const Node& node, int64_t* budget, Graph* graph) {
  const OpKind* op = FindOp(node.op);
  if (op == nullptr || op->traits.heavy || node.inputs.empty() || *budget <= 0)
    return false;
  try {
    at::NoGradGuard no_grad;
    const ScopedSizeLimit limit(kMaxFoldedElements);
    const ScopedAllocationLimit memory(kMaxNodeBytes, kMaxNodeBytes);
    const Tensors inputs = ConstantsOf(*graph, node);
    const OpOptions options;
    const Tensors results =
        op->prepare(OpInit(node, graph->opset, inputs, options))(inputs);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (i >= results.size() || results[i].numel() > kMaxFoldedElements)
        return false;
    }
    *budget -= BytesOf(results) + BytesOf(inputs) / 8;
    if (*budget < 0) return false;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.outputs[i].empty())
        graph->constants[node.outputs[i]] = results[i];
    }
    return true;
  } catch (const std::exception&) {
    return false;  // it fails again, with its message, where it is compiled
  }
}

// Erases nodes whose op was cleared.
void DropCleared(Graph* graph) {
  graph->nodes.erase(
      std::remove_if(graph->nodes.begin(), graph->nodes.end(),
                     [](const Node& node) { return node.op.empty(); }),
      graph->nodes.end());
}

// The only reader of a node's only output, if that output is not wanted.
class SoleReaders {
 public:
  SoleReaders(const Wanted& wanted, Graph* graph)
      : wanted_(wanted), graph_(graph) {
    counts_ = CountReaders(*graph);
    for (size_t i = 0; i < graph->nodes.size(); ++i) {
      for (const std::string& input : graph->nodes[i].inputs)
        reader_[input] = i;
    }
  }

  Node* Of(const Node& node) const {
    if (node.outputs.size() != 1 || wanted_.count(node.outputs[0]) > 0)
      return nullptr;
    const auto count = counts_.find(node.outputs[0]);
    if (count == counts_.end() || count->second != 1) return nullptr;
    Node& reader = graph_->nodes[reader_.at(node.outputs[0])];
    return reader.op.empty() || reader.inputs[0] != node.outputs[0] ? nullptr
                                                                    : &reader;
  }

 private:
  const Wanted& wanted_;
  Graph* const graph_;
  std::unordered_map<std::string, int> counts_;
  std::unordered_map<std::string, size_t> reader_;
};

// A convolution that a BatchNormalization can be folded into.
bool HasConstantWeights(const Graph& graph, const Node& conv) {
  return conv.op == "Conv" && conv.inputs.size() >= 2 &&
         conv.activation.kind == Activation::kNone &&
         AllConstant(graph, {conv.inputs.begin() + 1, conv.inputs.end()});
}

// One output and five inputs, four of them constant vectors.
bool Foldable(const Graph& graph, const Node& norm, int64_t channels) {
  if (norm.op != "BatchNormalization" || norm.inputs.size() != 5) return false;
  if (norm.attributes.count("training_mode") &&
      norm.attributes.at("training_mode").i != 0)
    return false;
  for (size_t i = 1; i < 5; ++i) {
    const auto it = graph.constants.find(norm.inputs[i]);
    if (it == graph.constants.end() || it->second.numel() != channels)
      return false;
  }
  return true;
}

// conv' = norm(conv): weight * s and (bias - mean) * s + shift, computed in
// double precision.
void FoldBatchNorm(const Node& norm, WeightCache* cache, Graph* graph,
                   Node* conv) {
  const auto constant = [&](const std::string& name) {
    return graph->constants.at(name).to(at::kDouble);
  };
  const auto epsilon = norm.attributes.find("epsilon");
  const auto scale = [&] {
    const double e =
        epsilon == norm.attributes.end() ? 1e-5 : epsilon->second.f;
    return constant(norm.inputs[1]) * (constant(norm.inputs[4]) + e).rsqrt();
  };
  const std::string suffix = absl::StrCat(" folded by ", norm.outputs[0]);
  const std::string weight = conv->inputs[1],
                    bias = conv->inputs.size() > 2 ? conv->inputs[2] : "";
  const at::ScalarType type = graph->constants.at(weight).scalar_type();
  graph->constants[weight + suffix] = cache->Get(weight + suffix, [&] {
    const at::Tensor w = constant(weight);
    std::vector<int64_t> shape(w.dim(), 1);
    shape[0] = w.size(0);
    return (w * scale().view(shape)).to(type);
  });
  graph->constants[bias + suffix] = cache->Get(bias + suffix, [&] {
    const at::Tensor b =
        bias.empty() ? at::zeros({1}, at::kDouble) : constant(bias);
    return ((b - constant(norm.inputs[3])) * scale() + constant(norm.inputs[2]))
        .to(type);
  });
  conv->inputs.resize(3);
  conv->inputs[1] = weight + suffix;
  conv->inputs[2] = bias + suffix;
  conv->outputs = {norm.outputs[0]};
}

// The activation a Relu or Clip node is, if it is one.
Activation ActivationOf(const Graph& graph, const Node& node) {
  if (node.op == "Relu") return {Activation::kRelu, 0};
  if (node.op != "Clip") return {};
  const auto bound = [&](const char* name, size_t input, double otherwise) {
    const auto attribute = node.attributes.find(name);
    if (attribute != node.attributes.end())
      return static_cast<double>(attribute->second.f);
    if (node.inputs.size() <= input || node.inputs[input].empty())
      return otherwise;
    const auto it = graph.constants.find(node.inputs[input]);
    if (it == graph.constants.end() || it->second.numel() != 1)
      return std::nan("");
    return it->second.item().toDouble();
  };
  const double low = bound("min", 1, -INFINITY),
               high = bound("max", 2, INFINITY);
  if (low != 0 || !(high > 0)) return {};
  return std::isinf(high) ? Activation{Activation::kRelu, 0}
                          : Activation{Activation::kClip, high};
}

// The input of a two-input node that is not the constant `value`, where one is.
const std::string* OtherThan(const Graph& graph, const Node& node,
                             double value) {
  if (node.inputs.size() != 2) return nullptr;
  for (size_t i = 0; i < 2; ++i) {
    const auto it = graph.constants.find(node.inputs[i]);
    if (it == graph.constants.end() || it->second.numel() != 1) continue;
    if (!at::isFloatingType(it->second.scalar_type())) continue;
    const double is = it->second.item().toDouble();
    if (std::abs(is - value) <= 1e-6 * std::abs(value))
      return &node.inputs[1 - i];
  }
  return nullptr;
}

// 1x1, stride 1, unpadded, one group, an activation that a group can share.
bool Groupable(const Graph& graph, const Node& conv) {
  if (conv.op != "Conv" || conv.outputs.size() != 1 || conv.inputs.size() < 2)
    return false;
  if (!AllConstant(graph, {conv.inputs.begin() + 1, conv.inputs.end()}))
    return false;
  if (conv.activation.kind == Activation::kClip) return false;
  const at::Tensor& weight = graph.constants.at(conv.inputs[1]);
  if (weight.dim() != 4 || weight.size(2) != 1 || weight.size(3) != 1)
    return false;
  for (const auto& [name, a] : conv.attributes) {
    const int64_t plain = name == "pads" ? 0 : 1;
    const auto differs = [plain](int64_t v) { return v != plain; };
    if (name == "auto_pad" && a.s != "NOTSET") return false;
    if (name == "group" && a.i != 1) return false;
    if (std::any_of(a.ints.begin(), a.ints.end(), differs)) return false;
  }
  return true;
}

}  // namespace

void FoldConstants(Graph* graph) {
  int64_t budget = kFoldedBytes;
  for (const auto& [name, tensor] : graph->constants) {
    budget += kFoldedFactor * static_cast<int64_t>(tensor.nbytes());
  }
  for (Node& node : graph->nodes) {
    if (AllConstant(*graph, node.inputs) && Evaluate(node, &budget, graph))
      node.op.clear();
  }
  DropCleared(graph);
}

std::unordered_map<std::string, std::string> RemoveNoOps(const Wanted& wanted,
                                                         Graph* graph) {
  std::unordered_map<std::string, std::string> same;
  const auto readers = CountReaders(*graph);
  for (Node& node : graph->nodes) {
    for (std::string& input : node.inputs) {
      const auto it = same.find(input);
      if (it != same.end()) input = it->second;
    }
    const bool mask_read =
        node.outputs.size() > 1 && (readers.count(node.outputs[1]) > 0 ||
                                    wanted.count(node.outputs[1]) > 0);
    const bool trains = node.inputs.size() > 2 && !node.inputs[2].empty();
    if (node.inputs.empty() || !TraitsOf(node.op).no_op || mask_read || trains)
      continue;
    same[node.outputs[0]] = node.inputs[0];
    node.op.clear();
  }
  DropCleared(graph);
  return same;
}

void FoldBatchNorms(const Wanted& wanted, WeightCache* cache, Graph* graph) {
  const SoleReaders readers(wanted, graph);
  for (Node& conv : graph->nodes) {
    if (!HasConstantWeights(*graph, conv)) continue;
    Node* norm = readers.Of(conv);
    const int64_t channels = graph->constants.at(conv.inputs[1]).size(0);
    if (norm == nullptr || !Foldable(*graph, *norm, channels)) continue;
    FoldBatchNorm(*norm, cache, graph, &conv);
    norm->op.clear();
  }
  DropCleared(graph);
}

void FuseActivations(const Wanted& wanted, Graph* graph) {
  const SoleReaders readers(wanted, graph);
  for (Node& conv : graph->nodes) {
    if (conv.op != "Conv" || conv.activation.kind != Activation::kNone)
      continue;
    Node* reader = readers.Of(conv);
    if (reader == nullptr) continue;
    const Activation activation = ActivationOf(*graph, *reader);
    if (activation.kind == Activation::kNone) continue;
    conv.activation = activation;
    conv.outputs = reader->outputs;
    reader->op.clear();
  }
  DropCleared(graph);
}

void FuseGelus(const Wanted& wanted, Graph* graph) {
  const auto readers = CountReaders(*graph);
  const auto makers = IndexProducers(*graph);
  // The node of this operator that makes a value nobody else reads.
  const auto maker = [&](const std::string* value, const char* op) -> Node* {
    if (value == nullptr || makers.count(*value) == 0 ||
        wanted.count(*value) > 0)
      return nullptr;
    Node& node = graph->nodes[makers.at(*value)];
    return node.op == op && node.outputs.size() == 1 && readers.at(*value) == 1
               ? &node
               : nullptr;
  };
  for (Node& last : graph->nodes) {
    if (last.op != "Mul") continue;
    Node* const product = maker(OtherThan(*graph, last, 0.5), "Mul");
    if (product == nullptr || product->inputs.size() != 2) continue;
    for (size_t i = 0; i < 2; ++i) {
      const std::string& x = product->inputs[1 - i];
      Node* const sum = maker(&product->inputs[i], "Add");
      Node* const erf =
          sum == nullptr ? nullptr : maker(OtherThan(*graph, *sum, 1), "Erf");
      Node* const scaled =
          erf == nullptr ? nullptr : maker(&erf->inputs[0], "Div");
      if (scaled == nullptr || scaled->inputs[0] != x) continue;
      if (OtherThan(*graph, *scaled, std::sqrt(2.0)) != &scaled->inputs[0])
        continue;
      last.op = "Gelu";
      last.inputs = {x};
      for (Node* node : {product, sum, erf, scaled}) node->op.clear();
      break;
    }
  }
  DropCleared(graph);
}

void GroupConvolutions(Graph* graph) {
  std::map<std::pair<std::string, int>, std::vector<size_t>> groups;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& node = graph->nodes[i];
    if (Groupable(*graph, node))
      groups[{node.inputs[0], node.activation.kind}].push_back(i);
  }
  for (const auto& [key, members] : groups) {
    if (members.size() < 2) continue;
    // All read the same value, so they can run where the first of them does.
    Node& first = graph->nodes[members[0]];
    first.op = kGroupedConv;
    first.inputs.resize(3);
    for (size_t i = 1; i < members.size(); ++i) {
      Node& other = graph->nodes[members[i]];
      other.inputs.resize(3);
      first.inputs.insert(first.inputs.end(),
                          {other.inputs[1], other.inputs[2]});
      first.outputs.push_back(other.outputs[0]);
      other.op.clear();
    }
  }
  DropCleared(graph);
}

}  // namespace phosphene::onnx
