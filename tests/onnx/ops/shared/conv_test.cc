#include "server/engine/onnx/ops/shared/conv.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {
namespace {

struct Setting {
  int64_t in, out, kernel, stride, dilation, group;
  std::vector<int64_t> pads;
  int64_t height, width;
};

std::ostream& operator<<(std::ostream& out, const Setting& s) {
  return out << s.in << "->" << s.out << " kernel " << s.kernel << " stride "
             << s.stride << " dilation " << s.dilation << " group " << s.group
             << " pads " << s.pads;
}

class FrozenConvTest : public testing::TestWithParam<Setting> {};

// One convolution with a ReLU behind it, as networks run it, against ATen's.
TEST_P(FrozenConvTest, EqualsAtenForwardAndBackward) {
  const Setting& s = GetParam();
  const at::Tensor weight =
      RandomTensor({s.out, s.in / s.group, s.kernel, s.kernel}, 1, -0.3, 0.3);
  const at::Tensor bias = RandomTensor({s.out}, 2, -0.3, 0.3);
  NetBuilder net(17, {0, s.in, 0, 0});
  net.Weight("w", weight)
      .Weight("b", bias)
      .Node("Conv", {"image", "w", "b"}, "c");
  net.Values("strides", {s.stride, s.stride})
      .Values("dilations", {s.dilation, s.dilation});
  net.Values("pads", s.pads).Int("group", s.group).Relu("c", "r").Output("r");
  const at::Tensor image = RandomTensor({2, s.in, s.height, s.width}, 3, -1, 1);
  const auto run = [&](const std::function<at::Tensor(const at::Tensor&)>& fn) {
    const at::Tensor x = image.clone().requires_grad_(true);
    const at::Tensor y = fn(x);
    return std::make_pair(
        y, torch::autograd::grad({y}, {x},
                                 {RandomTensor(y.sizes().vec(), 4, -1, 1)})[0]);
  };
  const auto network = net.Compile({"r"});
  const auto own =
      run([&](const at::Tensor& x) { return network->Forward(x).at("r"); });
  const auto aten = run([&](const at::Tensor& x) {
    const at::Tensor padded =
        at::constant_pad_nd(x, {s.pads[1], s.pads[3], s.pads[0], s.pads[2]});
    const std::vector<int64_t> none = {0, 0}, stride = {s.stride, s.stride},
                               dilation = {s.dilation, s.dilation};
    return at::relu(
        at::conv2d(padded, weight, bias, stride, none, dilation, s.group));
  });
  EXPECT_TRUE(at::allclose(own.first, aten.first, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(own.second, aten.second, 1e-4, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, FrozenConvTest,
    testing::Values(Setting{3, 8, 7, 2, 1, 1, {3, 3, 3, 3}, 21, 18},
                    Setting{3, 8, 7, 2, 1, 1, {3, 3, 3, 3}, 20, 23},
                    Setting{3, 8, 3, 2, 1, 1, {0, 0, 0, 0}, 20, 23},
                    Setting{3, 8, 3, 2, 1, 1, {1, 1, 1, 1}, 19, 22},
                    Setting{1, 8, 11, 4, 1, 1, {2, 2, 2, 2}, 35, 38},
                    Setting{4, 8, 4, 4, 1, 1, {0, 0, 0, 0}, 17, 16},
                    Setting{3, 8, 2, 3, 1, 1, {0, 0, 0, 0}, 17, 16},
                    Setting{3, 8, 2, 2, 1, 1, {3, 3, 3, 3}, 9, 8},
                    Setting{16, 24, 1, 1, 1, 1, {0, 0, 0, 0}, 9, 7},
                    Setting{5, 6, 3, 1, 1, 1, {1, 1, 1, 1}, 9, 11},
                    Setting{4, 6, 3, 1, 2, 1, {2, 2, 2, 2}, 13, 11},
                    Setting{8, 8, 3, 1, 1, 8, {1, 1, 1, 1}, 9, 9},
                    Setting{8, 12, 3, 2, 1, 4, {1, 1, 1, 1}, 10, 9},
                    Setting{4, 6, 3, 1, 1, 1, {0, 1, 2, 1}, 9, 9},
                    Setting{4, 6, 2, 1, 1, 1, {3, 3, 3, 3}, 6, 5},
                    Setting{6, 6, 5, 1, 1, 2, {2, 2, 2, 2}, 8, 8}));

TEST(FrozenConvGroupTest, BranchesOfOneInputEqualEachAlone) {
  NetBuilder net(17, {0, 8, 0, 0});
  net.Conv("image", "a", 8, 4, 1)
      .Conv("image", "b", 8, 6, 1)
      .Conv("image", "c", 8, 2, 1);
  net.Relu("a", "ra").Relu("b", "rb").Relu("c", "rc");
  const at::Tensor image = RandomTensor({2, 8, 6, 5}, 3, -1, 1);
  const auto together = net.Compile({"ra", "rb", "rc"});
  const at::Tensor x = image.clone().requires_grad_(true);
  const auto out = together->Forward(x);
  at::Tensor sum = at::zeros_like(x);
  for (const char* name : {"ra", "rb", "rc"}) {
    const at::Tensor alone = image.clone().requires_grad_(true);
    const at::Tensor y = net.Compile({name})->Forward(alone).at(name);
    EXPECT_TRUE(at::allclose(out.at(name), y, 1e-5, 1e-6));
    sum = sum + torch::autograd::grad({y.sum()}, {alone})[0];
  }
  const at::Tensor all =
      out.at("ra").sum() + out.at("rb").sum() + out.at("rc").sum();
  EXPECT_TRUE(
      at::allclose(torch::autograd::grad({all}, {x})[0], sum, 1e-4, 1e-5));
}

// Branches nothing flows back through give no gradient, and no crash.
TEST(FrozenConvGroupTest, UnusedBranchesGiveNoGradient) {
  NetBuilder net(17, {0, 8, 0, 0});
  net.Conv("image", "a", 8, 4, 1).Conv("image", "b", 8, 6, 1);
  const at::Tensor image = RandomTensor({1, 8, 6, 5}, 3, -1, 1);
  const at::Tensor x = image.clone().requires_grad_(true),
                   alone = image.clone().requires_grad_(true);
  const at::Tensor y = net.Compile({"a", "b"})->Forward(x).at("a");
  const at::Tensor z = net.Compile({"a"})->Forward(alone).at("a");
  EXPECT_TRUE(at::allclose(torch::autograd::grad({y.sum()}, {x})[0],
                           torch::autograd::grad({z.sum()}, {alone})[0], 1e-5,
                           1e-6));
}

TEST(FrozenConvTest, WrongChannelsAreSaid) {
  NetBuilder net(17, {0, 3, 0, 0});
  net.Weight("w", at::ones({2, 4, 1, 1}))
      .Node("Conv", {"image", "w"}, "c")
      .Output("c");
  EXPECT_THROW(net.Compile({"c"})->Forward(at::zeros({1, 3, 4, 4})),
               c10::Error);
}

}  // namespace
}  // namespace phosphene
