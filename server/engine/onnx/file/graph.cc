// Orders and prunes graphs.

#include "server/engine/onnx/file/graph.h"

#include <algorithm>
#include <deque>
#include <unordered_set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace phosphene::onnx {
namespace {

absl::Status CheckUnique(const Graph& graph) {
  std::unordered_set<std::string> known;
  for (const GraphInput& input : graph.inputs) known.insert(input.name);
  for (const auto& [name, tensor] : graph.constants) known.insert(name);
  for (const auto& [name, what] : graph.unread) known.insert(name);
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (output.empty() || known.insert(output).second) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(node), " makes \"", output, "\", which exists already"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMade(
    const Graph& graph,
    const std::unordered_map<std::string, size_t>& producers) {
  const auto exists = [&](const std::string& name) {
    return graph.constants.count(name) > 0 || producers.count(name) > 0 ||
           graph.unread.count(name) > 0 || graph.FindInput(name) != nullptr;
  };
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      if (input.empty() || exists(input)) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(node), " reads \"", input, "\", which nothing makes"));
    }
  }
  for (const std::string& output : graph.outputs) {
    if (exists(output)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("graph output \"", output, "\" is made by nothing"));
  }
  return absl::OkStatus();
}

absl::Status CycleError(const Graph& graph,
                        const std::vector<int>& waiting_for) {
  std::vector<std::string> names;
  for (size_t i = 0; i < graph.nodes.size() && names.size() < 5; ++i) {
    if (waiting_for[i] > 0) names.push_back(Describe(graph.nodes[i]));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the graph has a cycle; among the nodes in or behind it: ",
                   absl::StrJoin(names, ", ")));
}

}  // namespace

bool IsAdapted(absl::string_view value) {
  return absl::StartsWith(value, kAdaptedPrefix);
}

std::string Describe(const Node& node) {
  return absl::StrCat(node.op, " node \"", node.name, "\"");
}

const GraphInput* Graph::FindInput(absl::string_view name) const {
  for (const GraphInput& input : inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

std::unordered_map<std::string, size_t> IndexProducers(const Graph& graph) {
  std::unordered_map<std::string, size_t> producers;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (!output.empty()) producers.emplace(output, i);
    }
  }
  return producers;
}

absl::Status SortTopologically(Graph* graph) {
  RETURN_IF_ERROR(CheckUnique(*graph));
  const auto producers = IndexProducers(*graph);
  RETURN_IF_ERROR(CheckMade(*graph, producers));
  const size_t count = graph->nodes.size();
  std::vector<int> waiting_for(count, 0);
  std::vector<std::vector<size_t>> readers(count);
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& input : graph->nodes[i].inputs) {
      const auto it = producers.find(input);
      if (it == producers.end()) continue;
      readers[it->second].push_back(i);
      ++waiting_for[i];
    }
  }
  // Kahn's algorithm; the queue keeps the file's order where it is free.
  std::deque<size_t> ready;
  for (size_t i = 0; i < count; ++i) {
    if (waiting_for[i] == 0) ready.push_back(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t i = ready.front();
    ready.pop_front();
    order.push_back(i);
    for (size_t reader : readers[i]) {
      if (--waiting_for[reader] == 0) ready.push_back(reader);
    }
  }
  if (order.size() < count) return CycleError(*graph, waiting_for);
  std::vector<Node> sorted;
  sorted.reserve(count);
  for (size_t i : order) sorted.push_back(std::move(graph->nodes[i]));
  graph->nodes = std::move(sorted);
  return absl::OkStatus();
}

void Prune(const std::vector<std::string>& wanted, Graph* graph) {
  std::unordered_set<std::string> needed(wanted.begin(), wanted.end());
  std::vector<Node> kept;
  for (size_t i = graph->nodes.size(); i-- > 0;) {
    Node& node = graph->nodes[i];
    const bool used = std::any_of(
        node.outputs.begin(), node.outputs.end(),
        [&](const auto& o) { return !o.empty() && needed.count(o) > 0; });
    if (!used) continue;
    needed.insert(node.inputs.begin(), node.inputs.end());
    kept.push_back(std::move(node));
  }
  std::reverse(kept.begin(), kept.end());
  graph->nodes = std::move(kept);
}

std::unordered_map<std::string, int> CountReaders(const Graph& graph) {
  std::unordered_map<std::string, int> readers;
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      if (!input.empty()) ++readers[input];
    }
  }
  return readers;
}

}  // namespace phosphene::onnx
