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
  const auto param =
      MakeOrDie("rows: 3 width: 16 stack { shared { height: 16 width: 16 } }");
  Walk(*param);
  const at::Tensor image = param->Image(0);
  EXPECT_TRUE(at::equal(image[0], image[1]) && at::equal(image[0], image[2]));
}

TEST(StackTest, RowsPullOnASharedTensorTogether) {
  const auto param = MakeOrDie(
      "rows: 3 width: 8 color { basis: RGB }"
      " stack { unique { pixel { sd: 0 } } shared { height: 8 width: 8 sd: 0 } "
      "}");
  const auto grads = Gradients(*param, at::ones({3, 3, 8, 8}));
  EXPECT_TRUE(at::allclose(grads.at("shared0"),
                           grads.at("unique.pixels").sum(0, true)));
}

TEST(StackTest, WeightScalesAContribution) {
  const auto values = [](const std::string& weight) {
    return at::logit(MakeOrDie("width: 8 color { basis: RGB } stack { shared { "
                               "height: 4 width: 4 " +
                               weight + "} }")
                         ->Image(0));
  };
  EXPECT_TRUE(at::allclose(values("weight: -3"), values("") * -3, 1e-3, 1e-5));
}

TEST(StackTest, SharedTensorsDifferFromTheUniquePartAndOneAnother) {
  const auto tensors = SaveTensors(*MakeOrDie(
      "width: 8 stack { unique { pixel {} } shared { height: 8 width: 8 }"
      " shared { height: 8 width: 8 } }"));
  EXPECT_FALSE(at::equal(tensors.at("unique.pixels"), tensors.at("shared0")));
  EXPECT_FALSE(at::equal(tensors.at("shared0"), tensors.at("shared1")));
}

// Four corners held: the grid between them is their bilinear mix.
TEST(StackTest, AGridBlendsAlongBothDirections) {
  const auto param = MakeOrDie(
      "rows: 9 width: 2 color { basis: RGB }"
      " stack { columns: 3 shared { rows: 4 columns: 2 height: 2 width: 2 sd: "
      "1 } }");
  const at::Tensor held = SaveTensors(*param).at("shared0");
  const at::Tensor rows = at::logit(param->Image(0));
  // Source position = row * 2 / 3, as TensorFlow resizes: 0, 2/3, and beyond
  // the last cell.
  const auto mixed = [&](double y, double x) {
    return (1 - y) * ((1 - x) * held[0] + x * held[1]) +
           y * ((1 - x) * held[2] + x * held[3]);
  };
  EXPECT_TRUE(at::allclose(rows[0], mixed(0, 0), 1e-3, 1e-4));
  EXPECT_TRUE(at::allclose(rows[1], mixed(0, 2. / 3), 1e-3, 1e-4));
  EXPECT_TRUE(at::allclose(rows[3], mixed(2. / 3, 0), 1e-3, 1e-4));
  EXPECT_TRUE(at::allclose(rows[8], mixed(1, 1), 1e-3, 1e-4));
}

TEST(StackTest, AGridThatDoesNotFitIsRefused) {
  const auto faults = [](const std::string& text) {
    return std::string(CheckParam(ParamSpec(text), "p").message());
  };
  EXPECT_THAT(faults("rows: 9 stack { columns: 4 unique { pixel {} } }"),
              testing::HasSubstr("p.stack.columns"));
  EXPECT_THAT(
      faults(
          "rows: 9 stack { shared { rows: 4 columns: 2 height: 2 width: 2 } }"),
      testing::HasSubstr("p.stack.shared[0].columns"));
  EXPECT_THAT(faults("rows: 9 stack { columns: 3 shared { rows: 8 columns: 2 "
                     "height: 2 width: 2 } }"),
              testing::HasSubstr("do not fit in the grid of 3 lines of 3"));
}

}  // namespace
}  // namespace phosphene
