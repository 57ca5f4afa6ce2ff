// Takes the branches that constants choose.

#include "server/engine/onnx/adapt/branches.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/file/nodes.h"
#include "server/engine/onnx/file/splice.h"
#include "server/engine/onnx/program/passes.h"

namespace phosphene::onnx {
namespace {

// Rounds of folding and putting in place: Ifs in Ifs, by conditions made of
// what those outside chose.
constexpr int kMaxRounds = 8;

const Subgraph* BranchOf(const Node& node, const char* name) {
  const auto it = node.attributes.find(name);
  return it == node.attributes.end() || it->second.type != Attribute::kGraph
             ? nullptr
             : it->second.graph.get();
}

// The branch that is taken, null while that is not known.
const Subgraph* Taken(const Graph& graph, const Node& node) {
  if (node.op != "If" || node.inputs.size() != 1) return nullptr;
  const auto condition = graph.constants.find(node.inputs[0]);
  if (condition == graph.constants.end() || condition->second.numel() != 1)
    return nullptr;
  const bool holds = condition->second.reshape({}).to(at::kBool).item<bool>();
  const Subgraph* branch =
      BranchOf(node, holds ? "then_branch" : "else_branch");
  const bool whole = branch != nullptr && branch->inputs.empty() &&
                     branch->outputs.size() >= node.outputs.size();
  return whole ? branch : nullptr;
}

class Inliner {
 public:
  explicit Inliner(Graph* graph) : graph_(graph), splicer_(*graph) {}

  // Whether there was one.
  absl::StatusOr<bool> Run() {
    bool any = false;
    std::vector<Node> before = std::move(graph_->nodes);
    graph_->nodes.clear();
    for (Node& node : before) {
      const Subgraph* branch = Taken(*graph_, node);
      any = any || branch != nullptr;
      if (branch == nullptr) {
        graph_->nodes.push_back(std::move(node));
      } else {
        RETURN_IF_ERROR(Place(*branch, node));
      }
    }
    return any;
  }

 private:
  // A branch's output made inside is called what the If's is; one from outside
  // gets that name by an Identity.
  absl::Status Place(const Subgraph& branch, const Node& call) {
    Renaming names;
    std::unordered_set<std::string> inside;
    for (const Node& node : branch.nodes)
      inside.insert(node.outputs.begin(), node.outputs.end());
    std::vector<std::pair<std::string, std::string>> same;
    for (size_t i = 0; i < call.outputs.size(); ++i) {
      const std::string& output = branch.outputs[i];
      if (call.outputs[i].empty()) continue;
      const bool made = inside.count(output) > 0 && names.count(output) == 0;
      if (made) {
        names[output] = call.outputs[i];
      } else {
        same.emplace_back(output, call.outputs[i]);
      }
    }
    for (const auto& [name, tensor] : branch.constants) {
      names[name] = splicer_.Fresh(name);
      graph_->constants.emplace(names[name], tensor);
    }
    for (const auto& [name, what] : branch.unread) {
      names[name] = splicer_.Fresh(name);
      graph_->unread.emplace(names[name], what);
    }
    splicer_.NameValues(branch.nodes, "", &names);
    for (const Node& node : branch.nodes) {
      ASSIGN_OR_RETURN(Node copy, splicer_.Copy(node, names));
      RETURN_IF_ERROR(Add(std::move(copy)));
    }
    for (const auto& [from, to] : same) {
      const auto renamed = names.find(from);
      graph_->nodes.push_back(
          IdentityNode(renamed == names.end() ? from : renamed->second, to));
    }
    return absl::OkStatus();
  }

  absl::Status Add(Node node) {
    if (node.op != "Constant") {
      graph_->nodes.push_back(std::move(node));
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(MaybeTensor value, ConstantValue(node));
    if (value.unread.empty()) {
      graph_->constants.emplace(node.outputs[0], std::move(value.tensor));
    } else {
      graph_->unread.emplace(node.outputs[0], value.unread);
    }
    return absl::OkStatus();
  }

  Graph* const graph_;
  Splicer splicer_;
};

}  // namespace

absl::Status InlineBranches(Graph* graph) {
  for (int round = 0; round < kMaxRounds; ++round) {
    FoldConstants(graph);
    const bool any =
        std::any_of(graph->nodes.begin(), graph->nodes.end(),
                    [&](const Node& n) { return Taken(*graph, n) != nullptr; });
    if (!any) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool placed, Inliner(graph).Run());
    if (!placed) return absl::OkStatus();
    RETURN_IF_ERROR(SortTopologically(graph));
  }
  return absl::OkStatus();
}

}  // namespace phosphene::onnx
