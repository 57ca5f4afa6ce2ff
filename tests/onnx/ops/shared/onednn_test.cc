#include "server/engine/onnx/ops/shared/onednn.h"

#include <gtest/gtest.h>

#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

// 192 filters are blocked by 48 or by 64, as the picture's width suggests: one
// weight serves every size, in whatever order they come.
TEST(PackedWeightTest, ServesSizesThatWantOtherLayouts) {
  if (!OneDnnConvolves(at::kFloat))
    GTEST_SKIP() << "this machine's oneDNN does not convolve f32";
  const at::Tensor weight = RandomTensor({192, 64, 3, 3}, 1, -0.1, 0.1);
  Window window;
  window.kernel = {3, 3};
  window.stride = window.dilation = window.pad_begin = window.pad_end = {1, 1};
  PackedWeight packed([&] { return weight; }, 1);
  for (const int64_t side : {56, 28, 50, 56, 14, 61, 28}) {
    const at::Tensor x = RandomTensor({1, 64, side, side}, 2, -1, 1)
                             .contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor y =
        OneDnnConvolution(x, packed.For(x.sizes(), window), {}, window, 1, {});
    const at::Tensor expected = at::conv2d(x, weight, {}, 1, 1);
    EXPECT_LT((y - expected).abs().max().item<float>(), 1e-4)
        << "side " << side;
  }
}

}  // namespace
}  // namespace phosphene::onnx
