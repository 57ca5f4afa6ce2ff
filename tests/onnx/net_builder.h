#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {

// Writes small ONNX files in code. Weights are drawn from a fixed seed.
class NetBuilder {
 public:
  using Ints = std::vector<int64_t>;

  // A graph of one f32 input; 0 stands for any size.
  explicit NetBuilder(int64_t opset = 17, Ints input_dims = {0, 3, 0, 0},
                      const std::string& input = "image");

  // A node with one output, named like it.
  NetBuilder& Node(const std::string& op, std::vector<std::string> inputs,
                   const std::string& output);
  // Attributes of the last node.
  NetBuilder& Int(const std::string& name, int64_t value);
  NetBuilder& Float(const std::string& name, float value);
  NetBuilder& Values(const std::string& name, Ints values);
  NetBuilder& Text(const std::string& name, const std::string& value);

  NetBuilder& Weight(const std::string& name, const at::Tensor& value);
  // A convolution of kernel x kernel with padding kernel/2 and a bias, N(0,
  // 2/fan-in).
  NetBuilder& Conv(const std::string& input, const std::string& output,
                   int64_t in, int64_t out, int64_t kernel, int64_t stride = 1);
  NetBuilder& Relu(const std::string& input, const std::string& output);
  NetBuilder& Output(const std::string& name);

  onnx::ModelProto& proto() { return model_; }
  std::string Bytes() const { return model_.SerializeAsString(); }

  // Opened under the name "net" with images 0..1 taken as they are.
  std::shared_ptr<const NetworkInfo> Open() const;
  // Compiled for layers.
  std::unique_ptr<Network> Compile(const std::vector<std::string>& layers,
                                   const CompileOptions& options = {}) const;

 private:
  onnx::AttributeProto* Attribute(const std::string& name);
  onnx::ModelProto model_;
  uint64_t seed_ = 1;
};

// Opens bytes; the config takes images 0..1 as they are.
absl::StatusOr<std::shared_ptr<const NetworkInfo>> OpenBytes(
    const std::string& bytes);

// A GoogLeNet in small: nine inception modules with the names of Caffe's, two
// LRNs, three pools, a classifier over 10 classes.
NetBuilder SmallGoogLeNet();

// Deterministic tensor of values uniform in lo..hi.
at::Tensor RandomTensor(std::vector<int64_t> sizes, uint64_t seed,
                        double lo = 0, double hi = 1);

}  // namespace phosphene
