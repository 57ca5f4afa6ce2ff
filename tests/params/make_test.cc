#include <algorithm>

#include "tests/params/fixture.h"

namespace phosphene {
namespace {

const std::string kBlob = "\"blobs/" + std::string(64, '0') + "\"";

// A context whose every image blob is `image`.
ParamContext WithImage(const v1::Parameterization& spec,
                       const at::Tensor& image) {
  ParamContext context = ContextOf(spec);
  context.load_image = [image](absl::string_view) { return image; };
  return context;
}

TEST(CanvasTest, FillsDefaultsIn) {
  const Canvas plain = CanvasOf(ParamSpec("pixel {}"));
  EXPECT_EQ(plain.rows, 1);
  EXPECT_EQ(plain.channels, 3);
  EXPECT_EQ(plain.width, 224);
  EXPECT_EQ(plain.height, 224);
  EXPECT_EQ(CanvasOf(ParamSpec("pixel {} width: 100")).height, 100);
  EXPECT_EQ(CanvasOf(ParamSpec("rgba {}")).channels, 4);
}

TEST(MakeParamTest, StartsFromAnImageResizedToTheCanvas) {
  const v1::Parameterization spec = ParamSpec(
      "fourier {} width: 24 height: 16 rows: 2 init { image: " + kBlob + "}");
  const at::Tensor photo = SmoothImage({1, 3, 32, 48}, 1);
  ASSERT_OK_AND_ASSIGN(const auto param,
                       MakeParam(spec, WithImage(spec, photo)));
  const at::Tensor expected = at::adaptive_avg_pool2d(photo, {16, 24});
  EXPECT_GT(Psnr(param->Image(0), expected.expand({2, 3, 16, 24})), 35);
}

TEST(MakeParamTest, AnOpaquePhotoStartsRgbaOpaqueAndAGreyCanvasTakesItsLuma) {
  const at::Tensor photo = SmoothImage({1, 3, 16, 16}, 1);
  const v1::Parameterization rgba =
      ParamSpec("rgba { pixel {} } width: 16 init { image: " + kBlob + "}");
  ASSERT_OK_AND_ASSIGN(const auto colour,
                       MakeParam(rgba, WithImage(rgba, photo)));
  EXPECT_NEAR(colour->Image(0).select(1, 3).min().item<double>(), .999, 1e-4);
  const v1::Parameterization grey =
      ParamSpec("pixel {} channels: 1 width: 16 init { image: " + kBlob + "}");
  ASSERT_OK_AND_ASSIGN(const auto luma,
                       MakeParam(grey, WithImage(grey, photo)));
  const at::Tensor expected = photo.select(1, 0) * .299 +
                              photo.select(1, 1) * .587 +
                              photo.select(1, 2) * .114;
  EXPECT_TRUE(at::allclose(luma->Image(0)[0], expected, 0, 1e-4));
}

TEST(MakeParamTest, StartsFromAConstantColour) {
  const auto param = MakeOrDie(
      "laplacian {} width: 16 init { constant { values: [.2, .4, .9] } }");
  const at::Tensor image = param->Image(0);
  EXPECT_NEAR(image.select(1, 0).max().item<double>(), .2, 1e-4);
  EXPECT_NEAR(image.select(1, 2).min().item<double>(), .9, 1e-4);
}

TEST(MakeParamTest, NoiseAddsTheRandomStartToTheImage) {
  const std::string text = "pixel { sd: 0.3 } color { basis: RGB } width: 16 ";
  const at::Tensor random = at::logit(MakeOrDie(text)->Image(0));
  const at::Tensor mixed = at::logit(
      MakeOrDie(text + "init { constant { values: .5 } noise: 2 }")->Image(0));
  EXPECT_TRUE(at::allclose(mixed, 2 * random, 1e-3, 1e-3));
}

TEST(MakeParamTest, StartsFromACheckpointsTensors) {
  const auto trained = MakeOrDie("cppn {} width: 16", 1);
  Walk(*trained);
  const v1::Parameterization spec =
      ParamSpec("cppn {} width: 16 init { checkpoint: " + kBlob + "}");
  ParamContext context = ContextOf(spec, 2);
  context.load_tensors = [&](absl::string_view) {
    return SaveTensors(*trained);
  };
  ASSERT_OK_AND_ASSIGN(const auto param, MakeParam(spec, context));
  EXPECT_TRUE(at::equal(param->Image(0), trained->Image(0)));
}

TEST(MakeParamTest,
     TensorsOfAnotherParameterizationAreRefusedAndNothingChanges) {
  const auto pixel = MakeOrDie("pixel {} width: 16");
  const at::Tensor before = pixel->Image(0);
  EXPECT_THAT(
      LoadTensors(*pixel, SaveTensors(*MakeOrDie("fourier {} width: 16"))),
      StatusIs(absl::StatusCode::kFailedPrecondition, "pixels"));
  EXPECT_THAT(LoadTensors(*pixel, SaveTensors(*MakeOrDie("pixel {} width: 8"))),
              StatusIs(absl::StatusCode::kFailedPrecondition, "1x3x8x8"));
  EXPECT_TRUE(at::equal(pixel->Image(0), before));
}

TEST(MakeParamTest, SetImageRefusesOtherRowsAndChannels) {
  const auto param = MakeOrDie("pixel {} width: 16 rows: 3");
  EXPECT_THAT(param->SetImage(at::zeros({2, 3, 16, 16})),
              StatusIs(absl::StatusCode::kInvalidArgument, "2x3x16x16"));
  EXPECT_THAT(param->SetImage(at::zeros({1, 4, 16, 16})),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(param->SetImage(at::zeros({1, 3, 16, 16})));
}

TEST(MakeParamTest, SetImageTakesTheImageOfASmallerOctave) {
  const auto small = MakeOrDie("fourier {} width: 16 rows: 2");
  ASSERT_OK(small->SetImage(SmoothImage({2, 3, 16, 16}, 2)));
  const auto large = MakeOrDie("fourier {} width: 32 rows: 2");
  ASSERT_OK(large->SetImage(small->Image(0)));
  EXPECT_GT(
      Psnr(at::adaptive_avg_pool2d(large->Image(0), {16, 16}), small->Image(0)),
      30);
}

TEST(MakeParamTest, WithoutALoaderAnImageStartIsAnErrorNotACrash) {
  const v1::Parameterization spec =
      ParamSpec("pixel {} width: 8 init { image: " + kBlob + "}");
  EXPECT_THAT(MakeParam(spec, ContextOf(spec)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "images"));
}

// A pixel canvas of 16x16 whose left half is white in the mask.
absl::StatusOr<std::unique_ptr<Param>> LeftHalf(const std::string& more) {
  const v1::Parameterization spec =
      ParamSpec("pixel {} width: 16 mask { image: " + kBlob + more + "}");
  at::Tensor mask = at::zeros({1, 3, 16, 16});
  mask.narrow(3, 0, 8).fill_(1);
  return MakeParam(spec, WithImage(spec, mask));
}

TEST(MaskTest, WhatTheMaskKeepsNeverChangesAndGetsNoGradient) {
  ASSERT_OK_AND_ASSIGN(const auto param, LeftHalf(""));
  const at::Tensor start = param->Image(0);
  Walk(*param);
  const at::Tensor image = param->Image(0);
  EXPECT_TRUE(at::equal(image.narrow(3, 8, 8), start.narrow(3, 8, 8)));
  EXPECT_FALSE(
      at::allclose(image.narrow(3, 0, 8), start.narrow(3, 0, 8), 0, .01));
  const at::Tensor grad =
      Gradients(*param, at::ones({1, 3, 16, 16})).at("pixels");
  EXPECT_EQ(grad.narrow(3, 8, 8).abs().max().item<float>(), 0);
  EXPECT_GT(grad.narrow(1, 0, 1).narrow(3, 0, 8).abs().min().item<float>(), 0);
}

TEST(MaskTest, InvertOptimizesTheDarkPart) {
  ASSERT_OK_AND_ASSIGN(const auto param, LeftHalf(" invert: true"));
  const at::Tensor grad =
      Gradients(*param, at::ones({1, 3, 16, 16})).at("pixels");
  EXPECT_EQ(grad.narrow(3, 0, 8).abs().max().item<float>(), 0);
}

// As a checkpoint holds a parameterization.
std::map<std::string, at::Tensor> KeptBy(Param& param) {
  std::map<std::string, at::Tensor> kept;
  param.Save(&kept);
  for (const ParamTensor& tensor : param.Tensors())
    kept[tensor.name] = tensor.value.detach().clone();
  return kept;
}

TEST(MaskTest, ACheckpointBringsBackWhatTheMaskKept) {
  ASSERT_OK_AND_ASSIGN(const auto param, LeftHalf(""));
  Walk(*param);
  const v1::Parameterization spec =
      ParamSpec("pixel {} width: 16 mask { image: " + kBlob +
                "} init { checkpoint: 'blobs/c' }");
  at::Tensor mask = at::zeros({1, 3, 16, 16});
  mask.narrow(3, 0, 8).fill_(1);
  ParamContext context = WithImage(spec, mask);
  context.seed = 99;  // another start
  context.load_tensors = [&](absl::string_view) { return KeptBy(*param); };
  ASSERT_OK_AND_ASSIGN(const auto again, MakeParam(spec, context));
  EXPECT_TRUE(at::equal(again->Render(16, 16), param->Render(16, 16)));
  // Of other rows it is told.
  v1::Parameterization more = spec;
  more.set_rows(2);
  context.canvas.rows = 2;
  EXPECT_THAT(MakeParam(more, context),
              StatusIs(absl::StatusCode::kFailedPrecondition, ""));
}

TEST(MaskTest, RenderAtAnotherSizeKeepsTheMaskedPartToo) {
  ASSERT_OK_AND_ASSIGN(const auto param, LeftHalf(""));
  const at::Tensor start = param->Render(32, 32);
  Walk(*param);
  const at::Tensor image = param->Render(32, 32);
  EXPECT_EQ(image.size(3), 32);
  EXPECT_TRUE(
      at::allclose(image.narrow(3, 18, 14), start.narrow(3, 18, 14), 0, 1e-6));
}

}  // namespace
}  // namespace phosphene
