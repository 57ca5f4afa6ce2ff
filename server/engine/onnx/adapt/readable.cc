// Keeps of a network what listed operators and the picture reach.

#include "server/engine/onnx/adapt/readable.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/program/program.h"

namespace phosphene::onnx {
namespace {

// Constants that operators look at when they check a node: bounds, axes, flags.
// Larger ones are weights, which are not laid out to see whether a node is
// sound.
constexpr int64_t kMaxLookedAt = 1'024;
constexpr size_t kMaxReasons = 5;

// What is wrong with a node by its own, to stand behind its name: ", an
// operator that is not supported", " (has ...)", "".
std::string OwnFault(const Graph& graph, const Node& node) {
  if (!node.fault.empty()) return absl::StrCat(" (", node.fault, ")");
  const OpKind* op = FindOp(node.op);
  if (op == nullptr) return ", an operator that is not supported";
  Tensors constants;
  for (const std::string& input : node.inputs) {
    const auto it = graph.constants.find(input);
    const bool small =
        it != graph.constants.end() && it->second.numel() <= kMaxLookedAt;
    constants.push_back(small ? it->second : at::Tensor());
  }
  const OpOptions options;
  try {
    op->prepare(OpInit(node, graph.opset, std::move(constants), options));
  } catch (const BadNode& e) {
    return absl::StrCat(" (", e.what(), ")");
  } catch (const std::exception&) {
    // Said where the node is compiled.
  }
  return "";
}

class Finder {
 public:
  Finder(const Graph& graph, const std::string& image) : graph_(graph) {
    reached_.insert(image);
    for (const GraphInput& input : graph.inputs) {
      if (input.name != image) inputs_.insert(input.name);
    }
  }

  Readability Find() {
    for (const Node& node : graph_.nodes) {
      const std::string why = WhyNot(node);
      if (why.empty()) {
        ++out_.nodes;
        Reach(node);
        continue;
      }
      ++out_.nodes_left;
      for (const std::string& output : node.outputs) {
        if (!output.empty()) out_.left_out[output] = why;
      }
    }
    return std::move(out_);
  }

 private:
  // "" when the node can be run.
  std::string WhyNot(const Node& node) {
    for (const std::string& input : node.inputs) {
      const auto left = out_.left_out.find(input);
      if (left != out_.left_out.end()) return left->second;
    }
    std::string fault = OwnFault(graph_, node);
    for (const std::string& input : node.inputs) {
      if (!fault.empty()) break;
      const auto unread = graph_.unread.find(input);
      if (unread != graph_.unread.end())
        fault = absl::StrCat(" (reads \"", input, "\", ", unread->second, ")");
      if (inputs_.count(input) == 0) continue;
      fault = absl::StrCat(" (needs the input \"", input,
                           "\", another than the image)");
      out_.needs_input = true;
    }
    if (fault.empty()) return "";
    const std::string reason = absl::StrCat(Describe(node), fault);
    if (out_.reasons.size() < kMaxReasons) out_.reasons.push_back(reason);
    return absl::StrCat("behind ", reason);
  }

  void Reach(const Node& node) {
    const bool from_image =
        std::any_of(node.inputs.begin(), node.inputs.end(),
                    [&](const auto& i) { return reached_.count(i) > 0; });
    if (!from_image) return;
    const bool integers = TraitsOf(node.op).makes == OpTraits::kIntegers;
    for (const std::string& output : node.outputs) {
      if (output.empty()) continue;
      reached_.insert(output);
      if (!integers) ++out_.layers;
    }
  }

  const Graph& graph_;
  std::unordered_set<std::string> reached_, inputs_;
  Readability out_;
};

// What is left of the outputs; those of whole numbers, which objectives do not
// read, last.
std::vector<std::string> OutputsLeft(const Graph& graph,
                                     const Readability& readable) {
  std::unordered_set<std::string> integers;
  for (const Node& node : graph.nodes) {
    if (TraitsOf(node.op).makes == OpTraits::kIntegers)
      integers.insert(node.outputs.begin(), node.outputs.end());
  }
  std::vector<std::string> numbers, others;
  for (const std::string& output : graph.outputs) {
    if (readable.left_out.count(output) > 0) continue;
    (integers.count(output) > 0 ? others : numbers).push_back(output);
  }
  numbers.insert(numbers.end(), others.begin(), others.end());
  return numbers;
}

}  // namespace

Readability FindReadable(const Graph& graph, const std::string& image) {
  return Finder(graph, image).Find();
}

absl::Status KeepReadable(const Readability& readable, const std::string& image,
                          Graph* graph) {
  if (readable.layers == 0) {
    const absl::Status unknown = CheckOpsKnown(*graph);
    return absl::Status(
        unknown.ok() ? absl::StatusCode::kInvalidArgument
                     : absl::StatusCode::kUnimplemented,
        absl::StrCat(
            "nothing of the network can be read. ",
            readable.reasons.empty()
                ? absl::StrCat("No node makes numbers of the input \"", image,
                               "\"")
                : absl::StrCat("In the way: ",
                               absl::StrJoin(readable.reasons, "; ")),
            readable.needs_input
                ? ". Save the file with its other inputs as constants "
                  "(initializers), or name the image by --input"
                : "",
            unknown.ok() ? "" : absl::StrCat(". ", unknown.message())));
  }
  if (readable.nodes_left > 0) {
    graph->outputs = OutputsLeft(*graph, readable);
    std::unordered_set<std::string> known(graph->outputs.begin(),
                                          graph->outputs.end());
    std::vector<Node> kept, gone;
    for (Node& node : graph->nodes) {
      const bool left = std::any_of(
          node.outputs.begin(), node.outputs.end(),
          [&](const auto& o) { return readable.left_out.count(o) > 0; });
      (left ? gone : kept).push_back(std::move(node));
    }
    graph->nodes = std::move(kept);
    const auto producers = IndexProducers(*graph);
    for (const Node& node : gone) {
      for (const std::string& input : node.inputs) {
        if (producers.count(input) > 0 && known.insert(input).second)
          graph->outputs.push_back(input);
      }
    }
  }
  graph->inputs.erase(
      std::remove_if(graph->inputs.begin(), graph->inputs.end(),
                     [&](const GraphInput& i) { return i.name != image; }),
      graph->inputs.end());
  return absl::OkStatus();
}

std::string ReadabilityNote(const Readability& readable) {
  if (readable.nodes_left == 0) return "";
  const int64_t all = readable.nodes + readable.nodes_left;
  std::string others;
  if (readable.reasons.size() > 1) {
    others =
        absl::StrCat("; also ", absl::StrJoin(readable.reasons.begin() + 1,
                                              readable.reasons.end(), "; "));
  }
  return absl::StrCat(
      readable.nodes_left, " of ", all, " nodes are not read: those behind ",
      readable.reasons.empty() ? "others" : readable.reasons[0], others);
}

}  // namespace phosphene::onnx
