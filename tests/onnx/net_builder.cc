#include "tests/onnx/net_builder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace phosphene {

at::Tensor RandomTensor(std::vector<int64_t> sizes, uint64_t seed, double lo,
                        double hi) {
  at::Tensor out = at::empty(sizes);
  float* data = out.data_ptr<float>();
  uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (int64_t i = 0; i < out.numel(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    data[i] = static_cast<float>(
        lo + (hi - lo) * static_cast<double>(state >> 40) / (1 << 24));
  }
  return out;
}

namespace {

// ONNX's number of a weight's type.
onnx::TensorProto::DataType ElementType(at::ScalarType type) {
  switch (type) {
    case at::kLong:
      return onnx::TensorProto::INT64;
    case at::kInt:
      return onnx::TensorProto::INT32;
    case at::kByte:
      return onnx::TensorProto::UINT8;
    case at::kChar:
      return onnx::TensorProto::INT8;
    case at::kBool:
      return onnx::TensorProto::BOOL;
    case at::kDouble:
      return onnx::TensorProto::DOUBLE;
    default:
      return onnx::TensorProto::FLOAT;
  }
}

}  // namespace

NetBuilder::NetBuilder(int64_t opset, Ints input_dims,
                       const std::string& input) {
  model_.set_ir_version(8);
  model_.add_opset_import()->set_version(opset);
  onnx::ValueInfoProto* value = model_.mutable_graph()->add_input();
  value->set_name(input);
  auto* type = value->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  for (int64_t dim : input_dims) {
    auto* d = type->mutable_shape()->add_dim();
    if (dim > 0) {
      d->set_dim_value(dim);
    } else {
      d->set_dim_param("any");
    }
  }
}

NetBuilder& NetBuilder::Node(const std::string& op,
                             std::vector<std::string> inputs,
                             const std::string& output) {
  onnx::NodeProto* node = model_.mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(output);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return *this;
}

onnx::AttributeProto* NetBuilder::Attribute(const std::string& name) {
  auto* nodes = model_.mutable_graph()->mutable_node();
  onnx::AttributeProto* attribute = nodes->rbegin()->add_attribute();
  attribute->set_name(name);
  return attribute;
}

NetBuilder& NetBuilder::Int(const std::string& name, int64_t value) {
  onnx::AttributeProto* attribute = Attribute(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
  return *this;
}

NetBuilder& NetBuilder::Float(const std::string& name, float value) {
  onnx::AttributeProto* attribute = Attribute(name);
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(value);
  return *this;
}

NetBuilder& NetBuilder::Values(const std::string& name, Ints values) {
  onnx::AttributeProto* attribute = Attribute(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (int64_t value : values) attribute->add_ints(value);
  return *this;
}

NetBuilder& NetBuilder::Text(const std::string& name,
                             const std::string& value) {
  onnx::AttributeProto* attribute = Attribute(name);
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s(value);
  return *this;
}

NetBuilder& NetBuilder::Weight(const std::string& name,
                               const at::Tensor& value) {
  onnx::TensorProto* tensor = model_.mutable_graph()->add_initializer();
  tensor->set_name(name);
  for (int64_t dim : value.sizes()) tensor->add_dims(dim);
  tensor->set_data_type(ElementType(value.scalar_type()));
  const at::Tensor flat = value.contiguous();
  tensor->set_raw_data(flat.const_data_ptr(), flat.nbytes());
  return *this;
}

NetBuilder& NetBuilder::Conv(const std::string& input,
                             const std::string& output, int64_t in, int64_t out,
                             int64_t kernel, int64_t stride) {
  const double width =
      std::sqrt(6.0 / static_cast<double>(in * kernel * kernel));
  Weight(output + "/weight",
         RandomTensor({out, in, kernel, kernel}, ++seed_, -width, width));
  Weight(output + "/bias", RandomTensor({out}, ++seed_, -0.1, 0.1));
  const int64_t pad = kernel / 2;
  return Node("Conv", {input, output + "/weight", output + "/bias"}, output)
      .Values("kernel_shape", {kernel, kernel})
      .Values("strides", {stride, stride})
      .Values("pads", {pad, pad, pad, pad});
}

NetBuilder& NetBuilder::Relu(const std::string& input,
                             const std::string& output) {
  return Node("Relu", {input}, output);
}

NetBuilder& NetBuilder::Output(const std::string& name) {
  model_.mutable_graph()->add_output()->set_name(name);
  return *this;
}

absl::StatusOr<std::shared_ptr<const NetworkInfo>> OpenBytes(
    const std::string& bytes) {
  ModelFile file;
  file.name = "net";
  file.onnx = bytes;
  file.config.set_range_hi(1);
  return OpenNetwork(file, nullptr);
}

std::shared_ptr<const NetworkInfo> NetBuilder::Open() const {
  auto info = OpenBytes(Bytes());
  EXPECT_TRUE(info.ok()) << info.status();
  return *info;
}

std::unique_ptr<Network> NetBuilder::Compile(
    const std::vector<std::string>& layers,
    const CompileOptions& options) const {
  auto network = CompileNetwork(Open(), layers, options);
  EXPECT_TRUE(network.ok()) << network.status();
  return *std::move(network);
}

namespace {

void Pool(NetBuilder* net, const std::string& input, const std::string& output,
          int64_t stride, int64_t pad) {
  net->Node("MaxPool", {input}, output)
      .Values("kernel_shape", {3, 3})
      .Values("strides", {stride, stride})
      .Values("pads", {pad, pad, pad, pad})
      .Int("ceil_mode", 1);
}

void ConvRelu(NetBuilder* net, const std::string& input,
              const std::string& module, const std::string& name, int64_t in,
              int64_t out, int64_t kernel) {
  net->Conv(input, module + "/" + name, in, out, kernel);
  net->Relu(module + "/" + name, module + "/relu_" + name);
}

// 4 + 6 + 2 + 4 = 16 channels.
void Inception(NetBuilder* net, const std::string& input,
               const std::string& module, int64_t in) {
  ConvRelu(net, input, module, "1x1", in, 4, 1);
  ConvRelu(net, input, module, "3x3_reduce", in, 3, 1);
  ConvRelu(net, module + "/relu_3x3_reduce", module, "3x3", 3, 6, 3);
  ConvRelu(net, input, module, "5x5_reduce", in, 2, 1);
  ConvRelu(net, module + "/relu_5x5_reduce", module, "5x5", 2, 2, 5);
  Pool(net, input, module + "/pool", 1, 1);
  ConvRelu(net, module + "/pool", module, "pool_proj", in, 4, 1);
  net->Node("Concat",
            {module + "/relu_1x1", module + "/relu_3x3", module + "/relu_5x5",
             module + "/relu_pool_proj"},
            module + "/output")
      .Int("axis", 1);
}

}  // namespace

NetBuilder SmallGoogLeNet() {
  NetBuilder net;
  net.Conv("image", "conv1/7x7_s2", 3, 8, 7, 2)
      .Relu("conv1/7x7_s2", "conv1/relu_7x7");
  Pool(&net, "conv1/relu_7x7", "pool1/3x3_s2", 2, 0);
  net.Node("LRN", {"pool1/3x3_s2"}, "pool1/norm1")
      .Int("size", 5)
      .Float("alpha", 0.1f);
  net.Conv("pool1/norm1", "conv2/3x3_reduce", 8, 6, 1)
      .Relu("conv2/3x3_reduce", "conv2/relu_3x3_reduce");
  net.Conv("conv2/relu_3x3_reduce", "conv2/3x3", 6, 12, 3)
      .Relu("conv2/3x3", "conv2/relu_3x3");
  net.Node("LRN", {"conv2/relu_3x3"}, "conv2/norm2")
      .Int("size", 5)
      .Float("alpha", 0.1f);
  Pool(&net, "conv2/norm2", "pool2/3x3_s2", 2, 0);
  std::string input = "pool2/3x3_s2";
  int64_t channels = 12;
  for (const char* name :
       {"3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"}) {
    const std::string module = absl::StrCat("inception_", name);
    Inception(&net, input, module, channels);
    input = module + "/output";
    channels = 16;
    if (std::string(name) == "3b") {
      Pool(&net, input, "pool3/3x3_s2", 2, 0);
      input = "pool3/3x3_s2";
    }
  }
  net.Node("GlobalAveragePool", {input}, "pool5")
      .Node("Flatten", {"pool5"}, "flat");
  net.Weight("fc/weight", RandomTensor({10, 16}, 99, -1, 1));
  net.Weight("fc/bias", RandomTensor({10}, 98, -1, 1));
  net.Node("Gemm", {"flat", "fc/weight", "fc/bias"}, "fc").Int("transB", 1);
  net.Node("Softmax", {"fc"}, "prob").Output("prob");
  return net;
}

}  // namespace phosphene
