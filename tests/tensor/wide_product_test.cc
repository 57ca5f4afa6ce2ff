#include "server/engine/tensor/wide_product.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

at::Tensor Noise(at::IntArrayRef sizes, uint64_t seed) {
  return Rng(seed, RngStream::kInit).NormalTensor(sizes);
}

// What `make` gives on 1, 2 and 3 threads is the same.
void ExpectAnyWidth(const std::function<std::vector<at::Tensor>()>& make) {
  std::vector<at::Tensor> first;
  std::thread([&] {
    for (const int threads : {1, 2, 3}) {
      const LaneWidth lane(threads);
      const std::vector<at::Tensor> made = make();
      if (first.empty()) first = made;
      ASSERT_EQ(made.size(), first.size());
      for (size_t i = 0; i < made.size(); ++i)
        EXPECT_TRUE(at::equal(made[i], first[i])) << threads << " threads";
    }
  }).join();
}

double Distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(WideMmTest, IsTheProductAndItsGradientsToRounding) {
  for (const auto& [m, k, n] : std::vector<std::array<int64_t, 3>>{
           {200, 300, 70}, {1, 2048, 1000}, {513, 129, 65}, {3, 4, 5}}) {
    const at::Tensor a = Noise({m, k}, 1).requires_grad_(true);
    const at::Tensor b = Noise({n, k}, 2).t().detach().requires_grad_(true);
    const at::Tensor g = Noise({m, n}, 3);
    const at::Tensor c = WideMm(a, b);
    const auto grads = torch::autograd::grad({c}, {a, b}, {g});
    EXPECT_LT(Distance(c, at::mm(a, b)), 1e-5) << m;
    EXPECT_LT(Distance(grads[0], at::mm(g, b.t())), 1e-5) << m;
    EXPECT_LT(Distance(grads[1], at::mm(a.t(), g)), 1e-5) << m;
  }
}

TEST(WideMmTest, BitsDoNotDependOnThreads) {
  const at::Tensor left = Noise({333, 257}, 1), right = Noise({257, 190}, 2);
  ExpectAnyWidth([&] {
    const at::Tensor a = left.clone().requires_grad_(true);
    const at::Tensor b = right.clone().requires_grad_(true);
    const at::Tensor c = WideMm(a, b);
    c.square().sum().backward();
    return std::vector<at::Tensor>{c.detach(), a.grad(), b.grad()};
  });
}

TEST(WideMmTest, OtherTypesGoToAten) {
  const at::Tensor a = Noise({200, 200}, 1).to(at::kDouble);
  EXPECT_TRUE(at::equal(WideMm(a, a), at::mm(a, a)));
}

// In either memory layout, a row has the bits it has alone.
TEST(SelfProductsTest, AreGramMatricesRowByRow) {
  for (const bool channels_last : {false, true}) {
    at::Tensor features = Noise({3, 40, 61, 53}, 4);
    if (channels_last)
      features = features.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor f = features.flatten(2).detach().requires_grad_(true);
    const at::Tensor g = Noise({3, 40, 40}, 5);
    const at::Tensor gram = SelfProducts(f);
    const at::Tensor grad = torch::autograd::grad({gram}, {f}, {g})[0];
    const at::Tensor plain = at::bmm(f, f.transpose(1, 2));
    EXPECT_LT(Distance(gram, plain), 1e-5);
    EXPECT_LT(Distance(grad, torch::autograd::grad({plain}, {f}, {g})[0]),
              1e-5);
    for (int64_t row = 0; row < 3; ++row) {
      const at::Tensor alone = f.detach().narrow(0, row, 1);
      EXPECT_TRUE(at::equal(SelfProducts(alone)[0], gram[row])) << row;
    }
  }
}

TEST(SelfProductsTest, BitsDoNotDependOnThreads) {
  const at::Tensor features = Noise({2, 96, 5000}, 4);
  ExpectAnyWidth([&] {
    const at::Tensor f = features.clone().requires_grad_(true);
    const at::Tensor gram = SelfProducts(f);
    gram.square().sum().backward();
    return std::vector<at::Tensor>{gram.detach(), f.grad()};
  });
}

TEST(SelfProductsTest, FewPositionsAreFine) {
  const at::Tensor f = Noise({1, 5, 1}, 6);
  EXPECT_LT(Distance(SelfProducts(f), at::bmm(f, f.transpose(1, 2))), 1e-6);
}

}  // namespace
}  // namespace phosphene
