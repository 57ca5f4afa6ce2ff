// Names people know layers by: lucid's for GoogLeNet, plain ones for PyTorch's.

#include "server/engine/onnx/info/aliases.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace phosphene::onnx {
namespace {

using Producers = std::unordered_map<std::string, size_t>;

const Node* MakerOf(const Graph& graph, const Producers& producers,
                    const std::string& value) {
  const auto it = producers.find(value);
  return it == producers.end() ? nullptr : &graph.nodes[it->second];
}

// What an inception module ends in.
bool JoinsChannels(const Node& node) {
  const auto axis = node.attributes.find("axis");
  return node.op == "Concat" && axis != node.attributes.end() &&
         axis->second.i == 1;
}

// Value that a ReLU reads, "" when `value` is not a ReLU's output.
std::string BeforeRelu(const Graph& graph, const Producers& producers,
                       const std::string& value) {
  const Node* relu = MakerOf(graph, producers, value);
  return relu != nullptr && relu->op == "Relu" && !relu->inputs.empty()
             ? relu->inputs[0]
             : "";
}

// The convolution behind a ReLU, past a BatchNormalization.
const Node* ConvBehind(const Graph& graph, const Producers& producers,
                       const std::string& relu) {
  const Node* node =
      MakerOf(graph, producers, BeforeRelu(graph, producers, relu));
  if (node != nullptr && node->op == "BatchNormalization" &&
      !node->inputs.empty()) {
    node = MakerOf(graph, producers, node->inputs[0]);
  }
  return node != nullptr && node->op == "Conv" && !node->inputs.empty()
             ? node
             : nullptr;
}

// lucid's names of InceptionV1: nine modules of four branches each, in order.
class LucidNames {
 public:
  explicit LucidNames(const Graph& graph)
      : graph_(graph), producers_(IndexProducers(graph)) {}

  std::map<std::string, std::string> Find() {
    static const char* const kModules[] = {"mixed3a", "mixed3b", "mixed4a",
                                           "mixed4b", "mixed4c", "mixed4d",
                                           "mixed4e", "mixed5a", "mixed5b"};
    std::vector<const Node*> modules;
    for (const Node& node : graph_.nodes) {
      if (JoinsChannels(node) && node.inputs.size() == 4 &&
          !node.outputs[0].empty() &&
          !absl::EndsWith(node.outputs[0], "_pre_relu")) {
        modules.push_back(&node);
      }
    }
    if (modules.size() != std::size(kModules)) return {};
    for (size_t i = 0; i < modules.size(); ++i) {
      if (!NameModule(*modules[i], kModules[i])) return {};
    }
    NameStem(*modules[0]);
    for (auto it = names_.begin(); it != names_.end();) {
      const bool exists = producers_.count(it->first) > 0 ||
                          graph_.constants.count(it->first) > 0;
      it = exists ? names_.erase(it) : std::next(it);
    }
    return names_;
  }

 private:
  // Names a ReLU's output and input.
  bool NamePair(const std::string& name, const std::string& value) {
    const std::string before = BeforeRelu(graph_, producers_, value);
    if (before.empty()) return false;
    names_[name] = value;
    names_[name + "_pre_relu"] = before;
    return true;
  }

  bool NameModule(const Node& module, const std::string& name) {
    static const char* const kBranches[] = {"1x1", "3x3", "5x5", "pool_reduce"};
    names_[name] = module.outputs[0];
    names_[name + "_pre_relu"] = module.outputs[0] + "_pre_relu";
    for (size_t i = 0; i < 4; ++i) {
      if (!NamePair(absl::StrCat(name, "_", kBranches[i]), module.inputs[i]))
        return false;
    }
    for (size_t i : {1, 2}) {
      const Node* conv = ConvBehind(graph_, producers_, module.inputs[i]);
      if (conv == nullptr) return false;
      if (!NamePair(absl::StrCat(name, "_", kBranches[i], "_bottleneck"),
                    conv->inputs[0])) {
        return false;
      }
    }
    return true;
  }

  // The convolutions before the first module, in order.
  void NameStem(const Node& first_module) {
    int count = 0;
    for (const Node& node : graph_.nodes) {
      if (node.index >= first_module.index || node.op != "Relu") continue;
      const bool in_module =
          std::any_of(names_.begin(), names_.end(), [&](const auto& entry) {
            return entry.second == node.outputs[0] &&
                   absl::StartsWith(entry.first, "mixed");
          });
      if (!in_module && count < 3)
        NamePair(absl::StrCat("conv2d", count++), node.outputs[0]);
    }
  }

  const Graph& graph_;
  const Producers producers_;
  std::map<std::string, std::string> names_;
};

}  // namespace

void AddPreReluConcats(Graph* graph) {
  const Producers producers = IndexProducers(*graph);
  std::vector<Node> added;
  for (const Node& node : graph->nodes) {
    if (!JoinsChannels(node) || node.inputs.size() < 2) continue;
    Node before = node;
    before.name = before.outputs[0] = node.outputs[0] + "_pre_relu";
    bool all = producers.count(before.outputs[0]) == 0 &&
               graph->constants.count(before.outputs[0]) == 0;
    for (std::string& input : before.inputs) {
      input = BeforeRelu(*graph, producers, input);
      all = all && !input.empty();
    }
    if (all) added.push_back(std::move(before));
  }
  // After everything they read, so the order stays one in which nodes can run.
  graph->nodes.insert(graph->nodes.end(), added.begin(), added.end());
}

std::map<std::string, std::string> LucidAliases(const Graph& graph) {
  return LucidNames(graph).Find();
}

std::map<std::string, std::string> PlainAliases(const Graph& graph) {
  std::map<std::string, std::string> names;
  const Producers producers = IndexProducers(graph);
  for (const auto& [value, node] : producers) {
    absl::string_view plain = value;
    if (!absl::ConsumeSuffix(&plain, "_output_0")) continue;
    absl::ConsumePrefix(&plain, "/");
    const std::string name(plain);
    if (!name.empty() && producers.count(name) == 0) names[name] = value;
  }
  return names;
}

}  // namespace phosphene::onnx
