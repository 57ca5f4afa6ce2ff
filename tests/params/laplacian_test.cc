#include "tests/params/fixture.h"

namespace phosphene {
namespace {

TEST(LaplacianTest, LevelsHalveInSizeDownToAPixel) {
  const auto param = MakeOrDie("laplacian { levels: 6 } width: 24 height: 10");
  std::vector<std::vector<int64_t>> sizes;
  for (const ParamTensor& tensor : param->Tensors())
    sizes.push_back(tensor.value.sizes().vec());
  const std::vector<std::vector<int64_t>> expected = {
      {1, 3, 10, 24}, {1, 3, 5, 12}, {1, 3, 2, 6},
      {1, 3, 1, 3},   {1, 3, 1, 1},  {1, 3, 1, 1}};
  EXPECT_EQ(sizes, expected);
}

TEST(LaplacianTest, AnImagesLowFrequenciesGoToTheCoarseLevels) {
  const auto param = MakeOrDie("laplacian {} width: 64 color { basis: RGB }");
  const at::Tensor flat = at::full({1, 3, 64, 64}, .8);
  ASSERT_OK(param->SetImage(flat));
  const auto tensors = param->Tensors();
  EXPECT_LT(tensors[0].value.abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(tensors[3].value.min().item<double>(), std::log(4.), 1e-4);
}

}  // namespace
}  // namespace phosphene
