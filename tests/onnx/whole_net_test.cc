// Whole networks against ONNX Runtime (every value) and PyTorch autograd (the
// input's gradient). make_whole_nets.py makes them; PHOSPHENE_WHOLE_NETS names
// a folder, and every folder under it that holds a model.onnx is a network.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/mapped_file.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// Of the largest element: what f32 sums in other orders leave.
constexpr double kTolerance = 1e-4;
// Values are asked for in this many interleaved portions: memory stays small,
// and what lies between wanted values is folded and fused as it is in jobs.
constexpr size_t kPortions = 4;

// Stored tensors by value name, read when they are compared.
using Stored = std::map<std::string, fs::path>;

onnx::TensorProto ReadProto(const fs::path& path) {
  onnx::TensorProto proto;
  const auto file = MappedFile::Open(path.string());
  EXPECT_TRUE(file.ok()) << file.status();
  if (!file.ok()) return proto;
  const absl::string_view bytes = (*file)->data();
  EXPECT_TRUE(
      proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      << path;
  return proto;
}

at::Tensor Read(const fs::path& path) {
  return *onnx::ReadTensor(ReadProto(path), nullptr);
}

Stored ListStored(const fs::path& folder) {
  Stored stored;
  for (const auto& entry : fs::directory_iterator(folder)) {
    stored.emplace(ReadProto(entry.path()).name(), entry.path());
  }
  return stored;
}

// Largest difference over largest expected magnitude; infinity where shapes or
// non-finite elements differ.
double Difference(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  const at::Tensor a = actual.to(at::kDouble), b = expected.to(at::kDouble);
  const at::Tensor finite = b.isfinite();
  if (!at::equal(a.masked_select(~finite), b.masked_select(~finite)))
    return INFINITY;
  const at::Tensor magnitude = b.masked_select(finite).abs();
  const double most =
      magnitude.numel() > 0 ? magnitude.max().item<double>() : 0;
  const at::Tensor apart = (a - b).masked_select(finite).abs();
  const double worst = apart.numel() > 0 ? apart.max().item<double>() : 0;
  if (std::isnan(worst)) return INFINITY;
  return worst == 0 ? 0 : worst / most;
}

// The worst of several comparisons.
class Worst {
 public:
  void Compare(const std::string& name, const at::Tensor& actual,
               const at::Tensor& expected) {
    const double difference = Difference(actual, expected);
    EXPECT_LE(difference, kTolerance) << name << " of sizes " << actual.sizes()
                                      << ", expected " << expected.sizes();
    ++count_;
    if (difference < worst_) return;
    worst_ = difference;
    name_ = name;
  }

  int count() const { return count_; }
  double worst() const { return worst_; }
  const std::string& name() const { return name_; }

 private:
  int count_ = 0;
  double worst_ = 0;
  std::string name_;
};

// A folder of make_whole_nets.py, opened with images taken as they are.
class WholeNet {
 public:
  explicit WholeNet(fs::path folder) : folder_(std::move(folder)) {
    file_.name = folder_.filename().string();
    file_.config.set_range_hi(1);
    file_.file = *MappedFile::Open((folder_ / "model.onnx").string());
    file_.onnx = file_.file->data();
    const auto info = OpenNetwork(file_, nullptr);
    EXPECT_TRUE(info.ok()) << info.status();
    if (!info.ok()) return;
    info_ = std::dynamic_pointer_cast<const onnx::OpenedNetwork>(*info);
    image_ = Read(folder_ / "test_data_set_0/input_0.pb");
  }

  bool opened() const { return info_ != nullptr; }

  void CompareAllValues() {
    Stored stored = ListStored(folder_ / "values");
    std::vector<std::string> layers;
    for (const v1::Layer& layer : info_->layers()) {
      // Values of one axis have no rows and channels to be told apart.
      const auto found = stored.find(layer.name());
      if (found != stored.end() && ReadProto(found->second).dims_size() > 1)
        layers.push_back(layer.name());
    }
    for (size_t portion = 0; portion < kPortions; ++portion) {
      std::vector<std::string> names;
      for (size_t i = portion; i < layers.size(); i += kPortions)
        names.push_back(layers[i]);
      if (!names.empty()) CompareLayers(names, stored);
    }
    for (const std::string& layer : layers) stored.erase(layer);
    CompareOthers(stored);
  }

  // d sum(output * cotangent) / d image, with only the output asked for.
  void CompareGradient() {
    const at::Tensor cotangent = Read(folder_ / "cotangent.pb");
    const at::Tensor expected = Read(folder_ / "gradient.pb");
    EXPECT_GT(expected.abs().max().item<double>(), 0)
        << "the gradient tells nothing";
    const at::Tensor x = image_.clone().requires_grad_(true);
    const at::Tensor y = Compile({"output"})->Forward(x).at("output");
    gradient_.Compare(
        "gradient", torch::autograd::grad({y}, {x}, {cotangent})[0], expected);
  }

  // Whatever batch the file was exported for.
  void CompareBatchWithItsRows() {
    at::NoGradGuard no_grad;
    const auto network = Compile({"output"});
    const at::Tensor mirrored = image_.flip(3);
    const at::Tensor both =
        network->Forward(at::cat({image_, mirrored})).at("output");
    batch_.Compare("row 0", both.narrow(0, 0, 1),
                   network->Forward(image_).at("output"));
    batch_.Compare("row 1", both.narrow(0, 1, 1),
                   network->Forward(mirrored).at("output"));
  }

  bool has_values() const { return fs::is_directory(folder_ / "values"); }

  // Mean and mean square of each channel, as objectives read them, against
  // those of axis 1: layers that are [N,C,...] by the graph alone.
  void CompareChannels() {
    const Stored stored = ListStored(folder_ / "channels");
    std::vector<std::string> layers;
    for (const auto& [name, path] : stored) {
      if (info_->graph().constants.count(name) > 0) continue;
      const int64_t expected = ReadProto(path).dims(1);
      EXPECT_EQ(info_->Channels(name), expected) << name;
      if (info_->Channels(name) == expected) layers.push_back(name);
    }
    at::NoGradGuard no_grad;
    for (size_t portion = 0; portion < kPortions; ++portion) {
      std::vector<std::string> names;
      for (size_t i = portion; i < layers.size(); i += kPortions)
        names.push_back(layers[i]);
      if (names.empty()) continue;
      for (const auto& [name, value] : Compile(names)->Forward(image_)) {
        const at::Tensor places =
            value.reshape({value.size(1), -1}).to(at::kDouble);
        channels_.Compare(name,
                          at::stack({places.mean(1), places.square().mean(1)}),
                          Read(stored.at(name)));
      }
    }
  }

  std::string ReportOfChannels() const {
    return absl::StrFormat(
        "%d layers with channels on axis 1, worst %.1e at %s",
        channels_.count(), channels_.worst(), channels_.name());
  }

  std::string Report() const {
    return absl::StrFormat(
        "%d layers, worst %.1e at %s; %d constants and shapes, worst %.1e; "
        "gradient %.1e; batch %.1e",
        values_.count(), values_.worst(), values_.name(), others_.count(),
        others_.worst(), gradient_.worst(), batch_.worst());
  }

 private:
  std::unique_ptr<Network> Compile(const std::vector<std::string>& layers) {
    auto network = CompileNetwork(info_, layers, {});
    if (!network.ok())
      throw std::runtime_error(std::string(network.status().message()));
    return *std::move(network);
  }

  void CompareLayers(const std::vector<std::string>& names,
                     const Stored& stored) {
    at::NoGradGuard no_grad;
    auto values = Compile(names)->Forward(image_);
    for (const std::string& name : names) {
      const at::Tensor expected = onnx::ChannelsFirst(
          Read(stored.at(name)), info_->LayoutOf(name), image_.size(0));
      values_.Compare(name, values.at(name), expected);
      values.erase(name);
    }
  }

  // Values that are no layers: constants folded when the network was opened,
  // shape arithmetic, vectors.
  void CompareOthers(const Stored& stored) {
    std::vector<std::string> names;
    for (const auto& [name, path] : stored) {
      const auto constant = info_->graph().constants.find(name);
      if (constant == info_->graph().constants.end()) {
        names.push_back(name);
      } else {
        others_.Compare(name, constant->second, Read(path));
      }
    }
    if (names.empty()) return;
    onnx::OpOptions options;
    options.float_type = at::kFloat;
    auto program =
        onnx::Program::Compile(info_->graph(), {info_->config().input()}, names,
                               options, info_->cache());
    if (!program.ok())
      throw std::runtime_error(std::string(program.status().message()));
    const onnx::Tensors values = (*program)->Run({image_});
    for (size_t i = 0; i < names.size(); ++i) {
      others_.Compare(names[i], values[i], Read(stored.at(names[i])));
    }
  }

  const fs::path folder_;
  ModelFile file_;
  std::shared_ptr<const onnx::OpenedNetwork> info_;
  at::Tensor image_;
  Worst values_, others_, gradient_, batch_, channels_;
};

std::vector<fs::path> ListNets(const fs::path& folder) {
  std::vector<fs::path> nets;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "model.onnx")
      nets.push_back(entry.path().parent_path());
  }
  std::sort(nets.begin(), nets.end());
  return nets;
}

// Networks under the folder of PHOSPHENE_WHOLE_NETS; empty without one.
std::vector<fs::path> NetsToTest() {
  const char* folder = std::getenv("PHOSPHENE_WHOLE_NETS");
  if (folder == nullptr || !fs::is_directory(folder)) return {};
  const std::vector<fs::path> nets = ListNets(folder);
  EXPECT_FALSE(nets.empty()) << folder << " holds no network";
  return nets;
}

// Runs `test` on every network, told by its folder.
template <typename Test>
void OnEveryNet(const std::vector<fs::path>& nets, const Test& test) {
  for (const fs::path& path : nets) {
    const std::string name =
        fs::relative(path, std::getenv("PHOSPHENE_WHOLE_NETS")).string();
    SCOPED_TRACE(name);
    WholeNet net(path);
    if (!net.opened()) continue;
    const absl::Status status = Guarded(name, [&] { test(name, &net); });
    EXPECT_TRUE(status.ok()) << status;
  }
}

constexpr char kNoNets[] =
    "PHOSPHENE_WHOLE_NETS names no folder; ./tests/run.sh nets makes one and "
    "runs this";

TEST(WholeNetTest, EveryValueAndTheGradientEqualThoseOfOthers) {
  const auto nets = NetsToTest();
  if (nets.empty()) GTEST_SKIP() << kNoNets;
  OnEveryNet(nets, [](const std::string& name, WholeNet* net) {
    if (!net->has_values()) return;
    net->CompareAllValues();
    net->CompareGradient();
    net->CompareBatchWithItsRows();
    std::cout << name << ": " << net->Report() << std::endl;
  });
}

TEST(WholeNetTest, ChannelsAreOnAxisOneWhereTheGraphSaysSo) {
  const auto nets = NetsToTest();
  if (nets.empty()) GTEST_SKIP() << kNoNets;
  OnEveryNet(nets, [](const std::string& name, WholeNet* net) {
    net->CompareChannels();
    std::cout << name << ": " << net->ReportOfChannels() << std::endl;
  });
}

}  // namespace
}  // namespace phosphene
