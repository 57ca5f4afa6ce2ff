// Puts a file's own functions where they are called.

#include "server/engine/onnx/file/functions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/file/splice.h"

namespace phosphene::onnx {
namespace {

// Attributes that name one of the function's take its value at the call, else
// its default; without either they are absent.
void ResolveReferences(const Function& function, const Node& call, Node* node) {
  auto& attributes = node->attributes;
  for (auto it = attributes.begin(); it != attributes.end();) {
    if (it->second.type != Attribute::kReference) {
      ++it;
      continue;
    }
    const std::string& name = it->second.s;
    const auto given = call.attributes.find(name);
    const auto usual = function.defaults.find(name);
    if (given != call.attributes.end()) {
      it->second = Attribute(given->second);
    } else if (usual != function.defaults.end()) {
      it->second = Attribute(usual->second);
    } else {
      it = attributes.erase(it);
      continue;
    }
    ++it;
  }
}

class Inliner {
 public:
  Inliner(const Functions& functions, Graph* graph)
      : functions_(functions), graph_(graph), splicer_(*graph) {}

  absl::Status Run() {
    std::vector<Node> before = std::move(graph_->nodes);
    graph_->nodes.clear();
    for (Node& node : before) RETURN_IF_ERROR(Place(std::move(node)));
    return absl::OkStatus();
  }

 private:
  absl::Status Place(Node node) {
    const auto function = functions_.find(node.op);
    if (function == functions_.end()) {
      graph_->nodes.push_back(std::move(node));
      return absl::OkStatus();
    }
    if (!function->second.fault.empty()) {
      node.fault = function->second.fault;
      graph_->nodes.push_back(std::move(node));
      return absl::OkStatus();
    }
    const bool again =
        std::find(calls_.begin(), calls_.end(), node.op) != calls_.end();
    if (again || static_cast<int>(calls_.size()) >= kMaxFunctionDepth) {
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(node), " calls a function that calls ",
          again
              ? "itself"
              : absl::StrCat("others ", kMaxFunctionDepth, " times in a row")));
    }
    calls_.push_back(node.op);
    RETURN_IF_ERROR(PlaceBody(function->second, node));
    calls_.pop_back();
    return absl::OkStatus();
  }

  absl::Status PlaceBody(const Function& function, const Node& call) {
    Renaming names;
    for (size_t i = 0; i < function.inputs.size(); ++i)
      names[function.inputs[i]] = i < call.inputs.size() ? call.inputs[i] : "";
    // Outputs that are inputs of the function need a node to be made by.
    std::vector<Node> same;
    for (size_t i = 0; i < function.outputs.size(); ++i) {
      const std::string& output = function.outputs[i];
      if (i >= call.outputs.size() || call.outputs[i].empty()) continue;
      const auto given = names.find(output);
      if (given == names.end()) {
        names[output] = call.outputs[i];
      } else {
        same.push_back(IdentityNode(given->second, call.outputs[i]));
      }
    }
    splicer_.NameValues(function.nodes, absl::StrCat(call.name, "/"), &names);
    for (const Node& node : function.nodes) {
      ASSIGN_OR_RETURN(Node copy, splicer_.Copy(node, names));
      copy.name = absl::StrCat(call.name, "/", node.name);
      if (static_cast<int64_t>(copy.name.size()) > kMaxNameLength)
        copy.name = node.name;
      ResolveReferences(function, call, &copy);
      RETURN_IF_ERROR(Place(std::move(copy)));
    }
    for (Node& node : same) graph_->nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  const Functions& functions_;
  Graph* const graph_;
  Splicer splicer_;
  std::vector<std::string> calls_;  // from the outermost on
};

absl::Status CheckNames(const FunctionProto& proto) {
  for (const auto* names : {&proto.input(), &proto.output()}) {
    for (const std::string& name : *names)
      RETURN_IF_ERROR(CheckValueName(name, "value of a function", 0));
  }
  return CheckValueName(
      absl::StrCat(proto.domain(), proto.name(), proto.overload()), "function",
      0);
}

}  // namespace

absl::StatusOr<Functions> ReadFunctions(const ModelProto& model, int64_t opset,
                                        NodeReader* reader) {
  Functions functions;
  for (const FunctionProto& proto : model.functions()) {
    RETURN_IF_ERROR(CheckNames(proto));
    Function function;
    function.inputs.assign(proto.input().begin(), proto.input().end());
    function.outputs.assign(proto.output().begin(), proto.output().end());
    for (const OperatorSetIdProto& id : proto.opset_import()) {
      if (!IsDefaultDomain(id.domain()) || id.version() == opset) continue;
      function.fault =
          absl::StrCat("has a body of opset ", id.version(),
                       " in a file of opset ", opset, ", which is not mixed");
    }
    // A node without operator carries the defaults through the reader.
    NodeProto defaults;
    defaults.set_op_type(proto.name().empty() ? "function" : proto.name());
    defaults.add_output("defaults");
    *defaults.mutable_attribute() = proto.attribute_proto();
    ASSIGN_OR_RETURN(Node carrier, reader->Read(defaults, 0));
    function.defaults = std::move(carrier.attributes);
    for (int i = 0; i < proto.node_size(); ++i) {
      ASSIGN_OR_RETURN(Node node, reader->Read(proto.node(i), i));
      function.nodes.push_back(std::move(node));
    }
    const std::string name =
        QualifiedName(proto.domain(), proto.name(), proto.overload());
    if (!functions.emplace(name, std::move(function)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two functions are named \"", name, "\""));
    }
  }
  return functions;
}

absl::Status InlineFunctions(const Functions& functions, Graph* graph) {
  if (functions.empty()) return absl::OkStatus();
  return Inliner(functions, graph).Run();
}

}  // namespace phosphene::onnx
