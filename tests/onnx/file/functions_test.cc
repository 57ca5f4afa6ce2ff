#include "server/engine/onnx/file/functions.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/file/loader.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

// b = alpha-leaky(a) + a, by the function's own names.
onnx::FunctionProto Residual(const std::string& name,
                             const std::string& inner = "LeakyRelu") {
  onnx::FunctionProto function;
  function.set_domain("local");
  function.set_name(name);
  function.add_input("a");
  function.add_output("b");
  function.add_attribute("slope");
  auto* id = function.add_opset_import();
  id->set_version(17);
  auto* first = function.add_node();
  first->set_op_type(inner);
  if (inner != "LeakyRelu") first->set_domain("local");
  first->add_input("a");
  first->add_output("t");
  auto* alpha = first->add_attribute();
  alpha->set_name(inner == "LeakyRelu" ? "alpha" : "slope");
  alpha->set_type(onnx::AttributeProto::FLOAT);
  alpha->set_ref_attr_name("slope");
  auto* second = function.add_node();
  second->set_op_type("Add");
  second->add_input("t");
  second->add_input("a");
  second->add_output("b");
  return function;
}

void Call(const std::string& function, const std::string& from,
          const std::string& to, NetBuilder* net) {
  net->Node(function, {from}, to).Float("slope", 0.3f);
  net->proto().mutable_graph()->mutable_node()->rbegin()->set_domain("local");
}

std::string ErrorOf(const NetBuilder& net) {
  return std::string(OpenBytes(net.Bytes()).status().message());
}

TEST(FunctionsTest, AFunctionPutInPlaceIsItsBody) {
  NetBuilder net;
  net.Conv("image", "c", 3, 4, 3);
  *net.proto().add_functions() = Residual("Inner");
  *net.proto().add_functions() = Residual("Outer", "Inner");
  Call("Outer", "c", "x", &net);
  Call("Inner", "x", "y", &net);
  net.Output("y");
  NetBuilder plain;
  plain.Conv("image", "c", 3, 4, 3);
  plain.Node("LeakyRelu", {"c"}, "l").Float("alpha", 0.3f);
  plain.Node("Add", {"l", "c"}, "i").Node("Add", {"i", "c"}, "x");
  plain.Node("LeakyRelu", {"x"}, "m").Float("alpha", 0.3f);
  plain.Node("Add", {"m", "x"}, "y").Output("y");
  const at::Tensor image = RandomTensor({1, 3, 6, 6}, 2);
  EXPECT_TRUE(at::allclose(net.Compile({"y"})->Forward(image).at("y"),
                           plain.Compile({"y"})->Forward(image).at("y")));
}

TEST(FunctionsTest, OneThatCallsItselfIsRefused) {
  NetBuilder net;
  *net.proto().add_functions() = Residual("Again", "Again");
  Call("Again", "image", "y", &net);
  net.Output("y");
  EXPECT_THAT(ErrorOf(net), HasSubstr("calls itself"));
}

// Each calls the one before it twice: 2^40 nodes.
TEST(FunctionsTest, ManyByFewAreRefusedBeforeTheyAreMade) {
  NetBuilder net;
  *net.proto().add_functions() = Residual("F0");
  for (int i = 1; i < 30; ++i) {
    onnx::FunctionProto f =
        Residual(absl::StrCat("F", i), absl::StrCat("F", i - 1));
    onnx::NodeProto again = f.node(0);
    again.set_input(0, "t");
    again.set_output(0, "u");
    *f.add_node() = again;
    *net.proto().add_functions() = f;
  }
  Call("F29", "image", "y", &net);
  net.Output("y");
  EXPECT_THAT(ErrorOf(net), HasSubstr("with its functions and branches"));
}

}  // namespace
}  // namespace phosphene
