#include "server/engine/onnx/ops/shared/relu.h"

#include "server/engine/tensor/step_context.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

// Gradient that reaches x when g is that of the loss with respect to act(x).
at::Tensor Gradient(const at::Tensor& x, const at::Tensor& g,
                    const Activation& activation, const OpOptions& options) {
  const at::Tensor leaf = x.clone().requires_grad_(true);
  return torch::autograd::grad({Activate(leaf, activation, options)}, {leaf},
                               {g})[0];
}

TEST(ReluTest, PlainGradientPassesWhereOpen) {
  const at::Tensor x = at::tensor({-1.f, 2.f, -3.f, 4.f}).view({1, 4});
  const at::Tensor g = at::tensor({1.f, 2.f, 3.f, 4.f}).view({1, 4});
  EXPECT_TRUE(at::equal(Gradient(x, g, {Activation::kRelu, 0}, {}),
                        at::tensor({0.f, 2.f, 0.f, 4.f}).view({1, 4})));
}

// Each item decides for itself: a dead one keeps what would raise x.
TEST(ReluTest, DeadItemGetsTheRedirectedGradient) {
  OpOptions options;
  const RedirectScope redirect(true);
  const at::Tensor x = at::tensor({-1.f, -2.f, -3.f, 4.f}).view({2, 2});
  const at::Tensor g = at::tensor({5.f, -6.f, -7.f, 8.f}).view({2, 2});
  EXPECT_TRUE(at::equal(Gradient(x, g, {Activation::kRelu, 0}, options),
                        at::tensor({0.f, -6.f, 0.f, 8.f}).view({2, 2})));
}

// Open values that happen to get no gradient leave the item dead.
TEST(ReluTest, AliveIsAboutGradientNotActivation) {
  OpOptions options;
  const RedirectScope redirect(true);
  const at::Tensor x = at::tensor({-1.f, 2.f}).view({1, 2});
  const at::Tensor g = at::tensor({-6.f, 0.f}).view({1, 2});
  EXPECT_TRUE(at::equal(Gradient(x, g, {Activation::kRelu, 0}, options), g));
}

TEST(ReluTest, Relu6RedirectsAtBothEnds) {
  OpOptions options;
  const at::Tensor x = at::tensor({-1.f, -1.f, 7.f, 7.f}).view({1, 4});
  const at::Tensor g = at::tensor({1.f, -1.f, 2.f, -2.f}).view({1, 4});
  const Activation relu6{Activation::kClip, 6};
  EXPECT_TRUE(at::equal(Gradient(x, g, relu6, options), at::zeros({1, 4})));
  const RedirectScope redirect(true);
  EXPECT_TRUE(at::equal(Gradient(x, g, relu6, options),
                        at::tensor({0.f, -1.f, 2.f, 0.f}).view({1, 4})));
}

TEST(ReluTest, LinearPassesEverything) {
  OpOptions options;
  options.linear_relu = true;
  const at::Tensor x = at::tensor({-1.f, 2.f}).view({1, 2});
  const at::Tensor g = at::tensor({3.f, 4.f}).view({1, 2});
  EXPECT_TRUE(at::equal(Gradient(x, g, {Activation::kRelu, 0}, options), g));
}

// Slices of the channels of a channels_last tensor, such as branches of an
// inception have, go through an own kernel: it does what ATen does.
TEST(ReluTest, SlicesOfChannelsAreGatedAsWholeTensorsAre) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const auto whole = [&](uint64_t seed) {
      return RandomTensor({3, 40, 5, 7}, seed, -1, 1)
          .to(type)
          .contiguous(at::MemoryFormat::ChannelsLast);
    };
    const at::Tensor y = whole(1).clamp(0, 0.5).narrow(1, 8, 19),
                     g = whole(2).narrow(1, 3, 19);
    y[1].zero_();
    for (const Activation& activation :
         {Activation{Activation::kRelu, 0}, {Activation::kClip, 0.5}}) {
      for (const bool redirect : {false, true}) {
        const OpOptions options;
        const RedirectScope scope(redirect);
        at::Tensor out = at::full_like(whole(3), 7).narrow(1, 2, 19);
        WriteActivationGradient(g, y, activation, options, &out);
        EXPECT_TRUE(
            at::equal(out, ActivationGradient(g.contiguous(), y.contiguous(),
                                              activation, options)))
            << type << " redirect " << redirect;
      }
    }
  }
}

// The same law inside a network, where the ReLU is part of a convolution.
TEST(ReluTest, FusedReluRedirectsADeadItemAlone) {
  NetBuilder net;
  net.Weight("w", at::ones({1, 3, 1, 1})).Weight("b", at::full({1}, -1.0f));
  net.Node("Conv", {"image", "w", "b"}, "c").Relu("c", "r").Output("r");
  const auto network = net.Compile({"r"});
  // Item 0 is dark and dead, item 1 bright and alive at one pixel.
  at::Tensor image = at::zeros({2, 3, 2, 2});
  image[1].select(1, 0).select(1, 0).fill_(1);
  const auto gradient = [&](double g) {
    const at::Tensor x = image.clone().requires_grad_(true);
    const at::Tensor y = network->Forward(x).at("r");
    return torch::autograd::grad({y}, {x}, {at::full_like(y, g)})[0];
  };
  EXPECT_EQ(gradient(-1)[0].abs().sum().item<float>(), 0);
  const RedirectScope redirect(true);
  EXPECT_EQ(gradient(-1)[0].sum().item<float>(), -12);
  EXPECT_EQ(gradient(-1)[1].sum().item<float>(), -3);
  EXPECT_EQ(gradient(1)[0].abs().sum().item<float>(), 0);
}

// GELU, SiLU and HardSwish have no dead units that redirection could wake.
TEST(ReluTest, OtherActivationsKeepTheirGradient) {
  NetBuilder net(20);
  net.Conv("image", "c", 3, 4, 3).Node("Gelu", {"c"}, "gelu");
  net.Node("Sigmoid", {"gelu"}, "gate").Node("Mul", {"gelu", "gate"}, "silu");
  net.Node("HardSwish", {"silu"}, "hard").Output("hard");
  const auto network = net.Compile({"hard"});
  const at::Tensor image = RandomTensor({2, 3, 5, 6}, 3);
  const auto gradient = [&](double g) {
    const at::Tensor x = image.clone().requires_grad_(true);
    const at::Tensor y = network->Forward(x).at("hard");
    return torch::autograd::grad({y}, {x}, {at::full_like(y, g)})[0];
  };
  const at::Tensor plain = gradient(-1);
  EXPECT_GT(plain.abs().max().item<float>(), 0);
  const RedirectScope redirect(true);
  EXPECT_TRUE(at::equal(gradient(-1), plain));
}

}  // namespace
}  // namespace phosphene::onnx
