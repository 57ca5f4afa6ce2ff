// Copies nodes of functions and branches to where they are called.

#include "server/engine/onnx/file/splice.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene::onnx {
namespace {

// Bytes of names and lists that copying a node takes.
int64_t BytesOf(const Node& node) {
  int64_t bytes = sizeof(Node) + node.name.size() + node.op.size();
  for (const auto* names : {&node.inputs, &node.outputs}) {
    for (const std::string& name : *names) bytes += sizeof(name) + name.size();
  }
  for (const auto& [name, a] : node.attributes) {
    bytes += sizeof(a) + name.size() + a.s.size() + 4 * a.floats.size() +
             8 * a.ints.size();
    for (const std::string& s : a.strings) bytes += sizeof(s) + s.size();
  }
  return bytes;
}

std::string NameIn(const Renaming& names, const std::string& name) {
  const auto it = names.find(name);
  return it == names.end() ? name : it->second;
}

}  // namespace

Splicer::Splicer(const Graph& graph)
    : nodes_(static_cast<int64_t>(graph.nodes.size())) {
  for (const GraphInput& input : graph.inputs) taken_.insert(input.name);
  for (const auto& [name, tensor] : graph.constants) taken_.insert(name);
  for (const auto& [name, what] : graph.unread) taken_.insert(name);
  for (const Node& node : graph.nodes)
    taken_.insert(node.outputs.begin(), node.outputs.end());
}

std::string Splicer::Fresh(const std::string& wanted) {
  constexpr int64_t kRoom = 32;  // for a number behind it
  std::string base = wanted;
  if (static_cast<int64_t>(base.size()) > kMaxNameLength - kRoom ||
      base.empty())
    base = "inlined";
  std::string name = base;
  while (!taken_.insert(name).second)
    name = absl::StrCat(base, "_", ++numbered_);
  return name;
}

void Splicer::NameValues(const std::vector<Node>& nodes,
                         const std::string& prefix, Renaming* names) {
  for (const Node& node : nodes) {
    for (const std::string& output : node.outputs) {
      if (output.empty() || names->count(output) > 0) continue;
      (*names)[output] = Fresh(absl::StrCat(prefix, output));
    }
  }
}

absl::Status Splicer::Count(const Node& node) {
  bytes_ += BytesOf(node);
  if (++nodes_ <= kMaxNodes && bytes_ <= kSplicedBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "with its functions and branches put in place the graph has more than ",
      kMaxNodes, " nodes or ", kSplicedBytes >> 20, " MiB of names"));
}

absl::StatusOr<Node> Splicer::Copy(const Node& node, const Renaming& names) {
  RETURN_IF_ERROR(Count(node));
  Node out = node;
  for (std::string& input : out.inputs) input = NameIn(names, input);
  for (std::string& output : out.outputs) output = NameIn(names, output);
  for (auto& [name, attribute] : out.attributes) {
    if (attribute.type != Attribute::kGraph) continue;
    ASSIGN_OR_RETURN(attribute.graph, CopySubgraph(*attribute.graph, names));
  }
  return out;
}

// What is made or given inside keeps its name, and hides one outside.
absl::StatusOr<std::shared_ptr<const Subgraph>> Splicer::CopySubgraph(
    const Subgraph& from, Renaming names) {
  std::unordered_set<std::string> own(from.inputs.begin(), from.inputs.end());
  for (const auto& [name, tensor] : from.constants) own.insert(name);
  for (const auto& [name, what] : from.unread) own.insert(name);
  for (const Node& node : from.nodes)
    own.insert(node.outputs.begin(), node.outputs.end());
  bytes_ += static_cast<int64_t>((names.size() + own.size()) * 64);
  for (const std::string& name : own) names.erase(name);
  for (const auto& [name, outside] : names) {
    if (own.count(outside) == 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "a branch in a function makes \"", outside,
        "\", which is the name of a value outside that it could read"));
  }
  auto out = std::make_shared<Subgraph>();
  out->constants = from.constants;
  out->unread = from.unread;
  out->inputs = from.inputs;
  for (const std::string& output : from.outputs)
    out->outputs.push_back(NameIn(names, output));
  for (const Node& node : from.nodes) {
    ASSIGN_OR_RETURN(Node copy, Copy(node, names));
    out->nodes.push_back(std::move(copy));
  }
  return out;
}

Node IdentityNode(const std::string& from, const std::string& to) {
  Node node;
  node.name = to;
  node.op = "Identity";
  node.inputs = {from};
  node.outputs = {to};
  return node;
}

}  // namespace phosphene::onnx
