// The backward pass of every operator against finite differences in double
// precision, on the inputs of the ONNX project's own node tests.

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
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/loader.h"
#include "server/engine/onnx/program.h"
#include "server/engine/onnx/tensor_proto.h"
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
      sum = sum + (y.to(at::kDouble) * RandomTensor(y.sizes().vec(), ++seed, -1, 1)).sum();
    }
    return sum;
  }
};

bool Load(const fs::path& folder, Case* out) {
  ModelProto model;
  if (!model.ParseFromString(ReadFile(folder / "model.onnx"))) return false;
  for (OperatorSetIdProto& id : *model.mutable_opset_import()) {
    id.set_version(std::max<int64_t>(id.version(), kMinOpset));
  }
  auto graph = LoadGraph(model.SerializeAsString());
  if (!graph.ok() || !CheckOpsKnown(*graph).ok()) return false;
  std::vector<std::string> names;
  for (const GraphInput& input : graph->inputs) {
    const std::string bytes =
        ReadFile(folder / "test_data_set_0" / absl::StrCat("input_", names.size(), ".pb"));
    TensorProto proto;
    if (!proto.ParseFromString(bytes)) return false;
    auto tensor = ReadTensor(proto, nullptr);
    if (!tensor.ok()) return false;
    if (tensor->scalar_type() == at::kFloat) {
      if (tensor->numel() > 1) out->free.push_back(names.size());
      *tensor = tensor->to(at::kDouble) +
                RandomTensor(tensor->sizes().vec(), 17 + names.size(), 0.001, 0.002);
    }
    out->inputs.push_back(*std::move(tensor));
    names.push_back(input.name);
  }
  OpOptions options;
  options.float_type = at::kDouble;
  auto program = Program::Compile(*graph, names, graph->outputs, options, &out->cache);
  if (program.ok()) out->program = *std::move(program);
  return program.ok() && !out->free.empty();
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
  if (!value.requires_grad() || !std::isfinite(value.item<double>())) return std::nullopt;
  const auto gradients = torch::autograd::grad({value}, wanted, {}, std::nullopt, false,
                                               /*allow_unused=*/true);
  double worst = 0;
  for (size_t k = 0; k < c.free.size(); ++k) {
    const size_t i = c.free[k];
    const at::Tensor direction =
        RandomTensor(c.inputs[i].sizes().vec(), 31 + k, -1, 1).to(at::kDouble);
    Tensors plus = c.inputs, minus = c.inputs;
    plus[i] = c.inputs[i] + kStep * direction;
    minus[i] = c.inputs[i] - kStep * direction;
    const double numeric = ((c.Value(plus) - c.Value(minus)) / (2 * kStep)).item<double>();
    const double analytic =
        gradients[k].defined() ? (gradients[k] * direction).sum().item<double>() : 0;
    if (!std::isfinite(numeric)) continue;
    worst = std::max(worst, std::abs(numeric - analytic) / (std::abs(numeric) + std::abs(analytic) + 1e-2));
  }
  return worst;
}

// Cases about jumps, where a derivative says nothing, and about parameters that
// are no values of the network.
bool IsAboutJumps(const std::string& name) {
  for (const char* part : {"test_resize", "test_upsample", "test_top_k", "training", "castlike", "test_mod"}) {
    if (absl::StrContains(name, part)) return true;
  }
  return false;
}

TEST(OpGradientTest, EqualsFiniteDifferences) {
  const char* folder = std::getenv("PHOSPHENE_ONNX_NODE_TESTS");
  if (folder == nullptr || !fs::is_directory(folder)) {
    GTEST_SKIP() << "PHOSPHENE_ONNX_NODE_TESTS names no folder; tests/onnx/fetch_node_tests.sh "
                    "gets one and prints it";
  }
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "model.onnx")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  int checked = 0;
  for (const fs::path& path : folders) {
    const std::string name = path.filename().string();
    Case c;
    if (IsAboutJumps(name) || !Load(path, &c)) continue;
    std::optional<double> worst;
    const absl::Status status = Guarded(name, [&] { worst = Worst(c); });
    EXPECT_TRUE(status.ok()) << status;
    if (!worst) continue;
    ++checked;
    EXPECT_LT(*worst, kTolerance) << name;
  }
  std::cout << "gradients checked: " << checked << "\n";
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace phosphene::onnx
