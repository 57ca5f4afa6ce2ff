// From the bytes of an ONNX file to a graph, trusting nothing in them.

#include "server/engine/onnx/file/loader.h"

#include <climits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/protobuf_log.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/engine/onnx/file/format.h"
#include "server/engine/onnx/file/functions.h"
#include "server/engine/onnx/file/nodes.h"
#include "server/engine/onnx/file/wire.h"

namespace phosphene::onnx {
namespace {

absl::Status NotOnnx(absl::string_view bytes, absl::string_view problem) {
  const std::string other = DescribeOtherFormat(bytes);
  if (!other.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an ONNX model; it looks like ", other));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not an ONNX model, or cut off: ", problem, " (",
                   bytes.size(), " bytes)"));
}

GraphInput ReadInput(const ValueInfoProto& proto) {
  GraphInput input;
  input.name = proto.name();
  const TypeProto::Tensor& type = proto.type().tensor_type();
  input.is_tensor = proto.type().has_tensor_type() ||
                    proto.type().value_case() == TypeProto::VALUE_NOT_SET;
  input.type = type.elem_type();
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

absl::Status OpsetError(int64_t opset, absl::string_view how) {
  if (opset > kMaxOpset) {
    return absl::UnimplementedError(absl::StrCat(
        "the model is of opset ", opset, "; opsets ", kMinOpset, " to ",
        kMaxOpset, " are read: export it with opset_version=", kExportOpset));
  }
  return absl::UnimplementedError(absl::StrCat(
      "the model is of opset ", opset, how, "; opsets ", kMinOpset, " to ",
      kMaxOpset,
      " are read. Convert it: python -c \"import onnx; from onnx import "
      "version_converter as v; onnx.save(v.convert_version(onnx.load('OLD.onnx'"
      "), ",
      kExportOpset, "), 'NEW.onnx')\""));
}

absl::StatusOr<int64_t> ReadOpset(const ModelProto& model) {
  std::optional<int64_t> opset;
  for (const OperatorSetIdProto& id : model.opset_import()) {
    if (!IsDefaultDomain(id.domain())) continue;
    if (opset && *opset != id.version()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the model imports two opsets of ONNX, ", *opset,
                       " and ", id.version(), "; which does it mean?"));
    }
    opset = id.version();
  }
  // Files from before IR version 3 could not name it.
  constexpr int64_t kFirstWithOpset = 3;
  if (!opset && model.has_ir_version() &&
      model.ir_version() < kFirstWithOpset) {
    return OpsetError(
        1, absl::StrCat(" (IR version ", model.ir_version(), " names none)"));
  }
  if (!opset) {
    return absl::InvalidArgumentError(
        "the model imports no opset of ONNX (is the file cut off?)");
  }
  if (*opset < kMinOpset || *opset > kMaxOpset) return OpsetError(*opset, "");
  return *opset;
}

// Constant nodes become constants.
absl::Status LiftConstants(Graph* graph) {
  std::vector<Node> others;
  for (Node& node : graph->nodes) {
    if (node.op != "Constant") {
      others.push_back(std::move(node));
      continue;
    }
    const std::string& name = node.outputs[0];
    ASSIGN_OR_RETURN(MaybeTensor value, ConstantValue(node));
    const bool taken =
        graph->constants.count(name) > 0 || graph->unread.count(name) > 0;
    if (taken) {
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(node), " makes \"", name, "\", which exists already"));
    }
    if (value.unread.empty() && node.fault.empty()) {
      graph->constants.emplace(name, std::move(value.tensor));
    } else {
      graph->unread.emplace(name, value.unread);
    }
  }
  graph->nodes = std::move(others);
  return absl::OkStatus();
}

// What exporters noted, as text of bounded size.
void AddMetadata(const ModelProto& model, Graph* graph) {
  constexpr size_t kMaxEntries = 256, kMaxText = 1 << 20;
  for (const StringStringEntryProto& entry : model.metadata_props()) {
    if (graph->metadata.size() >= kMaxEntries) return;
    graph->metadata.emplace(ToUtf8(entry.key(), kMaxNameLength),
                            ToUtf8(entry.value(), kMaxText));
  }
}

absl::Status AddInputs(const GraphProto& proto, Graph* graph) {
  for (int i = 0; i < proto.input_size(); ++i) {
    const ValueInfoProto& input = proto.input(i);
    RETURN_IF_ERROR(CheckValueName(input.name(), "graph input", i));
    // Files of IR versions below 4 list weights as inputs too.
    if (graph->constants.count(input.name()) == 0 &&
        graph->unread.count(input.name()) == 0)
      graph->inputs.push_back(ReadInput(input));
  }
  if (static_cast<int64_t>(graph->inputs.size()) > kMaxInputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph takes ", graph->inputs.size(),
                     " inputs; at most ", kMaxInputs, " are read"));
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
  AddMetadata(*model, &graph);
  NodeReader reader(file);
  ASSIGN_OR_RETURN(Subgraph whole, reader.ReadGraph(model->graph()));
  graph.nodes = std::move(whole.nodes);
  for (auto& [name, tensor] : whole.constants)
    graph.constants.emplace(name, std::move(tensor));
  graph.unread = std::move(whole.unread);
  graph.outputs = std::move(whole.outputs);
  RETURN_IF_ERROR(AddInputs(model->graph(), &graph));
  ASSIGN_OR_RETURN(const Functions functions,
                   ReadFunctions(*model, graph.opset, &reader));
  RETURN_IF_ERROR(InlineFunctions(functions, &graph));
  RETURN_IF_ERROR(LiftConstants(&graph));
  RETURN_IF_ERROR(SortTopologically(&graph));
  return graph;
}

}  // namespace phosphene::onnx
