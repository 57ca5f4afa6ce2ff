#include "tests/support/tiny_onnx.h"

#include <cmath>
#include <random>
#include <vector>

#include "phosphene/onnx/onnx.pb.h"

namespace phosphene {
namespace {

class Builder {
 public:
  explicit Builder(uint64_t seed) : random_(seed) {
    model_.set_ir_version(8);
    model_.set_producer_name("tiny");
    model_.add_opset_import()->set_version(13);
    graph()->set_name("tiny");
  }
  onnx::GraphProto* graph() { return model_.mutable_graph(); }

  // Weights of gain `gain` for their fan-in.
  std::string Weights(const std::string& name, std::vector<int64_t> shape,
                      double gain = 2) {
    onnx::TensorProto* tensor = graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    int64_t count = 1, fan_in = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      tensor->add_dims(shape[i]);
      count *= shape[i];
      if (i > 0) fan_in *= shape[i];
    }
    const double bound = std::sqrt(3 * gain / static_cast<double>(fan_in));
    for (int64_t i = 0; i < count; ++i) {
      const double unit = static_cast<double>(random_() >> 11) * 0x1p-53;
      tensor->add_float_data(static_cast<float>((2 * unit - 1) * bound));
    }
    return name;
  }
  std::string Constant(const std::string& name, int64_t count, float value) {
    onnx::TensorProto* tensor = graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(count);
    for (int64_t i = 0; i < count; ++i) tensor->add_float_data(value);
    return name;
  }
  onnx::NodeProto* Node(const std::string& op, std::vector<std::string> inputs,
                        const std::string& output) {
    onnx::NodeProto* node = graph()->add_node();
    node->set_op_type(op);
    node->set_name(output);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  }
  static void Ints(onnx::NodeProto* node, const std::string& name,
                   std::vector<int64_t> values) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
  }
  static void Int(onnx::NodeProto* node, const std::string& name,
                  int64_t value) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }
  // A dimension of 0 is symbolic.
  static void Describe(onnx::ValueInfoProto* value, const std::string& name,
                       std::vector<int64_t> shape) {
    value->set_name(name);
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    for (size_t i = 0; i < shape.size(); ++i) {
      auto* dim = tensor->mutable_shape()->add_dim();
      if (shape[i] > 0) {
        dim->set_dim_value(shape[i]);
      } else {
        dim->set_dim_param(std::string(1, "NCHW"[i]));
      }
    }
  }
  std::string Bytes() const { return model_.SerializeAsString(); }

 private:
  onnx::ModelProto model_;
  std::mt19937_64 random_;
};

void AddConv(Builder& build, const std::string& input, const std::string& name,
             int64_t in, int64_t out, float bias) {
  onnx::NodeProto* conv =
      build.Node("Conv",
                 {input, build.Weights(name + "_w", {out, in, 3, 3}),
                  build.Constant(name + "_b", out, bias)},
                 name);
  Builder::Ints(conv, "kernel_shape", {3, 3});
  Builder::Ints(conv, "pads", {1, 1, 1, 1});
}

}  // namespace

std::string TinyOnnx(const TinyOnnxOptions& options) {
  Builder build(options.seed);
  Builder::Describe(build.graph()->add_input(), "data", {0, 3, 0, 0});
  AddConv(build, "data", "conv1", 3, 8, 0);
  build.Node("Relu", {"conv1"}, "relu1");
  onnx::NodeProto* pool = build.Node("MaxPool", {"relu1"}, "pool1");
  Builder::Ints(pool, "kernel_shape", {2, 2});
  Builder::Ints(pool, "strides", {2, 2});
  AddConv(build, "pool1", "conv2", 8, 12, options.last_bias);
  build.Node("Relu", {"conv2"}, "relu2");
  if (!options.classifier) {
    Builder::Describe(build.graph()->add_output(), "relu2", {0, 12, 0, 0});
    return build.Bytes();
  }
  build.Node("GlobalAveragePool", {"relu2"}, "gap");
  build.Node("Flatten", {"gap"}, "flat");
  onnx::NodeProto* gemm = build.Node(
      "Gemm",
      {"flat", build.Weights("fc_w", {5, 12}, 1), build.Constant("fc_b", 5, 0)},
      "logits");
  Builder::Int(gemm, "transB", 1);
  Builder::Int(build.Node("Softmax", {"logits"}, "prob"), "axis", 1);
  Builder::Describe(build.graph()->add_output(), "prob", {0, 5});
  return build.Bytes();
}

v1::ModelConfig TinyConfig() {
  v1::ModelConfig config;
  config.add_mean(0.5);
  for (const char* label : {"ant", "bee", "cat", "dog", "elk"})
    config.add_labels(label);
  return config;
}

}  // namespace phosphene
