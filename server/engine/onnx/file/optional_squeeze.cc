// Recognizes the one If that PyTorch exports for `x.squeeze(axis)`.

#include "server/engine/onnx/file/optional_squeeze.h"

#include <cstring>
#include <string>

#include "server/base/utf8.h"

namespace phosphene::onnx {
namespace {

// A node and those before it: as far back as a condition is looked for, so that
// a graph of many Ifs is read in linear time.
struct Before {
  static constexpr int kReach = 32;

  const GraphProto& graph;
  int end;  // index after the last

  const NodeProto* ProducerOf(const std::string& value) const {
    for (int i = end - 1; i >= 0 && i >= end - kReach; --i) {
      const NodeProto& node = graph.node(i);
      if (node.output_size() == 1 && node.output(0) == value) return &node;
    }
    return nullptr;
  }

  // The integer a Constant node makes.
  std::optional<int64_t> IntegerOf(const std::string& value) const {
    const NodeProto* node = ProducerOf(value);
    if (node == nullptr || node->op_type() != "Constant" ||
        node->attribute_size() != 1)
      return std::nullopt;
    const TensorProto& tensor = node->attribute(0).t();
    if (tensor.data_type() != TensorProto::INT64) return std::nullopt;
    if (tensor.int64_data_size() == 1) return tensor.int64_data(0);
    int64_t integer = 0;
    if (tensor.raw_data().size() != sizeof(integer)) return std::nullopt;
    std::memcpy(&integer, tensor.raw_data().data(), sizeof(integer));
    return integer;
  }
};

Before Whole(const GraphProto& graph) { return {graph, graph.node_size()}; }

const GraphProto* Branch(const NodeProto& node, const char* name) {
  for (const AttributeProto& attribute : node.attribute()) {
    if (attribute.name() == name && attribute.has_g()) return &attribute.g();
  }
  return nullptr;
}

// The axis of a branch that is one Squeeze of one axis, with its constant.
std::optional<int64_t> SqueezedAxis(const Before& outside,
                                    const GraphProto& branch,
                                    const NodeProto& squeeze) {
  if (squeeze.op_type() != "Squeeze" || squeeze.input_size() < 1)
    return std::nullopt;
  if (squeeze.input_size() == 1) {
    const bool one =
        squeeze.attribute_size() == 1 && squeeze.attribute(0).ints_size() == 1;
    return one ? std::make_optional<int64_t>(squeeze.attribute(0).ints(0))
               : std::nullopt;
  }
  const auto own = Whole(branch).IntegerOf(squeeze.input(1));
  return own ? own : outside.IntegerOf(squeeze.input(1));
}

// Whether a condition is that an axis of x has one element.
bool AsksForOne(const Before& nodes, const std::string& condition,
                const std::string& x, int64_t axis) {
  const NodeProto* equal = nodes.ProducerOf(condition);
  if (equal == nullptr || equal->op_type() != "Equal" ||
      equal->input_size() != 2)
    return false;
  if (nodes.IntegerOf(equal->input(1)) != 1) return false;
  const NodeProto* gather = nodes.ProducerOf(equal->input(0));
  if (gather == nullptr || gather->op_type() != "Gather" ||
      gather->input_size() != 2)
    return false;
  if (nodes.IntegerOf(gather->input(1)) != axis) return false;
  const NodeProto* shape = nodes.ProducerOf(gather->input(0));
  return shape != nullptr && shape->op_type() == "Shape" &&
         shape->input_size() == 1 && shape->attribute_size() == 0 &&
         shape->input(0) == x;
}

}  // namespace

std::optional<NodeProto> AsOptionalSqueeze(const GraphProto& graph, int index) {
  const NodeProto& node = graph.node(index);
  if (node.op_type() != "If" || node.input_size() != 1 ||
      node.output_size() != 1)
    return std::nullopt;
  const GraphProto* then = Branch(node, "then_branch");
  const GraphProto* otherwise = Branch(node, "else_branch");
  if (then == nullptr || otherwise == nullptr || then->output_size() != 1 ||
      otherwise->output_size() != 1) {
    return std::nullopt;
  }
  const NodeProto* squeeze = Whole(*then).ProducerOf(then->output(0).name());
  const NodeProto* same =
      Whole(*otherwise).ProducerOf(otherwise->output(0).name());
  if (squeeze == nullptr || same == nullptr || same->op_type() != "Identity" ||
      same->input_size() != 1) {
    return std::nullopt;
  }
  const Before nodes{graph, index};
  const std::optional<int64_t> axis = SqueezedAxis(nodes, *then, *squeeze);
  const std::string& x = same->input(0);
  if (!axis || squeeze->input(0) != x || !IsUtf8(x)) return std::nullopt;
  if (!AsksForOne(nodes, node.input(0), x, *axis)) return std::nullopt;
  NodeProto out;
  out.set_op_type("Squeeze");
  out.set_name(node.name());
  out.add_input(x);
  out.add_output(node.output(0));
  AttributeProto* axes = out.add_attribute();
  axes->set_name("axes");
  axes->set_type(AttributeProto::INTS);
  axes->add_ints(*axis);
  AttributeProto* only = out.add_attribute();
  only->set_name(kOnlyIfOne);
  only->set_type(AttributeProto::INT);
  only->set_i(1);
  return out;
}

}  // namespace phosphene::onnx
