#include "server/engine/onnx/ops/shared/max_pool.h"

#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

Window SquareWindow(int64_t kernel, int64_t stride, int64_t pad, bool ceil,
                    int64_t dilation = 1) {
  Window window;
  window.kernel = {kernel, kernel};
  window.stride = {stride, stride};
  window.dilation = {dilation, dilation};
  window.pad_begin = window.pad_end = {pad, pad};
  window.ceil_mode = ceil;
  return window;
}

struct Case {
  int64_t kernel, stride, pad;
  bool ceil;
  int64_t dilation;
};

at::Tensor GradientOf(const std::function<at::Tensor(const at::Tensor&)>& fn,
                      const at::Tensor& x) {
  const at::Tensor leaf = x.clone().requires_grad_(true);
  const at::Tensor y = fn(leaf);
  return torch::autograd::grad({y}, {leaf},
                               {RandomTensor(y.sizes().vec(), 4, -1, 1)})[0];
}

TEST(MaxPoolTest, EqualsAtenForwardAndBackward) {
  for (const Case& c : {Case{3, 2, 0, true, 1}, Case{3, 1, 1, true, 1},
                        Case{2, 2, 0, false, 1}, Case{3, 2, 1, false, 1},
                        Case{5, 3, 2, true, 1}, Case{2, 1, 0, false, 2}}) {
    const Window window =
        SquareWindow(c.kernel, c.stride, c.pad, c.ceil, c.dilation);
    const at::Tensor x = RandomTensor({2, 5, 14, 17}, 3, -1, 1);
    const auto own = [&](const at::Tensor& t) {
      return MaxPool(t, window, {});
    };
    const auto aten = [&](const at::Tensor& t) {
      return at::max_pool2d(t, window.kernel, window.stride, window.pad_begin,
                            window.dilation, c.ceil);
    };
    EXPECT_TRUE(at::equal(own(x), aten(x))) << c.kernel << " " << c.stride;
    EXPECT_TRUE(
        at::allclose(GradientOf(own, x), GradientOf(aten, x), 1e-6, 1e-6));
  }
}

TEST(MaxPoolTest, TiesGoToTheFirst) {
  const Window window = SquareWindow(2, 2, 0, false);
  const at::Tensor g =
      GradientOf([&](const at::Tensor& t) { return MaxPool(t, window, {}); },
                 at::ones({1, 1, 2, 2}));
  EXPECT_NE(g[0][0][0][0].item<float>(), 0);
  EXPECT_EQ(g.count_nonzero().item<int64_t>(), 1);
}

TEST(MaxPoolTest, AverageGradientIsThatOfAveragePooling) {
  OpOptions options;
  options.max_pool = v1::GradientOverrides::AVERAGE;
  const Window window = SquareWindow(3, 2, 1, true);
  const at::Tensor x = RandomTensor({2, 3, 9, 8}, 3, -1, 1);
  const auto own = [&](const at::Tensor& t) {
    return MaxPool(t, window, options);
  };
  const auto average = [&](const at::Tensor& t) {
    return at::avg_pool2d(t, {3, 3}, {2, 2}, {1, 1}, true,
                          /*count_include_pad=*/false);
  };
  EXPECT_TRUE(at::equal(own(x), MaxPool(x, window, {})));
  EXPECT_TRUE(
      at::allclose(GradientOf(own, x), GradientOf(average, x), 1e-5, 1e-6));
}

TEST(MaxPoolTest, L2GradientIsThatOfTheQuotient) {
  OpOptions options;
  options.max_pool = v1::GradientOverrides::L2;
  const Window window = SquareWindow(2, 2, 0, false);
  const at::Tensor x = RandomTensor({1, 3, 8, 8}, 3, -1, 1);
  const auto own = [&](const at::Tensor& t) {
    return MaxPool(t, window, options);
  };
  const auto quotient = [](const at::Tensor& t) {
    return at::avg_pool2d(t * t, {2, 2}) /
           (at::avg_pool2d(t.abs(), {2, 2}) + 0.01);
  };
  EXPECT_TRUE(
      at::allclose(GradientOf(own, x), GradientOf(quotient, x), 1e-5, 1e-6));
}

}  // namespace
}  // namespace phosphene::onnx
