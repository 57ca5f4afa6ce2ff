// The laws of textures on meshes: images are views, gradients are exact, what
// views do not see costs nothing and stays.

#include "server/engine/params/surface.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/engine/tensor/image_tensor.h"
#include "server/imaging/encode.h"
#include "tests/params/fixture.h"
#include "tests/support/cube_obj.h"

namespace phosphene {
namespace {

constexpr char kMesh[] =
    "blobs/00000000000000000000000000000000000000000000000000000000000000c0";
constexpr char kPicture[] =
    "blobs/00000000000000000000000000000000000000000000000000000000000000b1";

// A texture on a cube; `own` are fields of its message, `rest` of the canvas.
std::unique_ptr<Param> Textured(const std::string& own,
                                const std::string& rest = "",
                                uint64_t seed = 7) {
  const v1::Parameterization spec = ParamSpec(absl::StrCat(
      "width: 40 height: 30 texture { mesh: '", kMesh,
      own.find("atlas_size") == std::string::npos ? "' atlas_size: 48 " : "' ",
      own, " } ", rest));
  EXPECT_OK(CheckParam(spec, "p"));
  ParamContext context = ContextOf(spec, seed);
  context.read_blob =
      [](absl::string_view blob) -> absl::StatusOr<std::string> {
    if (blob == kMesh) return CubeObj();
    return EncodePng(ToImages(SmoothImage({1, 3, 48, 48}, 1))[0]);
  };
  context.load_image = [](absl::string_view) -> absl::StatusOr<at::Tensor> {
    return SmoothImage({1, 3, 48, 48}, 1);
  };
  auto param = MakeParam(spec, context);
  EXPECT_OK(param);
  return param.ok() ? *std::move(param) : nullptr;
}

// In tiles; seen from near, for far views read nothing finer than tiles.
constexpr char kTiles[] =
    "pixel { sd: 1 } atlas_size: 2080 "
    "camera { min_distance: 8 max_distance: 9 }";

class TextureLaw : public testing::TestWithParam<const char*> {};

TEST_P(TextureLaw, RowsAreViewsOfOneTexture) {
  const auto one = Textured(GetParam()), two = Textured(GetParam(), "rows: 2");
  Walk(*one);
  Walk(*two);
  const at::Tensor image = two->Image(3);
  EXPECT_EQ(image.sizes(), at::IntArrayRef({2, 3, 30, 40}));
  EXPECT_GE(image.min().item<float>(), 0);
  EXPECT_LE(image.max().item<float>(), 1);
  // A network's products may round by how many points go through it at once.
  EXPECT_TRUE(at::allclose(image.narrow(0, 0, 1), one->Image(3), 0, 1e-6));
  EXPECT_FALSE(at::equal(image[0], image[1]));
  EXPECT_FALSE(at::equal(one->Image(4), one->Image(3)));
}

TEST_P(TextureLaw, TheSameSpecMakesTheSameBytes) {
  const auto a = Textured(GetParam()), b = Textured(GetParam());
  EXPECT_TRUE(at::equal(a->Image(5), b->Image(5)));
  EXPECT_FALSE(at::equal(a->Image(5), Textured(GetParam(), "", 8)->Image(5)));
}

TEST_P(TextureLaw, GradientsAgreeWithDifferences) {
  const auto param = Textured(GetParam());
  param->Image(0);  // a texture in tiles has none before a view asks for some
  Walk(*param);
  const at::Tensor weights = Noise({1, 3, 30, 40}, 3);
  const auto grads = Gradients(*param, weights);
  for (const ParamTensor& tensor : param->Tensors()) {
    const at::Tensor direction = Noise(tensor.value.sizes(), 17);
    const auto difference_over = [&](double step) {
      const at::NoGradGuard no_grad;
      double sums[2];
      for (int side = 0; side < 2; ++side) {
        const double offset = side == 0 ? step : -step;
        at::Tensor(tensor.value).add_(direction, offset);
        sums[side] =
            (param->Image(0) * weights).sum(at::kDouble).item<double>();
        at::Tensor(tensor.value).sub_(direction, offset);
      }
      return (sums[0] - sums[1]) / (2 * step);
    };
    // Richardson: what is left is of the fourth order.
    constexpr double kStep = 2e-3;
    const double difference =
        (4 * difference_over(kStep / 2) - difference_over(kStep)) / 3;
    const double slope =
        (grads.at(tensor.name) * direction).sum(at::kDouble).item<double>();
    EXPECT_NEAR(slope, difference, 1e-3 * std::abs(difference) + 1e-3)
        << tensor.name;
  }
}

TEST_P(TextureLaw, BehindTheObjectIsTheBackground) {
  const auto param = Textured(absl::StrCat(GetParam(), " background: WHITE"));
  const at::Tensor image = param->Image(0);
  const at::Tensor nothing = param->surface()->Coverage().eq(0);
  EXPECT_GT(nothing.logical_not().sum().item<int64_t>(), 100);
  EXPECT_TRUE(
      image.masked_select(nothing.expand_as(image)).eq(1).all().item<bool>());
}

TEST_P(TextureLaw, StateBringsBackTheImage) {
  const auto param = Textured(GetParam()), other = Textured(GetParam());
  param->Image(0);
  Walk(*param);
  const at::Tensor image = param->Image(0).detach();
  std::map<std::string, at::Tensor> state;
  param->Save(&state);
  other->Load(state);
  ASSERT_OK(LoadTensors(*other, SaveTensors(*param)));
  const at::Tensor seen = param->surface()->RenderFrom({}, 30, 30);
  EXPECT_TRUE(at::equal(other->surface()->RenderFrom({}, 30, 30), seen));
  EXPECT_TRUE(at::equal(param->Image(0), image));
}

INSTANTIATE_TEST_SUITE_P(Skins, TextureLaw,
                         testing::Values("fourier { sd: 1 }",
                                         "pixel { sd: 1 } filter: BILINEAR",
                                         "laplacian { sd: 1 } ambient: 0.3",
                                         "fourier {} supersampling: 2",
                                         "cppn { depth: 3 }", kTiles));

TEST(Texture, OpenBackgroundKeepsCoverageAsAlpha) {
  const auto param =
      Textured("pixel { sd: 1 } background: OPEN", "channels: 4");
  const at::Tensor image = param->Image(0);
  ASSERT_EQ(image.size(1), 4);
  EXPECT_TRUE(at::equal(image.narrow(1, 3, 1), param->surface()->Coverage()));
}

TEST(Texture, RandomBackgroundsAreOthersInEachViewAndStep) {
  for (const char* kind : {"RANDOM_COLOR", "RANDOM_FOURIER"}) {
    const auto param =
        Textured(absl::StrCat("pixel {} background: ", kind), "rows: 2");
    const at::Tensor first = param->Image(0), second = param->Image(1);
    const auto corner = [](const at::Tensor& image, int64_t row) {
      return image[row].select(1, 0).select(1, 0);
    };
    EXPECT_FALSE(at::equal(corner(first, 0), corner(first, 1))) << kind;
    EXPECT_FALSE(at::equal(corner(first, 0), corner(second, 0))) << kind;
  }
}

// The object's own texture is what it starts from and what content keeps.
TEST(Texture, TheOriginalIsSeenInTheSameViews) {
  const auto param =
      Textured(absl::StrCat("pixel {} texture: '", kPicture, "'"),
               "init { original {} }");
  const at::Tensor image = param->Image(2);
  EXPECT_LT((image - param->surface()->Original(2)).abs().max().item<float>(),
            1e-3);
  EXPECT_GT((image - Textured("pixel {}")->Image(2)).abs().max().item<float>(),
            .05);
}

TEST(Texture, SeamsVanishUphill) {
  for (const char* skin : {"pixel { sd: 1 }", "fourier { sd: 1 }", kTiles}) {
    const auto param = Textured(skin);
    const auto step = [&] {
      param->Image(0);
      return param->surface()->SeamStep(3);
    };
    const at::Tensor before = step();
    EXPECT_GT(before.item<float>(), 0) << skin;
    for (int i = 0; i < 5; ++i) {
      for (const ParamTensor& tensor : param->Tensors())
        at::Tensor(tensor.value).mutable_grad() = at::Tensor();
      step().backward();
      const at::NoGradGuard no_grad;
      for (const ParamTensor& tensor : param->Tensors()) {
        const at::Tensor gradient = tensor.value.grad();
        at::Tensor(tensor.value)
            .sub_(gradient, 1 / gradient.norm().item<double>());
      }
    }
    EXPECT_LT(step().item<float>(), before.item<float>()) << skin;
  }
  EXPECT_FALSE(Textured("cppn {}")->surface()->SeamStep(3).defined());
}

TEST(Texture, UnderAMaskTheRestStays) {
  // The mask is the smooth picture's luma: nowhere 0, so the start shows
  // through everywhere, in part.
  const auto param =
      Textured("pixel {}", absl::StrCat("mask { image: '", kPicture, "' }"));
  const auto plain = Textured("pixel {}");
  const at::Tensor start = plain->Image(0).detach();
  for (const auto& moved : {param.get(), plain.get()}) {
    const at::NoGradGuard no_grad;
    for (const ParamTensor& tensor : moved->Tensors())
      at::Tensor(tensor.value).fill_(3);
  }
  const at::Tensor within = (param->Image(0) - start).abs();
  const at::Tensor whole = (plain->Image(0) - start).abs();
  EXPECT_LT(within.mean().item<float>(), .9 * whole.mean().item<float>());
  EXPECT_GT(within.mean().item<float>(), .1 * whole.mean().item<float>());
}

// Seen so near that no texels are too fine.
constexpr char kNear[] =
    "pixel { sd: 1 } atlas_size: 2112 "
    "camera { min_distance: 1.3 max_distance: 1.3 field_of_view: 1 }";

TEST(Texture, LargeAtlasesHoldWhatWasSeen) {
  const auto param = Textured(kNear);
  int64_t stored = 0;
  for (int64_t step = 0; step < 3; ++step) {
    const at::Tensor image = param->Image(step);
    ASSERT_EQ(param->Tensors().size(), 1u);
    ParamTensor tiles = param->Tensors()[0];
    ASSERT_NE(tiles.working, nullptr);
    EXPECT_EQ(tiles.value.size(0), tiles.working->rows.size(0));
    EXPECT_GE(tiles.working->stored, stored);
    stored = tiles.working->stored;
    EXPECT_LT(stored, 66 * 66 / 2);
    tiles.value.mutable_grad() = at::Tensor();
    image.square().sum().backward();
    EXPECT_EQ(tiles.value.grad().sizes(), tiles.value.sizes());
  }
  EXPECT_GT(stored, param->Tensors()[0].value.size(0));
}

// Far views tell no texels of a fine atlas apart: it costs what they see.
TEST(Texture, AnAtlasFinerThanViewsIsHeldAsFineAsTheySee) {
  const auto far = Textured("pixel { sd: 1 } atlas_size: 4096");
  at::Tensor image = far->Image(0).detach();
  const int64_t values = far->Tensors()[0].value.numel();
  // 40 pixels across: 256 texels are too many already.
  EXPECT_LT(values, 3 * 256 * 256);
  EXPECT_GT(values, 3 * 32 * 32);
  const auto object = far->surface()->Export();
  ASSERT_OK(object);
  EXPECT_EQ(object->atlas.width, 4096);
  // The same whatever the step it is asked at.
  EXPECT_TRUE(at::equal(far->Image(0), image));
}

TEST(Texture, AStartFinerThanViewsComesOutAsItWentIn) {
  const auto param = Textured(
      absl::StrCat("pixel {} atlas_size: 4096 texture: '", kPicture, "'"),
      "init { original {} }");
  const auto fine = Textured(
      absl::StrCat("pixel {} atlas_size: 2048 texture: '", kPicture, "'"),
      "init { original {} }");
  param->Image(0);
  fine->Image(0);
  const at::Tensor seen = param->surface()->RenderFrom({}, 64, 64);
  const at::Tensor want = fine->surface()->RenderFrom({}, 64, 64);
  EXPECT_LT((seen - want).abs().mean().item<float>(), .02);
}

TEST(Texture, ExportsAreInTheFilesCoordinates) {
  const auto param = Textured("pixel {}");
  param->Image(0);
  const auto object = param->surface()->Export();
  ASSERT_OK(object);
  EXPECT_EQ(object->atlas.width, 48);
  for (const Vec3& position : object->mesh->positions)
    EXPECT_NEAR(position.x, 10, 1.001);
}

TEST(Texture, NotesTellHowMuchWasSeen) {
  const auto param = Textured("pixel {}");
  EXPECT_THAT(param->Notes(),
              testing::Not(testing::Contains(testing::HasSubstr("have seen"))));
  for (int64_t step = 0; step < 40; ++step) param->Image(step);
  EXPECT_THAT(param->Notes(),
              testing::Contains(testing::HasSubstr("have seen 100.0 %")));
}

TEST(Texture, WhatFieldsMustBeToEachOtherIsTold) {
  const auto faults = [](const std::string& own, const std::string& rest = "") {
    return std::string(
        CheckParam(ParamSpec(absl::StrCat("texture { mesh: '", kMesh, "' ", own,
                                          " } ", rest)),
                   "p")
            .message());
  };
  using testing::HasSubstr;
  EXPECT_THAT(faults("fourier {} atlas_size: 4096"),
              HasSubstr("p.texture.atlas_size"));
  EXPECT_THAT(faults("pixel {} atlas_size: 4097"),
              HasSubstr("p.texture.atlas_size"));
  EXPECT_EQ(faults("pixel {} atlas_size: 4096"), "");
  EXPECT_THAT(faults("cppn { normalize: true }"),
              HasSubstr("p.texture.cppn.normalize"));
  EXPECT_THAT(faults("pixel {} camera { min_distance: 9 max_distance: 8 }"),
              HasSubstr("p.texture.camera.max_distance"));
  EXPECT_THAT(faults("pixel {}", "channels: 4"), HasSubstr("p.channels"));
  EXPECT_THAT(faults("pixel {} background: OPEN"), HasSubstr("p.channels"));
  EXPECT_THAT(faults("pixel {} background: IMAGE"),
              HasSubstr("p.texture.background_image"));
  EXPECT_THAT(faults("cppn {}", "init { original {} }"),
              HasSubstr("p.init.original"));
  EXPECT_THAT(
      std::string(CheckParam(ParamSpec("pixel {} init { original {} }"), "p")
                      .message()),
      HasSubstr("allowed with: texture"));
}

}  // namespace
}  // namespace phosphene
