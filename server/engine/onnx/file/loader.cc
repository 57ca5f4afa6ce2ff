// From the bytes of an ONNX file to a graph, trusting nothing in them.

#include "server/engine/onnx/file/loader.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/protobuf_log.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/engine/onnx/file/optional_squeeze.h"
#include "server/engine/onnx/file/wire.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

// What a file that is not an ONNX model begins like.
std::string GuessFormat(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "\xff\xd8\xff")) return "a JPEG picture";
  if (absl::StartsWith(bytes, "\x89PNG")) return "a PNG picture";
  if (absl::StartsWith(bytes, "RIFF")) return "a RIFF file (WebP?)";
  if (absl::StartsWith(bytes, "PK\x03\x04"))
    return "a zip archive (a PyTorch file? export it to ONNX)";
  if (absl::StartsWith(bytes, "\x89HDF"))
    return "an HDF5 file (Keras? export it to ONNX)";
  if (absl::StartsWith(bytes, "version https://git-lfs"))
    return "a Git LFS pointer, not the file";
  if (absl::StartsWith(bytes, "<") || absl::StartsWith(bytes, "{"))
    return "text";
  return "";
}

absl::Status NotOnnx(absl::string_view bytes, absl::string_view problem) {
  const std::string guess = GuessFormat(bytes);
  if (!guess.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an ONNX model; it looks like ", guess));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not an ONNX model, or cut off: ", problem, " (",
                   bytes.size(), " bytes)"));
}

absl::StatusOr<Attribute> ReadAttribute(const AttributeProto& proto,
                                        const ModelBytes& file) {
  Attribute out;
  switch (proto.type()) {
    case AttributeProto::FLOAT:
      out.type = Attribute::kFloat;
      out.f = proto.f();
      break;
    case AttributeProto::INT:
      out.type = Attribute::kInt;
      out.i = proto.i();
      break;
    case AttributeProto::STRING:
      out.type = Attribute::kString;
      out.s = proto.s();
      break;
    case AttributeProto::FLOATS:
      out.type = Attribute::kFloats;
      out.floats.assign(proto.floats().begin(), proto.floats().end());
      break;
    case AttributeProto::INTS:
      out.type = Attribute::kInts;
      out.ints.assign(proto.ints().begin(), proto.ints().end());
      break;
    case AttributeProto::STRINGS:
      out.type = Attribute::kStrings;
      out.strings.assign(proto.strings().begin(), proto.strings().end());
      break;
    case AttributeProto::TENSOR: {
      out.type = Attribute::kTensor;
      ASSIGN_OR_RETURN(out.t, ReadTensor(proto.t(), &file));
      break;
    }
    default:
      break;  // subgraphs and the like: whoever needs them refuses
  }
  return out;
}

bool IsDefaultDomain(const std::string& domain) {
  return domain.empty() || domain == "ai.onnx";
}

// Names go into messages and replies, which are UTF-8; one that is not is
// damage, and is not repeated.
absl::Status CheckNames(const GraphProto& graph) {
  const auto bad = [](absl::string_view what, int64_t i) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " ", i, " has a name that is not UTF-8; the file is damaged"));
  };
  const auto all_text = [](const auto& names) {
    return std::all_of(names.begin(), names.end(),
                       [](const std::string& n) { return IsUtf8(n); });
  };
  for (int i = 0; i < graph.initializer_size(); ++i) {
    if (!IsUtf8(graph.initializer(i).name())) return bad("tensor", i);
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    const NodeProto& node = graph.node(i);
    bool text = IsUtf8(node.name()) && IsUtf8(node.op_type()) &&
                IsUtf8(node.domain()) && all_text(node.input()) &&
                all_text(node.output());
    for (const AttributeProto& attribute : node.attribute()) {
      text = text && IsUtf8(attribute.name()) && IsUtf8(attribute.t().name());
    }
    if (!text) return bad("node", i);
  }
  for (int i = 0; i < graph.input_size(); ++i) {
    if (!IsUtf8(graph.input(i).name())) return bad("graph input", i);
  }
  for (int i = 0; i < graph.output_size(); ++i) {
    if (!IsUtf8(graph.output(i).name())) return bad("graph output", i);
  }
  return absl::OkStatus();
}

absl::StatusOr<Node> ReadNode(const NodeProto& proto, int64_t index,
                              const ModelBytes& file) {
  Node node;
  node.index = index;
  node.op = IsDefaultDomain(proto.domain())
                ? proto.op_type()
                : absl::StrCat(proto.domain(), "::", proto.op_type());
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.name = proto.name();
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs[0];
  const auto bad = [&](absl::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(
        "node ", index, " (", node.op.substr(0, 64), ") ", message));
  };
  if (node.op.empty()) return bad("has no operator");
  if (node.outputs.empty()) return bad("has no output");
  if (node.op.size() > kMaxNameLength || node.name.size() > kMaxNameLength) {
    return bad(
        absl::StrCat("has a name longer than ", kMaxNameLength, " bytes"));
  }
  if (static_cast<int64_t>(node.inputs.size()) > kMaxNodeInputs ||
      static_cast<int64_t>(node.outputs.size()) > kMaxNodeInputs) {
    return bad(
        absl::StrCat("has more than ", kMaxNodeInputs, " inputs or outputs"));
  }
  for (const std::string& output : node.outputs) {
    if (static_cast<int64_t>(output.size()) > kMaxNameLength) {
      return bad(absl::StrCat("makes a value whose name is longer than ",
                              kMaxNameLength, " bytes"));
    }
  }
  for (const AttributeProto& attribute : proto.attribute()) {
    auto read = ReadAttribute(attribute, file);
    if (!read.ok()) {
      return absl::Status(
          read.status().code(),
          absl::StrCat(Describe(node), ", attribute ", attribute.name(), ": ",
                       read.status().message()));
    }
    node.attributes.emplace(attribute.name(), *std::move(read));
  }
  return node;
}

GraphInput ReadInput(const ValueInfoProto& proto) {
  GraphInput input;
  input.name = proto.name();
  const TypeProto::Tensor& type = proto.type().tensor_type();
  input.is_float = type.elem_type() == TensorProto::FLOAT ||
                   type.elem_type() == TensorProto::FLOAT16 ||
                   type.elem_type() == TensorProto::BFLOAT16 ||
                   type.elem_type() == TensorProto::DOUBLE ||
                   type.elem_type() == TensorProto::UNDEFINED;
  input.has_shape = type.has_shape();
  for (const auto& dim : type.shape().dim()) {
    input.dims.push_back(
        dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : 0);
  }
  return input;
}

absl::StatusOr<int64_t> ReadOpset(const ModelProto& model) {
  for (const OperatorSetIdProto& id : model.opset_import()) {
    if (!IsDefaultDomain(id.domain())) continue;
    if (id.version() >= kMinOpset && id.version() <= kMaxOpset)
      return id.version();
    return absl::UnimplementedError(
        absl::StrCat("the model is of opset ", id.version(), "; opsets ",
                     kMinOpset, " to ", kMaxOpset, " are read"));
  }
  return absl::InvalidArgumentError(
      "the model imports no opset of ONNX (is the file cut off?)");
}

// A Constant node's value; UNIMPLEMENTED for text and sparse ones.
absl::StatusOr<at::Tensor> ConstantValue(const Node& node) {
  for (const auto& [name, a] : node.attributes) {
    if (name == "value" && a.type == Attribute::kTensor) return a.t;
    if (name == "value_float") return at::scalar_tensor(a.f, at::kFloat);
    if (name == "value_int") return at::scalar_tensor(a.i, at::kLong);
    if (name == "value_floats") return at::tensor(a.floats, at::kFloat);
    if (name == "value_ints") return at::tensor(a.ints, at::kLong);
  }
  return absl::UnimplementedError(absl::StrCat(
      Describe(node), " holds a value that is not read (sparse or text)"));
}

absl::Status AddNodes(const GraphProto& proto, const ModelBytes& file,
                      Graph* graph) {
  if (proto.node_size() > kMaxNodes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph has ", proto.node_size(), " nodes; at most ",
                     kMaxNodes, " are read"));
  }
  graph->nodes.reserve(proto.node_size());
  for (int i = 0; i < proto.node_size(); ++i) {
    const std::optional<NodeProto> squeeze = AsOptionalSqueeze(proto, i);
    ASSIGN_OR_RETURN(Node node,
                     ReadNode(squeeze ? *squeeze : proto.node(i), i, file));
    if (node.op == "Constant") {
      ASSIGN_OR_RETURN(at::Tensor value, ConstantValue(node));
      graph->constants.emplace(node.outputs[0], std::move(value));
      continue;
    }
    graph->nodes.push_back(std::move(node));
  }
  return absl::OkStatus();
}

absl::Status AddInitializers(const GraphProto& proto, const ModelBytes& file,
                             Graph* graph) {
  if (proto.sparse_initializer_size() > 0) {
    return absl::UnimplementedError(
        absl::StrCat("tensor \"", proto.sparse_initializer(0).values().name(),
                     "\" is sparse; sparse weights are not read"));
  }
  for (const TensorProto& tensor : proto.initializer()) {
    ASSIGN_OR_RETURN(at::Tensor value, ReadTensor(tensor, &file));
    if (!graph->constants.emplace(tensor.name(), std::move(value)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two tensors are named \"", tensor.name(), "\""));
    }
  }
  return absl::OkStatus();
}

// Counts non-finite elements apart: NaN is never meant, infinity is in masks.
struct Finiteness {
  bool nan = false;
  bool infinite = false;
};

Finiteness Scan(const at::Tensor& tensor) {
  Finiteness out;
  if (!at::isFloatingType(tensor.scalar_type()) || tensor.numel() == 0)
    return out;
  // Most tensors are finite f32: their exponents tell, without a float compare.
  if (tensor.scalar_type() == at::kFloat && tensor.is_contiguous()) {
    constexpr uint32_t kExponent = 0x7f800000;
    const auto* bits = static_cast<const uint32_t*>(tensor.const_data_ptr());
    uint32_t found = 0;
    for (int64_t i = 0; i < tensor.numel(); ++i)
      found |= (bits[i] & kExponent) == kExponent;
    if (found == 0) return out;
  }
  out.nan = at::isnan(tensor).any().item<bool>();
  out.infinite = at::isinf(tensor).any().item<bool>();
  return out;
}

absl::Status CheckFinite(const Graph& graph) {
  std::unordered_set<std::string> weights;
  for (const Node& node : graph.nodes) {
    if (TraitsOf(node.op).takes_weights)
      weights.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const auto& [name, tensor] : graph.constants) {
    const Finiteness found = Scan(tensor);
    if (found.nan || (found.infinite && weights.count(name) > 0)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor \"", name, "\" holds ", found.nan ? "NaN" : "infinity",
          "; the file is damaged or was not trained"));
    }
  }
  return absl::OkStatus();
}

// The parsed file; what CheckWire counts bounds what this allocates.
absl::StatusOr<std::unique_ptr<ModelProto>> Parse(absl::string_view bytes) {
  if (bytes.empty())
    return absl::InvalidArgumentError("not an ONNX model: the file is empty");
  if (bytes.size() > INT_MAX) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has ", bytes.size(), " bytes; at most ", INT_MAX,
                     " are read"));
  }
  RouteProtobufLog();
  const absl::StatusOr<bool> differs = CheckWire(bytes);
  if (!differs.ok()) return NotOnnx(bytes, differs.status().message());
  const std::string skeleton = *differs ? MakeSkeleton(bytes) : "";
  const absl::string_view parsed =
      *differs ? absl::string_view(skeleton) : bytes;
  auto model = std::make_unique<ModelProto>();
  if (parsed.size() > INT_MAX ||
      !model->ParseFromArray(parsed.data(), static_cast<int>(parsed.size()))) {
    return NotOnnx(bytes, "its bytes do not parse");
  }
  if (!model->has_graph() || model->graph().node_size() == 0) {
    return NotOnnx(bytes, "there is no graph in it");
  }
  return model;
}

}  // namespace

absl::StatusOr<Graph> LoadGraph(const ModelBytes& file) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelProto> model, Parse(file.bytes));
  Graph graph;
  ASSIGN_OR_RETURN(graph.opset, ReadOpset(*model));
  graph.producer =
      ToUtf8(absl::StripAsciiWhitespace(absl::StrCat(
                 model->producer_name(), " ", model->producer_version())),
             kMaxNameLength);
  const GraphProto& proto = model->graph();
  RETURN_IF_ERROR(CheckNames(proto));
  RETURN_IF_ERROR(AddInitializers(proto, file, &graph));
  RETURN_IF_ERROR(AddNodes(proto, file, &graph));
  for (const ValueInfoProto& input : proto.input()) {
    // Files of IR versions below 4 list weights as inputs too.
    if (graph.constants.count(input.name()) == 0)
      graph.inputs.push_back(ReadInput(input));
  }
  if (static_cast<int64_t>(graph.inputs.size()) > kMaxInputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph takes ", graph.inputs.size(),
                     " inputs; at most ", kMaxInputs, " are read"));
  }
  for (const ValueInfoProto& output : proto.output())
    graph.outputs.push_back(output.name());
  RETURN_IF_ERROR(CheckFinite(graph));
  RETURN_IF_ERROR(SortTopologically(&graph));
  return graph;
}

}  // namespace phosphene::onnx
