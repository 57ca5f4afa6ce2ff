#include "tests/params/fixture.h"

namespace phosphene {
namespace {

// The article's interpolation: 6 frames, unique and shared parts.
constexpr char kAligned[] =
    "rows: 6 width: 128 stack { unique { fourier {} }"
    " shared { height: 64 width: 64 } shared { height: 32 width: 32 }"
    " shared { height: 16 width: 16 } shared { rows: 2 height: 16 width: 16 }"
    " shared { height: 8 width: 8 } shared { rows: 2 height: 8 width: 8 } }";

TEST(StackTest, TheArticlesInterpolationHasItsParameterCounts) {
  int64_t unique = 0, shared = 0;
  for (const ParamTensor& tensor : MakeOrDie(kAligned)->Tensors()) {
    (tensor.per_row ? unique : shared) += tensor.value.numel();
  }
  EXPECT_EQ(unique, 6 * 3 * 128 * 65 * 2);
  EXPECT_EQ(shared, 18240);
}

TEST(StackTest, WithoutAUniquePartAllRowsAreOne) {
  const auto param = MakeOrDie("rows: 3 width: 16 stack { shared { height: 16 width: 16 } }");
  Walk(*param);
  const at::Tensor image = param->Image(0);
  EXPECT_TRUE(at::equal(image[0], image[1]) && at::equal(image[0], image[2]));
}

TEST(StackTest, RowsPullOnASharedTensorTogether) {
  const auto param = MakeOrDie(
      "rows: 3 width: 8 color { basis: RGB }"
      " stack { unique { pixel { sd: 0 } } shared { height: 8 width: 8 sd: 0 } }");
  const auto grads = Gradients(*param, at::ones({3, 3, 8, 8}));
  EXPECT_TRUE(at::allclose(grads.at("shared0"), grads.at("unique.pixels").sum(0, true)));
}

TEST(StackTest, WeightScalesAContribution) {
  const auto values = [](const std::string& weight) {
    return at::logit(
        MakeOrDie("width: 8 color { basis: RGB } stack { shared { height: 4 width: 4 " + weight +
                  "} }")
            ->Image(0));
  };
  EXPECT_TRUE(at::allclose(values("weight: -3"), values("") * -3, 1e-3, 1e-5));
}

TEST(StackTest, SharedTensorsDifferFromTheUniquePartAndOneAnother) {
  const auto tensors =
      SaveTensors(*MakeOrDie("width: 8 stack { unique { pixel {} } shared { height: 8 width: 8 }"
                             " shared { height: 8 width: 8 } }"));
  EXPECT_FALSE(at::equal(tensors.at("unique.pixels"), tensors.at("shared0")));
  EXPECT_FALSE(at::equal(tensors.at("shared0"), tensors.at("shared1")));
}

}  // namespace
}  // namespace phosphene
