// Nodes of a file, their attributes, and the graphs inside them.

#include "server/engine/onnx/file/nodes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/engine/onnx/file/optional_squeeze.h"

namespace phosphene::onnx {
namespace {

absl::Status CheckText(const NodeProto& node, int64_t index) {
  bool text = IsUtf8(node.name()) && IsUtf8(node.op_type()) &&
              IsUtf8(node.domain()) && IsUtf8(node.overload());
  for (const AttributeProto& a : node.attribute()) {
    text = text && IsUtf8(a.name()) && IsUtf8(a.t().name()) &&
           IsUtf8(a.ref_attr_name());
  }
  if (!text) {
    return absl::InvalidArgumentError(absl::StrCat(
        "node ", index, " has a name that is not UTF-8; the file is damaged"));
  }
  for (const auto* names : {&node.input(), &node.output()}) {
    for (const std::string& name : *names)
      RETURN_IF_ERROR(CheckValueName(name, "node", index));
  }
  return absl::OkStatus();
}

// What a type of ONNX is called where it is not read.
std::string NameOfType(int32_t type) {
  switch (type) {
    case TensorProto::STRING:
      return "text";
    case TensorProto::COMPLEX64:
    case TensorProto::COMPLEX128:
      return "complex numbers";
    default:
      return absl::StrCat("numbers of a kind that is not read (",
                          TensorProto::DataType_IsValid(type)
                              ? TensorProto::DataType_Name(
                                    static_cast<TensorProto::DataType>(type))
                              : absl::StrCat("type ", type),
                          ")");
  }
}

bool SameTensor(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         at::equal(a, b);
}

}  // namespace

bool IsDefaultDomain(absl::string_view domain) {
  return domain.empty() || domain == "ai.onnx";
}

std::string QualifiedName(absl::string_view domain, absl::string_view name,
                          absl::string_view overload) {
  return absl::StrCat(IsDefaultDomain(domain) ? "" : domain,
                      IsDefaultDomain(domain) ? "" : "::", name,
                      overload.empty() ? "" : ":", overload);
}

absl::Status CheckValueName(absl::string_view name, absl::string_view what,
                            int64_t number) {
  if (!IsUtf8(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", number,
                     " has a name that is not UTF-8; the file is damaged"));
  }
  if (IsAdapted(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " ", number, " has a name that begins with \"", kAdaptedPrefix,
        "\", which is kept for values put before a network; rename it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MaybeTensor> ReadIfKnown(const TensorProto& proto,
                                        const ModelBytes& file) {
  const bool elsewhere = proto.data_location() == TensorProto::EXTERNAL ||
                         proto.external_data_size() > 0;
  if (!elsewhere && !ToScalarType(proto.data_type()).ok())
    return MaybeTensor{
        {}, absl::StrCat("a tensor of ", NameOfType(proto.data_type()))};
  ASSIGN_OR_RETURN(at::Tensor tensor, ReadTensor(proto, &file));
  return MaybeTensor{std::move(tensor), ""};
}

absl::StatusOr<MaybeTensor> ConstantValue(const Node& node) {
  for (const auto& attribute : node.attributes) {
    const Attribute& a = attribute.second;
    const auto of = [&](const char* name, Attribute::Type type) {
      return attribute.first == name && a.type == type;
    };
    if (of("value", Attribute::kTensor)) return MaybeTensor{a.t, ""};
    if (of("value_float", Attribute::kFloat))
      return MaybeTensor{at::scalar_tensor(a.f, at::kFloat), ""};
    if (of("value_int", Attribute::kInt))
      return MaybeTensor{at::scalar_tensor(a.i, at::kLong), ""};
    if (of("value_floats", Attribute::kFloats))
      return MaybeTensor{at::tensor(a.floats, at::kFloat), ""};
    if (of("value_ints", Attribute::kInts))
      return MaybeTensor{at::tensor(a.ints, at::kLong), ""};
  }
  return MaybeTensor{{}, "a constant that is text, sparse or not there"};
}

absl::StatusOr<Attribute> NodeReader::ReadAttribute(const AttributeProto& proto,
                                                    std::string* fault) {
  Attribute out;
  if (!proto.ref_attr_name().empty()) {
    out.type = Attribute::kReference;
    out.s = proto.ref_attr_name();
    return out;
  }
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
      ASSIGN_OR_RETURN(MaybeTensor read, ReadIfKnown(proto.t(), file_));
      if (read.unread.empty()) {
        out.type = Attribute::kTensor;
        out.t = std::move(read.tensor);
      } else {
        *fault = absl::StrCat("has an attribute ", proto.name(), " that is ",
                              read.unread);
      }
      break;
    }
    case AttributeProto::GRAPH: {
      out.type = Attribute::kGraph;
      ASSIGN_OR_RETURN(Subgraph graph, ReadGraph(proto.g()));
      out.graph = std::make_shared<const Subgraph>(std::move(graph));
      break;
    }
    default:
      break;  // sparse tensors and lists of graphs: whoever needs them refuses
  }
  return out;
}

absl::Status NodeReader::CheckSizes(const Node& node) const {
  const auto bad = [&](absl::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(
        "node ", node.index, " (", node.op.substr(0, 64), ") ", message));
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
  return absl::OkStatus();
}

absl::StatusOr<Node> NodeReader::Read(const NodeProto& proto, int64_t index) {
  if (++nodes_ > kMaxNodes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the file has more than ", kMaxNodes, " nodes"));
  }
  RETURN_IF_ERROR(CheckText(proto, index));
  Node node;
  node.index = index;
  node.op =
      proto.op_type().empty()
          ? ""
          : QualifiedName(proto.domain(), proto.op_type(), proto.overload());
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.name = proto.name();
  if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs[0];
  RETURN_IF_ERROR(CheckSizes(node));
  for (const AttributeProto& attribute : proto.attribute()) {
    auto read = ReadAttribute(attribute, &node.fault);
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

absl::Status NodeReader::ReadConstants(const GraphProto& proto,
                                       Subgraph* into) {
  for (const SparseTensorProto& sparse : proto.sparse_initializer()) {
    RETURN_IF_ERROR(CheckValueName(sparse.values().name(), "tensor", 0));
    into->unread.emplace(sparse.values().name(), "a sparse tensor");
  }
  for (int i = 0; i < proto.initializer_size(); ++i) {
    const TensorProto& tensor = proto.initializer(i);
    RETURN_IF_ERROR(CheckValueName(tensor.name(), "tensor", i));
    ASSIGN_OR_RETURN(MaybeTensor read, ReadIfKnown(tensor, file_));
    if (!read.unread.empty()) {
      into->unread.emplace(tensor.name(), read.unread);
      continue;
    }
    const auto [known, added] =
        into->constants.emplace(tensor.name(), read.tensor);
    if (added || SameTensor(known->second, read.tensor)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("two tensors are named \"", tensor.name(),
                     "\" and hold different values"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Subgraph> NodeReader::ReadGraph(const GraphProto& proto) {
  Subgraph out;
  RETURN_IF_ERROR(ReadConstants(proto, &out));
  for (int i = 0; i < proto.node_size(); ++i) {
    const std::optional<NodeProto> squeeze = AsOptionalSqueeze(proto, i);
    ASSIGN_OR_RETURN(Node node, Read(squeeze ? *squeeze : proto.node(i), i));
    out.nodes.push_back(std::move(node));
  }
  for (const ValueInfoProto& input : proto.input()) {
    RETURN_IF_ERROR(CheckValueName(input.name(), "graph input", 0));
    out.inputs.push_back(input.name());
  }
  for (const ValueInfoProto& output : proto.output()) {
    RETURN_IF_ERROR(CheckValueName(output.name(), "graph output", 0));
    out.outputs.push_back(output.name());
  }
  return out;
}

}  // namespace phosphene::onnx
