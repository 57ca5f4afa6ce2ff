// The ONNX project's own node tests, for every operator that is built in:
// tests/onnx/fetch_node_tests.sh gets them, PHOSPHENE_ONNX_NODE_TESTS says
// where they are. A case is a model and pairs of inputs and outputs as
// TensorProtos.

#include <algorithm>
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
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Cases whose operator is built in but that ask for what the executor does not
// do, with the reason.
std::optional<std::string> WhyNotMeant(const std::string& name) {
  static const std::map<std::string, std::string> kReasons = {
      {"training_mode", "training is not what networks are run for here"},
      {"training_dropout", "training is not what networks are run for here"},
      {"bernoulli", "numbers that would be drawn are their means"},
      {"dynamicquantizelinear_min_adjusted",
       "rows of a batch are quantized apart"},
      {"qk_matmul_bias", "later editions of ONNX add masks after the softcap"},
      {"qk_matmul_softcap",
       "later editions of ONNX add masks after the softcap"},
      {"maxunpool_export_with_output_shape",
       "indices count through the stated shape, as ONNX Runtime has it"},
      {"gridsample_volumetric_cubic", "cubic sampling of volumes is not built"},
      {"STRING", "text tensors are not read"},
      {"FLOAT8", "8-bit floats are not read"},
      {"e4m3fn", "8-bit floats are not read"},
      {"e5m2", "8-bit floats are not read"},
      {"INT4", "4-bit types are not read"},
      {"INT2", "2-bit types are not read"},
      {"FLOAT4", "4-bit types are not read"},
      {"bitcast_uint", "unsigned 16 and 32 bits are held in wider types"},
      {"qlinearmatmul_2D_int8", "the expected values wrap around"},
      {"qlinearmatmul_3D_int8", "the expected values wrap around"},
      {"scales_cubic_align_corners",
       "corners are aligned in whole pixels, as ONNX Runtime has it"},
      {"scales_linear_align_corners",
       "corners are aligned in whole pixels, as ONNX Runtime has it"},
      {"bitwise_not_3d",
       "unsigned 16-bit integers are computed with 32 bits and a sign"},
      {"averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_"
       "True",
       "counts pixels beyond the padding, unlike ONNX Runtime and later "
       "editions of ONNX"},
  };
  for (const auto& [part, reason] : kReasons) {
    if (absl::StrContains(name, part)) return reason;
  }
  return std::nullopt;
}

using Declared = google::protobuf::RepeatedPtrField<ValueInfoProto>;

// Tensors of a data set in order; nullopt when one is of a kind not read.
std::optional<Tensors> ReadTensors(const fs::path& folder,
                                   const std::string& prefix,
                                   const Declared& declared) {
  Tensors out;
  for (int i = 0; fs::exists(folder / absl::StrCat(prefix, i, ".pb")); ++i) {
    TensorProto proto;
    const std::string bytes = ReadFile(folder / absl::StrCat(prefix, i, ".pb"));
    if (!proto.ParseFromString(bytes) || i >= declared.size())
      return std::nullopt;
    // The data writes bfloat16 as the 16 bits it has.
    if (declared[i].type().tensor_type().elem_type() == TensorProto::BFLOAT16) {
      proto.set_data_type(TensorProto::BFLOAT16);
    }
    auto tensor = ReadTensor(proto, nullptr);
    if (!tensor.ok()) return std::nullopt;
    out.push_back(*std::move(tensor));
  }
  return out;
}

// The tests' own tolerances (onnx/backend/test/runner: rtol 1e-3, atol 1e-7),
// wider only where half precision itself is coarser.
std::string Compare(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) {
    std::ostringstream text;
    text << "shape " << actual.sizes() << " instead of " << expected.sizes();
    return text.str();
  }
  if (actual.scalar_type() != expected.scalar_type()) {
    return absl::StrCat("type ", c10::toString(actual.scalar_type()),
                        " instead of ", c10::toString(expected.scalar_type()));
  }
  const bool half = actual.scalar_type() == at::kHalf ||
                    actual.scalar_type() == at::kBFloat16;
  const at::Tensor a = actual.to(at::kDouble), b = expected.to(at::kDouble);
  // Sums that cancel keep the error of their terms.
  const double largest =
      b.numel() > 0 ? at::nan_to_num(b, 0, 0, 0).abs().max().item<double>() : 0;
  if (at::allclose(a, b, half ? 1e-2 : 1e-3,
                   half ? 1e-3 : std::max(1e-7, 1e-6 * largest),
                   /*equal_nan=*/true))
    return "";
  return absl::StrCat("differs by up to ", (a - b).abs().max().item<double>());
}

struct Tally {
  int passed = 0, failed = 0, unsupported = 0;
  std::set<std::string> passed_ops, unsupported_ops;
};

bool CarriesWhole(const Graph& graph) {
  return std::any_of(
      graph.nodes.begin(), graph.nodes.end(),
      [](const Node& node) { return TraitsOf(node.op).carries_whole; });
}

// "" when every data set gives what it should.
std::string RunCase(const fs::path& folder, const ModelProto& model,
                    const Graph& graph) {
  std::vector<std::string> inputs;
  for (const GraphInput& input : graph.inputs) inputs.push_back(input.name);
  OpOptions options;
  WeightCache cache;
  auto program =
      Program::Compile(graph, inputs, graph.outputs, options, &cache);
  if (!program.ok()) return std::string(program.status().message());
  for (int set = 0; fs::exists(folder / absl::StrCat("test_data_set_", set));
       ++set) {
    const fs::path data = folder / absl::StrCat("test_data_set_", set);
    const auto in = ReadTensors(data, "input_", model.graph().input()),
               expected = ReadTensors(data, "output_", model.graph().output());
    if (!in || !expected) return "unreadable";
    Tensors out;
    const absl::Status status =
        Guarded("run", [&] { out = (*program)->Run(*in); });
    if (!status.ok()) return std::string(status.message());
    if (out.size() != expected->size()) return "another number of outputs";
    for (size_t i = 0; i < out.size(); ++i) {
      const at::ScalarType type = (*expected)[i].scalar_type();
      if (CarriesWhole(graph) && at::isIntegralType(type, false)) {
        if (!at::equal(out[i], at::round(out[i]))) return "no whole numbers";
        out[i] = out[i].to(type);
      }
      const std::string difference = Compare(out[i], (*expected)[i]);
      if (!difference.empty())
        return absl::StrCat("output ", i, ": ", difference);
    }
  }
  return "";
}

void Judge(const fs::path& folder, Tally* tally) {
  const std::string name = folder.filename().string();
  const std::string bytes = ReadFile(folder / "model.onnx");
  ModelProto model;
  if (!model.ParseFromString(bytes)) return;
  std::set<std::string> unknown, known;
  for (const NodeProto& node : model.graph().node()) {
    const bool foreign = !node.domain().empty() && node.domain() != "ai.onnx";
    const std::string op =
        foreign ? absl::StrCat(node.domain(), "::", node.op_type())
                : node.op_type();
    const bool built = op == "Constant" || FindOp(op) != nullptr;
    (built ? known : unknown).insert(op);
  }
  if (!unknown.empty() || WhyNotMeant(name)) {
    ++tally->unsupported;
    tally->unsupported_ops.insert(unknown.begin(), unknown.end());
    return;
  }
  // Operators last defined below opset 7 are the same there.
  for (OperatorSetIdProto& id : *model.mutable_opset_import()) {
    if (id.domain().empty()) id.set_version(std::max<int64_t>(id.version(), 7));
  }
  const auto graph = LoadGraph(model.SerializeAsString());
  const std::string problem = graph.ok()
                                  ? RunCase(folder, model, *graph)
                                  : std::string(graph.status().message());
  if (problem == "unreadable") {
    ++tally->unsupported;
  } else if (problem.empty()) {
    ++tally->passed;
    tally->passed_ops.insert(known.begin(), known.end());
  } else {
    ++tally->failed;
    ADD_FAILURE() << name << ": " << problem;
  }
}

TEST(BackendNodeTest, EverySupportedOperatorPassesTheProjectsOwnTests) {
  const char* folder = std::getenv("PHOSPHENE_ONNX_NODE_TESTS");
  if (folder == nullptr || !fs::is_directory(folder)) {
    GTEST_SKIP() << "PHOSPHENE_ONNX_NODE_TESTS names no folder; "
                    "tests/onnx/fetch_node_tests.sh "
                    "gets one and prints it";
  }
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  Tally tally;
  for (const fs::path& path : cases) Judge(path, &tally);
  std::cout << "ONNX node tests: " << tally.passed << " passed, "
            << tally.failed << " failed, " << tally.unsupported
            << " not supported; " << tally.passed_ops.size()
            << " operators with a passing test\n";
  EXPECT_EQ(tally.failed, 0);
  EXPECT_GE(tally.passed_ops.size(), 150u);
}

}  // namespace
}  // namespace phosphene::onnx
