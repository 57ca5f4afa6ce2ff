#include "server/engine/onnx/file/optional_squeeze.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

// If(shape(x)[gathered] == asked) { squeeze(x, 1) } else { x }, x being
// [N,C,h,w].
NetBuilder SqueezeIf(int64_t gathered, int64_t asked, int64_t channels) {
  NetBuilder net;
  net.Conv("image", "x", 3, channels, 1).Node("Shape", {"x"}, "shape");
  const auto constant = [](onnx::NodeProto* node, const std::string& name,
                           int64_t value) {
    node->set_op_type("Constant");
    node->add_output(name);
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name("value");
    attribute->set_type(onnx::AttributeProto::TENSOR);
    attribute->mutable_t()->set_data_type(onnx::TensorProto::INT64);
    attribute->mutable_t()->add_int64_data(value);
  };
  constant(net.proto().mutable_graph()->add_node(), "axis", gathered);
  constant(net.proto().mutable_graph()->add_node(), "one", asked);
  net.Node("Gather", {"shape", "axis"}, "size")
      .Node("Equal", {"size", "one"}, "is_one");
  net.Node("If", {"is_one"}, "y").Output("y");
  onnx::NodeProto* node =
      net.proto().mutable_graph()->mutable_node()->rbegin().operator->();
  const auto branch = [&](const char* name) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    attribute->mutable_g()->add_output()->set_name("inside");
    return attribute->mutable_g();
  };
  onnx::GraphProto* then = branch("then_branch");
  onnx::GraphProto* otherwise = branch("else_branch");
  constant(then->add_node(), "squeezed", 1);
  const auto add = [](onnx::GraphProto* graph, const char* op,
                      std::vector<std::string> inputs) {
    onnx::NodeProto* inner = graph->add_node();
    inner->set_op_type(op);
    inner->add_output("inside");
    for (const std::string& input : inputs) inner->add_input(input);
  };
  add(then, "Squeeze", {"x", "squeezed"});
  add(otherwise, "Identity", {"x"});
  return net;
}

std::optional<onnx::NodeProto> Rewritten(NetBuilder net) {
  const onnx::GraphProto& graph = net.proto().graph();
  return onnx::AsOptionalSqueeze(graph, graph.node_size() - 1);
}

TEST(OptionalSqueezeTest, TheExportersIfIsOneSqueeze) {
  const auto node = Rewritten(SqueezeIf(1, 1, 4));
  ASSERT_TRUE(node.has_value());
  EXPECT_EQ(node->op_type(), "Squeeze");
  EXPECT_EQ(node->input(0), "x");
  EXPECT_EQ(node->output(0), "y");
}

TEST(OptionalSqueezeTest, AnAxisOfSeveralElementsStays) {
  EXPECT_EQ(SqueezeIf(1, 1, 4)
                .Compile({"y"})
                ->Forward(at::rand({2, 3, 5, 6}))
                .at("y")
                .sizes(),
            at::IntArrayRef({2, 4, 5, 6}));
}

TEST(OptionalSqueezeTest, AnotherConditionIsAnotherOperator) {
  EXPECT_FALSE(Rewritten(SqueezeIf(0, 1, 4)).has_value());
  EXPECT_FALSE(Rewritten(SqueezeIf(1, 2, 4)).has_value());
  // What lies before it is a network all the same.
  EXPECT_TRUE(OpenBytes(SqueezeIf(1, 2, 4).Bytes()).ok());
}

}  // namespace
}  // namespace phosphene
