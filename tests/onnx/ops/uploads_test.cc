// What moves between the host and a device in a run. The device is ATen's meta
// device: like a GPU it is another one, whose values cannot be read; unlike a
// GPU it is everywhere.

#include "server/engine/onnx/ops/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/record_function.h>
#include <torch/library.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/guard.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

namespace fs = std::filesystem;

// Without Python the meta device lacks many operators. What one makes on the
// CPU of zeros in place of values has the shapes that are asked for.
void ByZeros(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const size_t count = op.schema().arguments().size();
  std::vector<std::pair<at::Tensor, at::Tensor>> replaced;
  const auto zeros = [&replaced](const at::Tensor& t) {
    if (!t.defined() || !t.is_meta()) return t;
    replaced.emplace_back(t,
                          at::zeros(t.sizes(), t.options().device(at::kCPU)));
    return replaced.back().second;
  };
  for (size_t i = stack->size() - count; i < stack->size(); ++i) {
    c10::IValue& value = (*stack)[i];
    if (value.isTensor()) value = zeros(value.toTensor());
    if (!value.isTensorList()) continue;
    Tensors list;
    for (const at::Tensor& t : value.toTensorVector()) list.push_back(zeros(t));
    value = list;
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  const size_t made_count = op.schema().returns().size();
  for (size_t i = stack->size() - made_count; i < stack->size(); ++i) {
    c10::IValue& value = (*stack)[i];
    if (!value.isTensor() || !value.toTensor().defined()) continue;
    const at::Tensor made = value.toTensor();
    at::Tensor shape =
        at::empty(made.sizes(), made.options().device(at::kMeta));
    for (const auto& [meta, stand_in] : replaced) {  // written in place
      if (made.is_same(stand_in)) shape = meta.resize_(made.sizes());
    }
    value = shape;
  }
}

// Convolutions have no operator of the CPU's to ask.
at::Tensor ConvolutionShape(const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>&,
                            at::IntArrayRef stride, at::IntArrayRef padding,
                            at::IntArrayRef dilation, bool transposed,
                            at::IntArrayRef output_padding, int64_t groups) {
  std::vector<int64_t> sizes = {
      x.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (int64_t i = 0; i + 2 < x.dim(); ++i) {
    const auto a = static_cast<size_t>(i);
    const int64_t reach = dilation[a] * (weight.size(i + 2) - 1) + 1,
                  size = x.size(i + 2);
    sizes.push_back(transposed
                        ? (size - 1) * stride[a] - 2 * padding[a] + reach +
                              output_padding[a]
                        : (size + 2 * padding[a] - reach) / stride[a] + 1);
  }
  return at::empty(sizes, x.options());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolutionBackShape(
    const at::Tensor& grad, const at::Tensor& x, const at::Tensor&,
    at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, bool, at::IntArrayRef,
    int64_t, std::array<bool, 3>) {
  return {at::empty(x.sizes(), grad.options()), at::Tensor(), at::Tensor()};
}

// Registers these for what has none, but not for operators that read values.
void CompleteTheMetaDevice() {
  static const bool done = [] {
    const std::set<std::string> reads = {"aten::_local_scalar_dense",
                                         "aten::equal", "aten::nonzero",
                                         "aten::masked_select"};
    static torch::Library meta(torch::Library::IMPL, "aten",
                               c10::DispatchKey::Meta, __FILE__, __LINE__);
    meta.impl("convolution_overrideable", ConvolutionShape);
    meta.impl("convolution_backward_overrideable", ConvolutionBackShape);
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      if (!absl::StartsWith(name.name, "aten::") || reads.count(name.name) > 0)
        continue;
      const auto op = dispatcher.findSchema(name);
      if (op && op->hasKernelForDispatchKey(c10::DispatchKey::CPU) &&
          !op->hasKernelForDispatchKey(c10::DispatchKey::Meta)) {
        const std::string in_aten =
            name.name.substr(6) +
            (name.overload_name.empty() ? "" : "." + name.overload_name);
        meta.impl(in_aten.c_str(),
                  torch::CppFunction::makeFromBoxedFunction<&ByZeros>());
      }
    }
    return true;
  }();
  (void)done;
}

thread_local std::vector<std::string>* traffic = nullptr;

void AddTensors(const c10::IValue& value, Tensors* out) {
  if (value.isTensor() && value.toTensor().defined())
    out->push_back(value.toTensor());
  if (value.isTensorList()) {
    for (const at::Tensor& t : value.toTensorVector()) out->push_back(t);
  }
  if (value.isOptionalTensorList()) {
    for (const auto& t : value.toOptionalTensorVector()) {
      if (t && t->defined()) out->push_back(*t);
    }
  }
}

// A copy from one to the other, or an operator that is given tensors of both,
// which it would copy or refuse. Scalars of the host go along with a launch.
std::unique_ptr<at::ObserverContext> Watch(const at::RecordFunction& fn) {
  if (traffic == nullptr) return nullptr;
  Tensors tensors;
  for (const c10::IValue& value : fn.inputs()) AddTensors(value, &tensors);
  const bool copies = absl::string_view(fn.name()) == "aten::copy_";
  bool host = false, device = false;
  for (const at::Tensor& t : tensors) {
    device = device || t.is_meta();
    host = host || (t.is_cpu() && (copies || t.dim() > 0));
  }
  if (host && device) traffic->push_back(fn.name());
  return nullptr;
}

// Names of the operators that moved something while it lives.
class Traffic {
 public:
  Traffic()
      : handle_((CompleteTheMetaDevice(),
                 at::addThreadLocalCallback(
                     at::RecordFunctionCallback(Watch).needsInputs(true).scopes(
                         {at::RecordScope::FUNCTION})))) {
    traffic = &names_;
  }
  ~Traffic() {
    traffic = nullptr;
    at::removeCallback(handle_);
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  at::CallbackHandle handle_;
};

// What the second of two steps of a graph moves, there and back; the first one
// may bring tables over. An exception is told as a movement too: on this device
// it is what reading a value makes.
std::vector<std::string> MovedBy(const Graph& graph,
                                 const std::vector<std::string>& wanted,
                                 const at::Tensor& image,
                                 const std::string& input = "image") {
  OpOptions options;
  options.device = at::kMeta;
  options.float_type = at::kFloat;
  WeightCache cache;
  const auto program =
      Program::Compile(graph, {input}, wanted, options, &cache);
  if (!program.ok()) return {};  // others tell what is wrong with it
  std::vector<std::string> moved;
  const auto step = [&] {
    const at::Tensor x =
        at::empty(image.sizes(), image.options().device(at::kMeta))
            .requires_grad_(true);
    const Traffic watched;
    at::Tensor sum;
    for (const at::Tensor& y : (*program)->Run({x})) {
      if (y.requires_grad()) sum = sum.defined() ? sum + y.sum() : y.sum();
    }
    if (sum.defined()) sum.backward();
    moved = watched.names();
  };
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Guarded("run", step);
    if (!status.ok()) return {std::string(status.message())};
  }
  return moved;
}

// Guards the guard.
TEST(DeviceTraffic, IsSeen) {
  const at::Tensor there = at::empty({3}, at::kMeta);
  Traffic watched;
  at::ones({3}).to(at::kMeta);
  EXPECT_THAT(watched.names(), testing::ElementsAre("aten::copy_"));
  at::where(at::ones({3}, at::kBool), there, there);
  EXPECT_GT(watched.names().size(), 1u);
  EXPECT_THROW(there.sum().item(), c10::Error);
  EXPECT_THROW(there.to(at::kCPU), c10::Error);
  const size_t seen = watched.names().size();
  (void)(there * 2).sum();
  EXPECT_EQ(watched.names().size(), seen);
}

TEST(Uploads, BringEachContentOverOnce) {
  Uploads uploads;
  const at::Tensor a = at::arange(5), there = uploads.Get(a, at::kMeta);
  const Traffic watched;
  EXPECT_TRUE(uploads.Get(a, at::kMeta).is_same(there));
  EXPECT_TRUE(
      uploads.Get(at::arange(10).slice(0, 0, 5), at::kMeta).is_same(there));
  EXPECT_THAT(watched.names(), testing::IsEmpty());
  EXPECT_FALSE(uploads.Get(at::arange(5) + 1, at::kMeta).is_same(there));
  EXPECT_FALSE(uploads.Get(at::arange(5, at::kInt), at::kMeta).is_same(there));
  EXPECT_TRUE(uploads.Get(a, at::kCPU).is_same(a));
}

TEST(Uploads, KeepSoManyContentsAndNeverDropOne) {
  Uploads uploads;
  const at::Tensor first = uploads.Get(at::arange(2), at::kMeta);
  for (int64_t i = 0; i < 100; ++i) {
    const at::Tensor content = at::arange(i, i + 2);
    EXPECT_EQ(uploads.Get(content, at::kMeta).sizes(), content.sizes());
  }
  EXPECT_TRUE(uploads.Get(at::arange(2), at::kMeta).is_same(first));
}

TEST(Uploads, MakeATableOnceForAKey) {
  Uploads uploads;
  int made = 0;
  const auto make = [&made] { return ++made, at::ones({2}); };
  const at::Tensor there = uploads.Made({1, 2}, at::kMeta, make);
  EXPECT_TRUE(uploads.Made({1, 2}, at::kMeta, make).is_same(there));
  EXPECT_EQ(made, 1);
  uploads.Made({1, 3}, at::kMeta, make);
  EXPECT_EQ(made, 2);
}

at::Tensor Longs(std::vector<int64_t> values) {
  return at::tensor(values, at::kLong);
}

// Networks of one operator each that take a constant from the host.
std::vector<std::pair<std::string, NetBuilder>> Nets() {
  std::vector<std::pair<std::string, NetBuilder>> nets;
  const auto net = [&](const std::string& name, int64_t opset = 17) {
    nets.emplace_back(name, NetBuilder(opset));
    return &nets.back().second;
  };
  net("Pow")->Weight("e", at::full({}, 2.2f)).Node("Pow", {"image", "e"}, "y");
  net("Pad value")
      ->Weight("p", Longs({0, 0, 1, 1, 0, 0, 1, 1}))
      .Weight("v", at::full({}, -1.0f))
      .Node("Pad", {"image", "p", "v"}, "y");
  for (const char* mode : {"reflect", "edge"}) {
    net(absl::StrCat("Pad ", mode))
        ->Weight("p", Longs({0, 0, 2, 1, 0, 0, 1, 2}))
        .Node("Pad", {"image", "p"}, "y")
        .Text("mode", mode);
  }
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    net(absl::StrCat("Resize ", mode))
        ->Weight("s", at::tensor({1.0f, 1.0f, 2.0f, 1.5f}))
        .Node("Resize", {"image", "", "s"}, "y")
        .Text("mode", mode);
  }
  net("Resize region")
      ->Weight("r", at::tensor({0.f, 0.f, .1f, .2f, 1.f, 1.f, .8f, 1.2f}))
      .Weight("s", at::tensor({1.0f, 1.0f, 2.0f, 1.5f}))
      .Node("Resize", {"image", "r", "s"}, "y")
      .Text("mode", "linear")
      .Text("coordinate_transformation_mode", "tf_crop_and_resize");
  net("Upsample", 9)
      ->Weight("s", at::tensor({1.0f, 1.0f, 2.0f, 2.0f}))
      .Node("Upsample", {"image", "s"}, "y");
  net("Gather one")
      ->Weight("i", at::scalar_tensor(-1, at::kLong))
      .Node("Gather", {"image", "i"}, "y")
      .Int("axis", 1);
  net("Gather some")
      ->Weight("i", Longs({2, 0, 2}))
      .Node("Gather", {"image", "i"}, "y")
      .Int("axis", 3);
  net("GatherND")
      ->Weight("i", Longs({0, 1, 0, 2}).view({2, 2}))
      .Node("GatherND", {"image", "i"}, "y");
  net("GatherElements")
      ->Weight("i", at::ones({1, 3, 2, 2}, at::kLong))
      .Node("GatherElements", {"image", "i"}, "y")
      .Int("axis", 2);
  net("Slice back")
      ->Weight("from", Longs({-1}))
      .Weight("to", Longs({-1000}))
      .Weight("axis", Longs({3}))
      .Weight("step", Longs({-2}))
      .Node("Slice", {"image", "from", "to", "axis", "step"}, "y");
  net("Range")
      ->Weight("a", at::full({}, 0.0f))
      .Weight("b", at::full({}, 8.0f))
      .Weight("c", at::full({}, 1.0f))
      .Node("Range", {"a", "b", "c"}, "r")
      .Node("Mul", {"image", "r"}, "y");
  net("OneHot")
      ->Weight("i", Longs({1, 0, 7, 3, 2, 6, 5, 4}))
      .Weight("d", at::full({}, 8.0f))
      .Weight("v", at::tensor({0.0f, 1.0f}))
      .Node("OneHot", {"i", "d", "v"}, "h")
      .Node("MatMul", {"image", "h"}, "y");
  net("Where")
      ->Weight("c", at::arange(8).lt(4))
      .Weight("v", at::full({1}, 2.0f))
      .Node("Where", {"c", "image", "v"}, "y");
  net("Clip")
      ->Weight("lo", at::full({}, 0.1f))
      .Weight("hi", at::full({}, 0.6f))
      .Node("Clip", {"image", "lo", "hi"}, "y");
  net("Concat")
      ->Weight("w", at::ones({1, 1, 8, 8}))
      .Node("Concat", {"image", "w"}, "y")
      .Int("axis", 1);
  net("Quantize")
      ->Weight("s", at::full({}, 0.1f))
      .Weight("z", at::full({}, 3, at::kByte))
      .Node("QuantizeLinear", {"image", "s", "z"}, "q")
      .Node("DequantizeLinear", {"q", "s", "z"}, "y");
  net("Tile")
      ->Weight("n", Longs({1, 1, 2, 2}))
      .Node("Tile", {"image", "n"}, "y");
  // Sizes computed in floating point, as exporters of PyTorch write them.
  net("Sizes in floats")
      ->Weight("f", at::tensor({2.0f, 2.0f}))
      .Weight("from", Longs({2}))
      .Weight("to", Longs({4}))
      .Weight("head", Longs({0}))
      .Weight("two", Longs({2}))
      .Node("Shape", {"image"}, "shape")
      .Node("Slice", {"shape", "from", "to"}, "sides")
      .Node("Slice", {"shape", "head", "two"}, "rest")
      .Node("Cast", {"sides"}, "real")
      .Int("to", 1)
      .Node("Mul", {"real", "f"}, "larger")
      .Node("Floor", {"larger"}, "floor")
      .Node("Cast", {"floor"}, "whole")
      .Int("to", 7)
      .Node("Concat", {"rest", "whole"}, "sizes")
      .Int("axis", 0)
      .Node("Resize", {"image", "", "", "sizes"}, "y")
      .Text("mode", "linear");
  return nets;
}

TEST(DeviceTraffic, OperatorsWithConstantsMoveNothingInAStep) {
  for (auto& [name, net] : Nets()) {
    net.Output("y");
    const auto graph = LoadGraph(net.Bytes());
    ASSERT_TRUE(graph.ok()) << name << ": " << graph.status();
    EXPECT_THAT(MovedBy(*graph, {"y"}, at::zeros({1, 3, 8, 8})),
                testing::IsEmpty())
        << name;
  }
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Cases of the ONNX project's node tests that read values of a step.
bool MayMove(const std::string& name) {
  return absl::StrContains(name, "_with_argmax_") ||  // which pixel was largest
         absl::StrContains(name, "test_range_");      // from, to and by what
}

// The first input is what a step computes, the others are constants.
std::vector<std::string> MovedByCase(const fs::path& folder, Graph graph) {
  at::Tensor first;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const fs::path data =
        folder / "test_data_set_0" / absl::StrCat("input_", i, ".pb");
    TensorProto proto;
    if (!fs::exists(data) || !proto.ParseFromString(ReadFile(data))) return {};
    const auto tensor = ReadTensor(proto, nullptr);
    if (!tensor.ok()) return {};
    if (i > 0) {
      graph.constants[graph.inputs[i].name] = *tensor;
    } else {
      first = *tensor;
    }
  }
  if (!first.defined() || first.scalar_type() != at::kFloat) return {};
  return MovedBy(graph, graph.outputs, first, graph.inputs[0].name);
}

TEST(DeviceTraffic, EveryOperatorMovesNothingInAStep) {
  const char* folder = std::getenv("PHOSPHENE_ONNX_NODE_TESTS");
  if (folder == nullptr || !fs::is_directory(folder)) {
    GTEST_SKIP() << "PHOSPHENE_ONNX_NODE_TESTS names no folder; "
                    "tests/onnx/fetch_node_tests.sh gets one and prints it";
  }
  int looked_at = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto graph = LoadGraph(ReadFile(entry.path() / "model.onnx"));
    if (!graph.ok() || !CheckOpsKnown(*graph).ok() || MayMove(name)) continue;
    ++looked_at;
    EXPECT_THAT(MovedByCase(entry.path(), *graph), testing::IsEmpty()) << name;
  }
  EXPECT_GT(looked_at, 500);
}

// Exported networks, where a folder of them is named: all of their last layers.
TEST(DeviceTraffic, WholeNetworksMoveNothingInAStep) {
  const char* folder = std::getenv("PHOSPHENE_TRAFFIC_NETS");
  if (folder == nullptr)
    GTEST_SKIP() << "PHOSPHENE_TRAFFIC_NETS names no folder of networks";
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    ModelFile file{"net", {}, nullptr, {}, "1"};
    const std::string bytes = ReadFile(entry.path());
    file.onnx = bytes;
    const auto info = OpenNetwork(file, nullptr);
    if (!info.ok()) continue;
    const auto& opened = dynamic_cast<const OpenedNetwork&>(**info);
    const auto side = [](int64_t own) { return own > 0 ? own : 224; };
    const at::Tensor image = at::zeros(
        {std::max<int64_t>(opened.declared_batch(), 1), opened.input_channels(),
         side(opened.input_height()), side(opened.input_width())});
    const auto moved = MovedBy(opened.graph(), {opened.layers().back().name()},
                               image, opened.config().input());
    // What finds boxes in the end reads how many there are.
    if (moved.size() == 1 && absl::StrContains(moved[0], "aten::nonzero"))
      continue;
    EXPECT_THAT(moved, testing::IsEmpty()) << entry.path().filename();
  }
}

}  // namespace
}  // namespace phosphene::onnx
