#include "server/engine/onnx/ops/select.h"

#include <gtest/gtest.h>

#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

// The gradient of a device, run on the CPU.
TEST(SelectAlong, GathersTheGradientThatAtenAdds) {
  for (const int64_t axis : {0, 1, 2}) {
    for (const std::vector<int64_t>& picked : std::vector<std::vector<int64_t>>{
             {0}, {3, 1}, {2, 2, 0, 2}, {}, {0, 1, 2, 3}}) {
      const at::Tensor index = at::tensor(picked, at::kLong);
      const at::Tensor x = RandomTensor({4, 5, 6}, 1).requires_grad_(true);
      const at::Tensor y = x.index_select(axis, index);
      const at::Tensor g = RandomTensor(y.sizes().vec(), 2, -1, 1);
      const at::Tensor added = torch::autograd::grad({y}, {x}, {g})[0];
      EXPECT_TRUE(
          at::allclose(GatheredGradient(g, axis, PlacesOf(index, x.size(axis)),
                                        x.sizes().vec()),
                       added))
          << "axis " << axis << ", " << picked.size() << " picked";
    }
  }
}

}  // namespace
}  // namespace phosphene::onnx
