#include "tests/onnx/broken_nets.h"

#include <memory>
#include <vector>

#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

constexpr int64_t kSide = 8;
constexpr int64_t kMaxBytes = int64_t{256} << 20;

// [N,3,8,8] -> [N,4,4,4]
void AddConvolutions(NetBuilder* net) {
  net->Conv("image", "conv", 3, 4, 3);
  for (const char* name : {"scale", "shift", "mean", "variance"}) {
    net->Weight(name, RandomTensor({4}, 7, 0.5, 1.5));
  }
  net->Node("BatchNormalization",
            {"conv", "scale", "shift", "mean", "variance"}, "norm")
      .Float("epsilon", 1e-3f);
  net->Relu("norm", "relu");
  net->Node("MaxPool", {"relu"}, "pool")
      .Values("kernel_shape", {3, 3})
      .Values("strides", {2, 2})
      .Values("pads", {1, 1, 1, 1})
      .Int("ceil_mode", 0);
  net->Node("LRN", {"pool"}, "lrn").Int("size", 3).Float("alpha", 0.1f);
  net->Conv("lrn", "left", 4, 2, 1).Conv("lrn", "right", 4, 2, 1);
  net->Weight("low", at::scalar_tensor(0.f))
      .Weight("high", at::scalar_tensor(6.f));
  net->Node("Clip", {"left", "low", "high"}, "clip");
  net->Node("Concat", {"clip", "right"}, "joined").Int("axis", 1);
  net->Node("AveragePool", {"joined"}, "smooth")
      .Values("kernel_shape", {2, 2})
      .Text("auto_pad", "SAME_UPPER");
}

void AddConstantNode(NetBuilder* net, const std::string& output,
                     const at::Tensor& value) {
  net->Weight(output, value);
  auto* graph = net->proto().mutable_graph();
  const onnx::TensorProto tensor = *graph->initializer().rbegin();
  graph->mutable_initializer()->RemoveLast();
  net->Node("Constant", {}, output);
  auto* attribute = graph->mutable_node()->rbegin()->add_attribute();
  attribute->set_name("value");
  attribute->set_type(onnx::AttributeProto::TENSOR);
  *attribute->mutable_t() = tensor;
}

// [N,4,4,4] -> [N,16,4] by shape arithmetic, as exporters write it.
void AddReshape(NetBuilder* net) {
  AddConstantNode(net, "first", at::tensor({int64_t{0}}));
  AddConstantNode(net, "rest", at::tensor({int64_t{4}, int64_t{-1}}));
  net->Node("Shape", {"smooth"}, "shape");
  net->Node("Gather", {"shape", "first"}, "rows").Int("axis", 0);
  net->Node("Concat", {"rows", "rest"}, "target").Int("axis", 0);
  net->Node("Reshape", {"smooth", "target"}, "planes");
  net->Node("Transpose", {"planes"}, "tokens").Values("perm", {0, 2, 1});
}

// [N,16,4] -> [N,16,4]
void AddAttention(NetBuilder* net) {
  net->Weight("gain", RandomTensor({4}, 5, 0.5, 1.5))
      .Weight("offset", RandomTensor({4}, 6));
  net->Node("LayerNormalization", {"tokens", "gain", "offset"}, "even")
      .Int("axis", -1);
  net->Weight("qk", RandomTensor({4, 8}, 8, -1, 1));
  net->Node("MatMul", {"even", "qk"}, "both");
  auto* graph = net->proto().mutable_graph();
  net->Node("Split", {"both"}, "query").Int("axis", 2);
  graph->mutable_node()->rbegin()->add_output("key");
  net->Node("Einsum", {"query", "key"}, "scores")
      .Text("equation", "nqd,nkd->nqk");
  net->Node("Softmax", {"scores"}, "weights").Int("axis", -1);
  net->Node("MatMul", {"weights", "even"}, "mixed");
  net->Node("Add", {"tokens", "mixed"}, "sum");
  net->Weight("starts", at::tensor({int64_t{0}}))
      .Weight("ends", at::tensor({int64_t{8}}));
  net->Weight("axes", at::tensor({int64_t{1}}));
  net->Node("Slice", {"sum", "starts", "ends", "axes"}, "half");
  net->Node("ReduceMean", {"half"}, "mean_token")
      .Values("axes", {1})
      .Int("keepdims", 0);
}

// [N,4] -> [N,5], its weight as halves in int32_data, its bias in float_data.
void AddClassifier(NetBuilder* net) {
  auto* graph = net->proto().mutable_graph();
  onnx::TensorProto* weight = graph->add_initializer();
  weight->set_name("fc/half");
  weight->set_data_type(onnx::TensorProto::FLOAT16);
  for (int64_t dim : {5, 4}) weight->add_dims(dim);
  for (int i = 0; i < 20; ++i) weight->add_int32_data(0x3800 + 16 * i);
  onnx::TensorProto* bias = graph->add_initializer();
  bias->set_name("fc/bias");
  bias->set_data_type(onnx::TensorProto::FLOAT);
  bias->add_dims(5);
  for (int i = 0; i < 5; ++i)
    bias->add_float_data(0.1f * static_cast<float>(i));
  net->Node("Cast", {"fc/half"}, "fc/weight").Int("to", 1);
  net->Node("Gemm", {"mean_token", "fc/weight", "fc/bias"}, "fc")
      .Int("transB", 1);
  net->Node("Softmax", {"fc"}, "probability")
      .Int("axis", 1)
      .Output("probability");
}

// What is read over.
void AddTexts(NetBuilder* net) {
  onnx::ModelProto& model = net->proto();
  model.set_producer_name("pytorch");
  model.set_doc_string("doc");
  auto* property = model.add_metadata_props();
  property->set_key("key");
  property->set_value("value");
  auto* value = model.mutable_graph()->add_value_info();
  value->set_name("relu");
  value->mutable_type()->mutable_tensor_type()->set_elem_type(1);
  auto* last = model.mutable_graph()->mutable_node(0);
  auto* list = last->add_attribute();
  list->set_name("texts");
  list->set_type(onnx::AttributeProto::STRINGS);
  list->add_strings("a");
  auto* floats = last->add_attribute();
  floats->set_name("floats");
  floats->set_type(onnx::AttributeProto::FLOATS);
  floats->add_floats(1);
}

void RunAll(const NetworkInfo& info, Network* network) {
  const auto side = [](int64_t stated) {
    return stated > 0 && stated <= 64 ? stated : kSide;
  };
  TORCH_CHECK(info.input_channels() <= 64, "too many channels to try");
  const at::Tensor image =
      at::full({2, info.input_channels(), side(info.input_height()),
                side(info.input_width())},
               0.25f)
          .requires_grad_(true);
  const auto values = network->Forward(image);
  for (const auto& [name, value] : values) {
    if (!value.requires_grad()) continue;
    torch::autograd::grad({value.sum()}, {image}, {}, true, false,
                          /*allow_unused=*/true);
    break;
  }
}

}  // namespace

NetBuilder NetOfEverything() {
  NetBuilder net(17, {0, 3, kSide, kSide});
  AddConvolutions(&net);
  AddReshape(&net);
  AddAttention(&net);
  AddClassifier(&net);
  AddTexts(&net);
  return net;
}

NetBuilder NetOfLargeData() {
  NetBuilder net(17, {0, 3, kSide, kSide});
  net.Conv("image", "conv", 3, 16, 5).Relu("conv", "relu");
  AddConstantNode(&net, "plane", RandomTensor({1, 16, kSide, kSide}, 3));
  net.Node("Add", {"relu", "plane"}, "sum").Output("sum");
  return net;
}

ChangeWords WordsOfEverything() {
  ChangeWords words;
  words.names = {"image", "conv", "conv/weight", "shape", "probability"};
  for (const onnx::OpKind& op : onnx::AllOps())
    words.operators.push_back(op.name);
  words.operators.push_back("Frobnicate");
  return words;
}

bool TryNetwork(const std::string& bytes) {
  const ScopedAllocationLimit memory(kMaxBytes, kMaxBytes);
  // The network ends before the bytes do, and may read them where they lie.
  const std::shared_ptr<const void> owner(bytes.data(), [](const void*) {});
  v1::ModelConfig config;
  config.set_range_hi(1);
  // Tried at the size it was made for, also where a change hides that.
  config.set_height(kSide);
  config.set_width(kSide);
  const auto info =
      onnx::OpenedNetwork::Open("net", {bytes, owner}, config, nullptr);
  if (!info.ok()) return false;
  std::vector<std::string> layers;
  for (const v1::Layer& layer : (*info)->layers())
    layers.push_back(layer.name());
  auto network = CompileNetwork(*info, layers, {});
  if (!network.ok()) return false;
  return Guarded("running", [&] { RunAll(**info, network->get()); }).ok();
}

}  // namespace phosphene
