// The backward pass of every operator against finite differences in double
// precision, on the inputs of the ONNX project's own node tests and, for
// resampling, on every mode there is.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

namespace fs = std::filesystem;

constexpr double kStep = 1e-6;
constexpr double kTolerance = 1e-5;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A node test's program, and its inputs: the floating ones as double, moved off
// the kinks and ties that hand-made inputs sit on.
struct Case {
  std::unique_ptr<Program> program;
  WeightCache cache;
  Tensors inputs;
  std::vector<size_t> free;  // inputs that are differentiated

  // sum over floating outputs of output * fixed noise
  at::Tensor Value(const Tensors& in) const {
    at::Tensor sum = at::zeros({}, at::kDouble);
    uint64_t seed = 3;
    for (const at::Tensor& y : program->Run(in)) {
      if (!at::isFloatingType(y.scalar_type()) || y.numel() == 0) continue;
      sum = sum +
            (y.to(at::kDouble) * RandomTensor(y.sizes().vec(), ++seed, -1, 1))
                .sum();
    }
    return sum;
  }
};

// Inputs of floating type that say what an operator does and are no values of
// the network.
bool IsParameter(const std::string& op, size_t input) {
  return input > 0 && (op == "Resize" || op == "Upsample" || op == "CastLike" ||
                       op == "RoiAlign");
}

bool Compile(const ModelProto& model, Case* out) {
  auto graph = LoadGraph(model.SerializeAsString());
  if (!graph.ok() || !CheckOpsKnown(*graph).ok()) return false;
  std::vector<std::string> names;
  for (const GraphInput& input : graph->inputs) names.push_back(input.name);
  OpOptions options;
  options.float_type = at::kDouble;
  auto program =
      Program::Compile(*graph, names, graph->outputs, options, &out->cache);
  if (program.ok()) out->program = *std::move(program);
  return program.ok() && !out->free.empty();
}

bool Load(const fs::path& folder, ModelProto* model, Case* out) {
  if (!model->ParseFromString(ReadFile(folder / "model.onnx"))) return false;
  for (OperatorSetIdProto& id : *model->mutable_opset_import()) {
    id.set_version(std::max<int64_t>(id.version(), 7));
  }
  const std::string op = model->graph().node(0).op_type();
  // Those have the gradient of another function (quantized_test.cc), or none.
  for (const NodeProto& node : model->graph().node()) {
    const bool alone = model->graph().node_size() == 1;
    const OpTraits& traits = TraitsOf(node.op_type());
    if (traits.straight_through || (alone && !traits.CarriesGradient()))
      return false;
  }
  for (int i = 0; i < model->graph().input_size(); ++i) {
    const size_t input = out->inputs.size();
    TensorProto proto;
    if (!proto.ParseFromString(ReadFile(folder / "test_data_set_0" /
                                        absl::StrCat("input_", i, ".pb")))) {
      return false;
    }
    auto tensor = ReadTensor(proto, nullptr);
    if (!tensor.ok()) return false;
    if (tensor->scalar_type() == at::kFloat ||
        tensor->scalar_type() == at::kDouble) {
      *tensor = tensor->to(at::kDouble);
      if (!IsParameter(op, input)) {
        if (tensor->numel() > 1) out->free.push_back(input);
        *tensor +=
            RandomTensor(tensor->sizes().vec(), 17 + input, 0.001, 0.002);
      }
    }
    out->inputs.push_back(*std::move(tensor));
  }
  return Compile(*model, out);
}

// The worst of analytic against numeric derivatives along a few directions,
// relative to their size; nullopt when nothing is differentiable.
std::optional<double> Worst(const Case& c) {
  Tensors leaves = c.inputs, wanted;
  for (size_t i : c.free) {
    leaves[i] = c.inputs[i].clone().requires_grad_(true);
    wanted.push_back(leaves[i]);
  }
  const at::Tensor value = c.Value(leaves);
  if (!value.requires_grad() || !std::isfinite(value.item<double>()))
    return std::nullopt;
  const auto gradients =
      torch::autograd::grad({value}, wanted, {}, std::nullopt, false,
                            /*allow_unused=*/true);
  double worst = 0;
  for (size_t k = 0; k < c.free.size(); ++k) {
    const size_t i = c.free[k];
    const at::Tensor direction =
        RandomTensor(c.inputs[i].sizes().vec(), 31 + k, -1, 1).to(at::kDouble);
    Tensors plus = c.inputs, minus = c.inputs;
    plus[i] = c.inputs[i] + kStep * direction;
    minus[i] = c.inputs[i] - kStep * direction;
    const double numeric =
        ((c.Value(plus) - c.Value(minus)) / (2 * kStep)).item<double>();
    const double analytic =
        gradients[k].defined() ? (gradients[k] * direction).sum().item<double>()
                               : 0;
    if (!std::isfinite(numeric)) continue;
    worst =
        std::max(worst, std::abs(numeric - analytic) /
                            (std::abs(numeric) + std::abs(analytic) + 1e-2));
  }
  return worst;
}

// What was checked, and which operators stood alone in a case.
struct Tally {
  int checked = 0;
  std::set<std::string> ops;

  void Check(const std::string& name, const ModelProto& model, const Case& c) {
    std::optional<double> worst;
    const absl::Status status = Guarded(name, [&] { worst = Worst(c); });
    EXPECT_TRUE(status.ok()) << name << ": " << status;
    if (!worst) return;
    ++checked;
    if (model.graph().node_size() == 1)
      ops.insert(model.graph().node(0).op_type());
    EXPECT_LT(*worst, kTolerance) << name;
  }
};

void CheckNodeTests(const fs::path& folder, Tally* tally) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "model.onnx"))
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& path : folders) {
    const std::string name = path.filename().string();
    // Training draws numbers and moves statistics; halves round to steps.
    if (absl::StrContains(name, "training") ||
        absl::StrContains(name, "FLOAT16"))
      continue;
    ModelProto model;
    Case c;
    if (Load(path, &model, &c)) tally->Check(name, model, c);
  }
}

// A network of one image, [1,2,5,7] if not stated otherwise, and one node,
// checked at a random image.
void CheckNode(const std::string& name, const NetBuilder& net, Tally* tally,
               const std::vector<int64_t>& dims = {1, 2, 5, 7}) {
  Case c;
  c.inputs = {RandomTensor(dims, 5, -1, 1).to(at::kDouble)};
  c.free = {0};
  ModelProto model;
  ASSERT_TRUE(model.ParseFromString(net.Bytes()));
  ASSERT_TRUE(Compile(model, &c)) << name;
  tally->Check(name, model, c);
}

NetBuilder ResizeNet(const std::string& mode, const std::string& coordinates,
                     float scale) {
  NetBuilder net(19, {1, 2, 5, 7});
  net.Weight("roi", at::tensor({0.f, 0.f, 0.1f, 0.2f, 1.f, 1.f, 0.8f, 0.9f}));
  net.Weight("scales", at::tensor({1.f, 1.f, scale, scale}));
  net.Node("Resize", {"image", "roi", "scales"}, "y").Output("y");
  net.Text("mode", mode).Text("coordinate_transformation_mode", coordinates);
  return net;
}

// Every way to resample, up and down.
void CheckResize(Tally* tally) {
  for (const char* coordinates :
       {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
        "align_corners", "asymmetric", "tf_crop_and_resize"}) {
    for (float scale : {0.61f, 1.7f}) {
      const std::string name = absl::StrCat("Resize ", coordinates, " ", scale);
      for (const char* nearest :
           {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
        CheckNode(absl::StrCat(name, " ", nearest),
                  ResizeNet("nearest", coordinates, scale)
                      .Text("nearest_mode", nearest),
                  tally);
      }
      for (const char* mode : {"linear", "cubic"}) {
        CheckNode(absl::StrCat(name, " ", mode),
                  ResizeNet(mode, coordinates, scale), tally);
        CheckNode(absl::StrCat(name, " ", mode, " antialias"),
                  ResizeNet(mode, coordinates, scale).Int("antialias", 1),
                  tally);
        CheckNode(absl::StrCat(name, " ", mode, " exclude_outside"),
                  ResizeNet(mode, coordinates, scale).Int("exclude_outside", 1),
                  tally);
      }
    }
  }
}

void CheckTopK(Tally* tally) {
  for (int64_t axis : {1, 2, 3}) {
    for (int64_t largest : {0, 1}) {
      NetBuilder net(11, {1, 2, 5, 7});
      net.Weight("k", at::tensor({int64_t{2}}));
      net.Node("TopK", {"image", "k"}, "y")
          .Output("y")
          .Int("axis", axis)
          .Int("largest", largest);
      net.proto().mutable_graph()->mutable_node(0)->add_output("indices");
      CheckNode(absl::StrCat("TopK axis ", axis, " largest ", largest), net,
                tally);
    }
  }
}

// Those whose node tests hold whole numbers, or that have none.
void CheckOthers(Tally* tally) {
  for (int64_t upper : {0, 1}) {
    CheckNode(absl::StrCat("Trilu ", upper),
              NetBuilder(14, {1, 2, 5, 7})
                  .Node("Trilu", {"image"}, "y")
                  .Output("y")
                  .Int("upper", upper),
              tally);
  }
  for (int64_t p : {1, 2}) {
    for (const char* op : {"LpNormalization", "GlobalLpPool"}) {
      CheckNode(absl::StrCat(op, " ", p),
                NetBuilder(17, {1, 2, 5, 7})
                    .Node(op, {"image"}, "y")
                    .Output("y")
                    .Int("p", p),
                tally);
    }
  }
}

at::Tensor Some(std::vector<int64_t> dims, uint64_t seed) {
  return RandomTensor(std::move(dims), seed, 0.3, 1.2);
}

// Operators that ONNX Runtime's optimizer writes, and old ones.
void CheckUntested(Tally* tally) {
  for (const char* op : {"Affine", "ImageScaler", "ParametricSoftplus",
                         "ScaledTanh", "com.microsoft::Gelu",
                         "com.microsoft::FastGelu", "com.microsoft::QuickGelu"})
    CheckNode(op,
              NetBuilder(17, {1, 2, 5, 7}).Node(op, {"image"}, "y").Output("y"),
              tally);
  CheckNode("Crop",
            NetBuilder(17, {1, 2, 5, 7})
                .Node("Crop", {"image"}, "y")
                .Values("border", {1, 0, 2, 1})
                .Output("y"),
            tally);
  const auto with = [&](const std::string& op,
                        const std::vector<at::Tensor>& constants) {
    NetBuilder net(17, {1, 2, 5, 7});
    std::vector<std::string> inputs = {"image"};
    for (const at::Tensor& constant : constants) {
      inputs.push_back(absl::StrCat("c", inputs.size()));
      net.Weight(inputs.back(), constant);
    }
    return net.Node(op, inputs, "y").Output("y");
  };
  CheckNode("Cast",
            NetBuilder(17, {1, 2, 5, 7})
                .Node("Cast", {"image"}, "y")
                .Int("to", TensorProto::DOUBLE)
                .Output("y"),
            tally);
  const at::Tensor row = Some({7}, 3), matrix = Some({7, 4}, 4);
  CheckNode("CastLike", with("CastLike", {row}), tally);
  CheckNode("BiasGelu", with("com.microsoft::BiasGelu", {row}), tally);
  for (const char* activation : {"Relu", "Tanh", "Sigmoid", "LeakyRelu"}) {
    CheckNode(absl::StrCat("FusedConv ", activation),
              with("com.microsoft::FusedConv",
                   {RandomTensor({3, 2, 3, 3}, 6, -1, 1), Some({3}, 7),
                    RandomTensor({1, 3, 3, 5}, 8, -1, 1)})
                  .Text("activation", activation),
              tally);
  }
  for (const char* op :
       {"com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul"}) {
    CheckNode(op, with(op, {matrix}).Float("alpha", 0.7f), tally);
  }
  CheckNode("FusedMatMul turned",
            with("com.microsoft::FusedMatMul", {Some({1, 2, 3, 5}, 9)})
                .Int("transA", 1)
                .Int("transB", 1),
            tally);
  CheckNode("MatMulInteger",
            with("MatMulInteger", {at::arange(28).to(at::kByte).view({7, 4})}),
            tally);
  CheckNode(
      "ConvInteger",
      with("ConvInteger", {at::arange(36).to(at::kByte).view({2, 2, 3, 3})}),
      tally);
  CheckNode("MatMulIntegerToFloat",
            with("com.microsoft::MatMulIntegerToFloat",
                 {at::arange(28).to(at::kByte).view({7, 4}), Some({1}, 2),
                  Some({4}, 3)}),
            tally);
  for (const char* op : {"DequantizeLinear", "com.microsoft::DequantizeLinear"})
    CheckNode(op, with(op, {Some({2}, 3), at::arange(2).to(at::kByte)}), tally);
  CheckNode("SimplifiedLayerNormalization",
            with("SimplifiedLayerNormalization", {row}), tally);
  CheckNode("SkipLayerNormalization",
            with("com.microsoft::SkipLayerNormalization",
                 {Some({1, 2, 5, 7}, 4), row, row, row}),
            tally);
  CheckNode("SkipSimplifiedLayerNormalization",
            with("com.microsoft::SkipSimplifiedLayerNormalization",
                 {Some({1, 2, 5, 7}, 4), row, row}),
            tally);
  CheckNode("RotaryEmbedding",
            with("com.microsoft::RotaryEmbedding",
                 {at::tensor({int64_t{1}}), Some({9, 3}, 5), Some({9, 3}, 6)})
                .Int("rotary_embedding_dim", 6),
            tally);
}

// Tokens [1,5,8] through ONNX Runtime's attentions, and points.
void CheckTokens(Tally* tally) {
  const std::vector<int64_t> dims = {1, 5, 8};
  for (int64_t causal : {0, 1}) {
    NetBuilder net(17, dims);
    net.Weight("w", RandomTensor({8, 24}, 3, -1, 1));
    net.Weight("b", RandomTensor({24}, 4, -1, 1));
    net.Node("com.microsoft::Attention", {"image", "w", "b"}, "y")
        .Int("num_heads", 2)
        .Int("unidirectional", causal)
        .Output("y");
    CheckNode(absl::StrCat("Attention ", causal), net, tally, dims);
  }
  CheckNode("MultiHeadAttention",
            NetBuilder(17, dims)
                .Node("com.microsoft::MultiHeadAttention",
                      {"image", "image", "image"}, "y")
                .Int("num_heads", 4)
                .Output("y"),
            tally, dims);
  NetBuilder gemm(17, {3, 4});
  gemm.Weight("w", RandomTensor({4, 5}, 3, -1, 1));
  gemm.Node("com.microsoft::FusedGemm", {"image", "w"}, "y")
      .Text("activation", "LeakyRelu")
      .Output("y");
  CheckNode("FusedGemm", gemm, tally, {3, 4});
}

TEST(OpGradientTest, ContributedOperatorsEqualFiniteDifferences) {
  Tally tally;
  CheckUntested(&tally);
  CheckTokens(&tally);
  EXPECT_EQ(tally.checked, 7 + 1 + 2 + 1 + 4 + 2 + 1 + 3 + 2 + 4 + 4);
}

TEST(OpGradientTest, ResamplingAndPickingEqualFiniteDifferences) {
  Tally tally;
  CheckResize(&tally);
  CheckTopK(&tally);
  CheckOthers(&tally);
  EXPECT_EQ(tally.checked, 6 * 2 * (4 + 6) + 6 + 2 + 4);
}

TEST(OpGradientTest, EveryOperatorEqualsFiniteDifferences) {
  const char* folder = std::getenv("PHOSPHENE_ONNX_NODE_TESTS");
  if (folder == nullptr || !fs::is_directory(folder)) {
    GTEST_SKIP() << "PHOSPHENE_ONNX_NODE_TESTS names no folder; "
                    "tests/onnx/fetch_node_tests.sh "
                    "gets one and prints it";
  }
  Tally tally;
  CheckNodeTests(folder, &tally);
  CheckResize(&tally);
  CheckTopK(&tally);
  CheckOthers(&tally);
  CheckUntested(&tally);
  CheckTokens(&tally);
  std::vector<std::string> unchecked;
  for (const OpKind& op : AllOps()) {
    if (op.traits.CarriesGradient() && !op.traits.straight_through &&
        tally.ops.count(op.name) == 0)
      unchecked.push_back(op.name);
  }
  std::cout << "gradients: " << tally.checked << " cases of "
            << tally.ops.size() << " operators equal finite differences\n";
  EXPECT_TRUE(unchecked.empty())
      << "not checked: " << absl::StrJoin(unchecked, ", ");
  EXPECT_GT(tally.checked, 500);
}

}  // namespace
}  // namespace phosphene::onnx
