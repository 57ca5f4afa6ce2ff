#include "client/presets/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

using testing::HasSubstr;

FeatureOptions Target() {
  FeatureOptions target;
  target.layer = "mixed4a";
  target.channel = 3;
  return target;
}

std::string FeatureError(const SpecOptions& common) {
  const auto spec = FeatureSpec(Target(), common);
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(spec.status().message());
}

TEST(Presets, FeatureIsTheArticlesDefault) {
  const v1::JobSpec spec = *FeatureSpec(Target(), {});
  EXPECT_TRUE(spec.parameterization().has_fourier());
  EXPECT_EQ(spec.parameterization().width(), 224);
  EXPECT_EQ(spec.transforms(1).preset().name(), v1::PresetTransform::STANDARD);
  EXPECT_DOUBLE_EQ(spec.optimizer().learning_rate(), 0.05);
  EXPECT_EQ(spec.steps(), 512);
  EXPECT_EQ(spec.objectives(0).channel().channel(), 3);
}

// No edge to favour where nothing depends on places; they stay where something
// may.
TEST(Presets, ChannelsFromNoiseAreRolled) {
  const auto rolled = [](const FeatureOptions& target,
                         const SpecOptions& common) {
    return FeatureSpec(target, common)->transforms(0).has_roll();
  };
  EXPECT_TRUE(rolled(Target(), {}));
  EXPECT_TRUE(SheetSpec({"a", {1, 2}, 0}, {})->transforms(0).has_roll());
  FeatureOptions neuron = Target();
  neuron.neuron = true;
  EXPECT_FALSE(rolled(neuron, {}));
  SpecOptions common;
  common.param = "pixel";
  EXPECT_FALSE(rolled(Target(), common));
  common = {};
  common.start_from = "p.jpg";
  EXPECT_FALSE(rolled(Target(), common));
  common = {};
  common.mask = "m.png";
  EXPECT_FALSE(rolled(Target(), common));
  common = {};
  common.objective = "neuron(a:3)";
  EXPECT_FALSE(rolled(Target(), common));
}

TEST(Presets, FlagsGoOverThePreset) {
  SpecOptions common;
  common.size = "320x240";
  common.steps = 7;
  common.seed = 9;
  common.learning_rate = 0.5;
  common.transforms = "none";
  common.param = "pixel";
  common.precision = "bf16";
  common.optimizer = "sgd";
  common.start_from = "p.jpg";
  common.mask = "m.png";
  common.colors = "rgb";
  common.no_redirect = true;
  common.outputs = {"a.jpg", "b.ckpt"};
  const v1::JobSpec spec = *FeatureSpec(Target(), common);
  EXPECT_EQ(spec.parameterization().height(), 240);
  EXPECT_TRUE(spec.parameterization().has_pixel());
  EXPECT_EQ(spec.steps(), 7);
  EXPECT_EQ(spec.seed(), 9u);
  EXPECT_DOUBLE_EQ(spec.optimizer().learning_rate(), 0.5);
  EXPECT_TRUE(spec.optimizer().has_sgd());
  EXPECT_EQ(spec.transforms_size(), 0);
  EXPECT_EQ(spec.precision(), v1::JobSpec::BF16);
  EXPECT_EQ(spec.parameterization().init().image(), "file:p.jpg");
  EXPECT_EQ(spec.parameterization().mask().image(), "file:m.png");
  EXPECT_EQ(spec.parameterization().color().basis(), v1::ColorSpace::RGB);
  EXPECT_EQ(spec.gradient_overrides().redirect_relu(),
            v1::GradientOverrides::REDIRECT_OFF);
  EXPECT_TRUE(spec.outputs(0).has_jpeg());
  EXPECT_TRUE(spec.outputs(1).has_checkpoint());
  EXPECT_NE(spec.outputs(0).name(), spec.outputs(1).name());
}

TEST(Presets, ColoursMayBeAMatrixOrGrey) {
  SpecOptions common;
  common.colors = "1,0,0,0,2,0,0,0,3";
  const v1::ColorSpace color =
      FeatureSpec(Target(), common)->parameterization().color();
  EXPECT_EQ(color.basis(), v1::ColorSpace::CUSTOM);
  ASSERT_EQ(color.matrix_size(), 9);
  EXPECT_DOUBLE_EQ(color.matrix(4), 2);
  common.colors = "1,2,3";
  EXPECT_THAT(FeatureError(common), HasSubstr("--colors"));
  common = {};
  common.grey = true;
  EXPECT_EQ(FeatureSpec(Target(), common)->parameterization().channels(), 1);
}

TEST(Presets, ASpectrumIsForPhasesAlone) {
  SpecOptions common;
  common.spectrum = {"a.jpg", "b.jpg"};
  EXPECT_THAT(FeatureError(common),
              HasSubstr("--spectrum: is for --param phase alone"));
  common.param = "phase";
  const v1::PhaseParameterization phase =
      FeatureSpec(Target(), common)->parameterization().phase();
  ASSERT_EQ(phase.measured().images_size(), 2);
  EXPECT_EQ(phase.measured().images(1), "file:b.jpg");
}

TEST(Presets, BadFlagsAreNamed) {
  SpecOptions common;
  common.size = "0";
  EXPECT_THAT(FeatureError(common), HasSubstr("--size"));
  common = {};
  common.steps = -1;
  EXPECT_THAT(FeatureError(common),
              HasSubstr("--steps: -1 is not allowed; allowed 1..1000000"));
  common = {};
  common.learning_rate = 0;
  EXPECT_THAT(FeatureError(common), HasSubstr("--lr"));
  common = {};
  common.param = "furier";
  EXPECT_THAT(FeatureError(common), HasSubstr("nearest \"fourier\""));
  common = {};
  common.precision = "fp64";
  EXPECT_THAT(FeatureError(common), HasSubstr("--precision"));
  common = {};
  common.outputs = {"a.gif"};
  EXPECT_THAT(FeatureError(common),
              HasSubstr("-o: \"a.gif\" has no known extension"));
  common = {};
  common.objective = "chanel(a:1)";
  EXPECT_THAT(FeatureError(common), HasSubstr("--objective"));
  EXPECT_FALSE(FeatureSpec({}, {}).ok());
}

TEST(Presets, ASheetHasARowAndAnObjectiveAChannel) {
  SheetOptions options;
  options.layer = "mixed4a";
  options.channels = {5, 7, 9};
  options.columns = 2;
  SpecOptions common;
  common.outputs = {"sheet.png"};
  const v1::JobSpec spec = *SheetSpec(options, common);
  EXPECT_EQ(spec.parameterization().rows(), 3);
  ASSERT_EQ(spec.objectives_size(), 3);
  EXPECT_EQ(spec.objectives(2).row(), 2);
  EXPECT_EQ(spec.objectives(2).channel().channel(), 9);
  EXPECT_EQ(spec.outputs(0).contact_sheet().columns(), 2);
  options.channels.assign(65, 0);
  EXPECT_FALSE(SheetSpec(options, common).ok());
}

TEST(Presets, InterpolationSharesSixTensorsOfTheNotebook) {
  InterpolateOptions options;
  options.from_layer = options.to_layer = "mixed4a";
  SpecOptions common;
  const v1::JobSpec spec = *InterpolateSpec(options, common);
  const auto& stack = spec.parameterization().stack();
  EXPECT_TRUE(stack.unique().has_fourier());
  ASSERT_EQ(stack.shared_size(), 6);
  EXPECT_EQ(stack.shared(0).height(), 64);
  EXPECT_EQ(stack.shared(5).rows(), 2);
  EXPECT_EQ(stack.shared(5).width(), 8);
  options.sharing = false;
  EXPECT_EQ(InterpolateSpec(options, common)
                ->parameterization()
                .stack()
                .shared_size(),
            0);
}

TEST(Presets, SharedTensorsFollowTheCanvasAndAlignmentTakesLonger) {
  InterpolateOptions options;
  options.align = {"mixed3b"};
  SpecOptions common;
  common.size = "64x8";
  const v1::JobSpec spec = *InterpolateSpec(options, common);
  EXPECT_EQ(spec.parameterization().stack().shared(0).width(), 32);
  EXPECT_EQ(spec.parameterization().stack().shared(5).height(), 1);
  EXPECT_EQ(spec.steps(), 1024);
  EXPECT_DOUBLE_EQ(spec.objectives(1).weight(), 0.3);
  EXPECT_DOUBLE_EQ(spec.objectives(1).alignment().decay_ratio(), 5);
  options.frames = 1;
  EXPECT_FALSE(InterpolateSpec(options, common).ok());
}

TEST(Presets, StyleComparesContentAndGramsAsTheNotebook) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg", "t.jpg:0.3"};
  options.layers = {{"a"}, {"b", "c"}};
  options.size = {300, 200};
  const v1::JobSpec spec = *StyleSpec(options, {});
  EXPECT_EQ(spec.parameterization().height(), 200);
  EXPECT_DOUBLE_EQ(spec.objectives(0).weight(), 100);
  EXPECT_TRUE(spec.objectives(0).content().follow_transforms());
  const auto& style = spec.objectives(1).gram_style();
  EXPECT_EQ(style.layers_size(), 2);
  EXPECT_EQ(style.styles(1).image(), "file:t.jpg");
  EXPECT_DOUBLE_EQ(style.styles(1).weight(), 0.3);
  EXPECT_TRUE(style.crop_each_step());
  options.init = "content";
  EXPECT_EQ(StyleSpec(options, {})->parameterization().init().image(),
            "file:c.jpg");
  options.init = "contents";
  EXPECT_FALSE(StyleSpec(options, {}).ok());
}

TEST(Presets, StyleLayersAreKnownByWhatTheNetworkHas) {
  const auto tiny = StyleLayersFor({"conv1", "conv2", "mixed3a", "mixed3b",
                                    "mixed4a", "mixed4b", "mixed4c", "logits"});
  ASSERT_TRUE(tiny.ok());
  EXPECT_EQ(tiny->content, std::vector<std::string>{"mixed3b"});
  EXPECT_EQ(tiny->style.size(), 6u);
  const auto vgg = StyleLayersFor(
      {"block1_relu1", "block2_relu1", "block3_relu1", "block3_relu2"});
  ASSERT_TRUE(vgg.ok());
  EXPECT_EQ(vgg->style.size(), 3u);
  EXPECT_THAT(std::string(StyleLayersFor({"x"}).status().message()),
              HasSubstr("--style-layer"));
}

TEST(Presets, TheStyleCanvasKeepsTheContentsShape) {
  EXPECT_EQ(StyleCanvas({300, 200}, 0).width, 300);
  EXPECT_EQ(StyleCanvas({1024, 512}, 0).width, 512);
  EXPECT_EQ(StyleCanvas({1024, 512}, 0).height, 256);
  EXPECT_EQ(StyleCanvas({400, 300}, 12'000'000).width, 4000);
  EXPECT_EQ(StyleCanvas({400, 300}, 12'000'000).height, 3000);
}

TEST(Presets, TransparencyMultipliesEveryTermTwice) {
  SpecOptions common;
  common.objective = "channel(a:1) - 0.1*tv()";
  const v1::JobSpec spec = *TransparentSpec({}, common);
  ASSERT_EQ(spec.objectives_size(), 4);
  EXPECT_DOUBLE_EQ(spec.objectives(2).weight(), -0.1);
  EXPECT_DOUBLE_EQ(spec.objectives(3).weight(), -0.05);
  EXPECT_TRUE(spec.objectives(2).product().factors(1).alpha().transformed());
  EXPECT_FALSE(spec.objectives(3).product().factors(1).alpha().transformed());
  EXPECT_TRUE(spec.parameterization().rgba().has_fourier());
}

TEST(Presets, CppnRendersEveryImageButNoCheckpointAnew) {
  CppnOptions options;
  options.target = Target();
  options.render = "64x32";
  options.activation = "unbiased";
  SpecOptions common;
  common.outputs = {"a.png", "w.ckpt"};
  const v1::JobSpec spec = *CppnSpec(options, common);
  EXPECT_EQ(spec.outputs(0).width(), 64);
  EXPECT_EQ(spec.outputs(0).height(), 32);
  EXPECT_EQ(spec.outputs(1).width(), 0);
  EXPECT_EQ(spec.parameterization().cppn().activation(),
            v1::CppnParameterization::UNBIASED);
  ASSERT_EQ(spec.transforms_size(), 1);
  EXPECT_TRUE(spec.transforms(0).has_fit());
  options.depth = 33;
  EXPECT_FALSE(CppnSpec(options, common).ok());
}

TEST(Presets, TextureIsOfAChannelOrOfStyles) {
  TextureOptions options;
  options.mesh = "m.obj";
  EXPECT_FALSE(TextureSpec(options, {}).ok());
  options.target = Target();
  EXPECT_DOUBLE_EQ(TextureSpec(options, {})->optimizer().learning_rate(), 0.03);
  options.styles = {"s.jpg"};
  EXPECT_FALSE(TextureSpec(options, {}).ok());
  options.layers = {{"c"}, {"a"}};
  options.style_sides = {448};
  const v1::JobSpec spec = *TextureSpec(options, {});
  EXPECT_DOUBLE_EQ(spec.objectives(0).gram_style().moving_average(), 0.95);
  EXPECT_DOUBLE_EQ(spec.objectives(0).gram_style().styles(0).scale(), 0.5);
  EXPECT_TRUE(spec.objectives(1).content().original());
  EXPECT_EQ(spec.parameterization().texture().mesh(), "file:m.obj");
}

TEST(Presets, TexturesHideTheirSeamsUnlessToldNotTo) {
  TextureOptions options;
  options.mesh = "m.obj";
  options.target = Target();
  const v1::JobSpec hidden = *TextureSpec(options, {});
  ASSERT_EQ(hidden.objectives_size(), 2);
  EXPECT_TRUE(hidden.objectives(1).has_seam());
  EXPECT_LT(hidden.objectives(1).weight(), 0);
  options.seam = 0;
  EXPECT_EQ(TextureSpec(options, {})->objectives_size(), 1);
  options.seam = 2;
  SpecOptions common;
  common.param = "cppn";
  EXPECT_EQ(TextureSpec(options, common)->objectives_size(), 1);
}

TEST(Presets, TextureViewsAreSetAsAsked) {
  TextureOptions options;
  options.mesh = "m.obj";
  options.target = Target();
  options.background = "noise";
  options.elevation = {10, 40};
  options.distance = {6};
  options.start = "original";
  options.views = 3;
  const v1::JobSpec spec = *TextureSpec(options, {});
  const auto& texture = spec.parameterization().texture();
  EXPECT_EQ(texture.background(), v1::TextureParameterization::RANDOM_FOURIER);
  EXPECT_EQ(texture.camera().max_elevation(), 40);
  EXPECT_EQ(texture.camera().max_distance(), 6);
  EXPECT_TRUE(spec.parameterization().init().has_original());
  EXPECT_EQ(spec.parameterization().rows(), 3);
  options.background = "sky.jpg";
  EXPECT_EQ(
      TextureSpec(options, {})->parameterization().texture().background_image(),
      "file:sky.jpg");
  options.elevation = {95};
  EXPECT_FALSE(TextureSpec(options, {}).ok());
}

// Networks of one size work as they are, unless the user's own list says
// otherwise.
TEST(Presets, TransformsEndInAFitWhereNoneAreGiven) {
  SpecOptions common;
  const v1::JobSpec spec = *FeatureSpec(Target(), common);
  ASSERT_EQ(spec.transforms_size(), 3);
  EXPECT_EQ(spec.transforms(1).preset().name(), v1::PresetTransform::STANDARD);
  EXPECT_TRUE(spec.transforms(2).has_fit());
  DreamOptions dream;
  dream.layer = "a";
  EXPECT_TRUE(DreamSpec(dream, common)->transforms(1).has_fit());
  common.transforms = "jitter:4";
  EXPECT_EQ(FeatureSpec(Target(), common)->transforms_size(), 1);
}

TEST(Presets, AFitComesToTheEndOnce) {
  v1::JobSpec spec;
  AddFit(&spec);
  spec.add_transforms()->mutable_roll();
  AddFit(&spec);
  ASSERT_EQ(spec.transforms_size(), 2);
  EXPECT_TRUE(spec.transforms(0).has_roll());
  EXPECT_TRUE(spec.transforms(1).has_fit());
}

TEST(Presets, ChannelsAreTheNetworksUnlessGiven) {
  SpecOptions common;
  EXPECT_EQ(FeatureSpec(Target(), common)->parameterization().channels(), 0);
  common.channels = 12;
  EXPECT_EQ(FeatureSpec(Target(), common)->parameterization().channels(), 12);
  common.grey = true;
  EXPECT_FALSE(FeatureSpec(Target(), common).ok()) << "one or twelve";
  common.channels = 65;
  common.grey = false;
  EXPECT_FALSE(FeatureSpec(Target(), common).ok());
}

}  // namespace
}  // namespace phosphene::client
