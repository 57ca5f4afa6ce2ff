// Presets that draw grids, masks, and from finished jobs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/presets/presets.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

GridOptions FourCorners(int side) {
  GridOptions options;
  options.targets = {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}};
  options.side = side;
  return options;
}

// The share of target `t` in picture `row`.
double ShareOf(const v1::JobSpec& spec, int t, int row) {
  for (const v1::Objective& term : spec.objectives(t).sum().terms()) {
    if (term.row() == row) return term.weight();
  }
  return 0;
}

TEST(GridPreset, CornersAreTheTargetsAndSharesSumToOne) {
  const v1::JobSpec spec = *GridSpec(FourCorners(3), {});
  ASSERT_EQ(spec.objectives_size(), 4);
  EXPECT_EQ(spec.parameterization().rows(), 9);
  EXPECT_DOUBLE_EQ(ShareOf(spec, 0, 0), 1);
  EXPECT_DOUBLE_EQ(ShareOf(spec, 1, 2), 1);
  EXPECT_DOUBLE_EQ(ShareOf(spec, 2, 6), 1);
  EXPECT_DOUBLE_EQ(ShareOf(spec, 3, 8), 1);
  for (int row = 0; row < 9; ++row) {
    double sum = 0;
    for (int t = 0; t < 4; ++t) sum += ShareOf(spec, t, row);
    EXPECT_DOUBLE_EQ(sum, 1) << row;
  }
  EXPECT_DOUBLE_EQ(ShareOf(spec, 2, 4), 0.25);
}

TEST(GridPreset, SharedTensorsSpanTheGrid) {
  const v1::JobSpec spec = *GridSpec(FourCorners(4), {});
  const auto& stack = spec.parameterization().stack();
  EXPECT_EQ(stack.columns(), 4);
  EXPECT_EQ(stack.shared(0).rows(), 1);
  EXPECT_EQ(stack.shared(3).rows(), 4);
  EXPECT_EQ(stack.shared(3).columns(), 2);
}

TEST(GridPreset, TargetsMustMakeASquareThatFits) {
  GridOptions options = FourCorners(5);
  options.targets.pop_back();
  EXPECT_THAT(std::string(GridSpec(options, {}).status().message()),
              HasSubstr("--target: 3 of them"));
  EXPECT_THAT(std::string(GridSpec(FourCorners(9), {}).status().message()),
              HasSubstr("--grid: 9 is not allowed; allowed 2..8"));
}

TEST(StylePreset, MaskedStylesStandSideBySide) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg", "t.jpg:2"};
  options.masks = {"left.png", "right.png"};
  options.layers = {{"a"}, {"b"}};
  options.keep_colors = true;
  const v1::JobSpec spec = *StyleSpec(options, {});
  ASSERT_EQ(spec.objectives_size(), 3);
  EXPECT_EQ(spec.objectives(1).gram_style().mask(), "file:left.png");
  EXPECT_EQ(spec.objectives(2).gram_style().mask(), "file:right.png");
  EXPECT_EQ(spec.objectives(2).gram_style().styles(0).image(), "file:t.jpg");
  EXPECT_DOUBLE_EQ(spec.objectives(2).weight(), 2);
  EXPECT_EQ(spec.objectives(1).gram_style().styles(0).colors_from(),
            "file:c.jpg");
  options.masks.pop_back();
  EXPECT_THAT(std::string(StyleSpec(options, {}).status().message()),
              HasSubstr("--style-mask: 1 of them for 2 styles"));
}

TEST(StylePreset, ChangesWithTheSizeOfTheCanvas) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg"};
  options.layers = {{"c"}, {"s"}};
  options.size = {256, 192};
  v1::JobSpec spec = *StyleSpec(options, {});
  EXPECT_FALSE(spec.optimizer().has_octaves());
  EXPECT_TRUE(spec.objectives(0).content().follow_transforms());

  options.size = {512, 384};
  spec = *StyleSpec(options, {});
  EXPECT_EQ(spec.optimizer().octaves().count(), 2);
  EXPECT_NEAR(spec.optimizer().octaves().steps_factor(), 1.0 / 3, 1e-9);
  EXPECT_TRUE(spec.objectives(1).gram_style().crop_each_step());

  // Nothing that costs by the canvas is done anew each step.
  options.size = {4000, 3000};
  spec = *StyleSpec(options, {});
  EXPECT_EQ(spec.optimizer().octaves().count(), 3);
  EXPECT_FALSE(spec.objectives(0).content().follow_transforms());
  EXPECT_FALSE(spec.objectives(1).gram_style().crop_each_step());
  ASSERT_EQ(spec.transforms_size(), 1);
  EXPECT_TRUE(spec.transforms(0).has_fit());
  EXPECT_TRUE(spec.parameterization().init().has_image());
  options.init = "noise";
  EXPECT_FALSE(StyleSpec(options, {})->parameterization().has_init());
}

TEST(StylePreset, TilesAsItIsTold) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg"};
  options.layers = {{"c"}, {"s"}};
  EXPECT_FALSE(StyleSpec(options, {})->has_tiling());
  options.tile = "off";
  EXPECT_EQ(StyleSpec(options, {})->tiling().mode(), v1::Tiling::OFF);
  options.tile = "512";
  options.delayed = true;
  const v1::JobSpec spec = *StyleSpec(options, {});
  EXPECT_EQ(spec.tiling().mode(), v1::Tiling::ON);
  EXPECT_EQ(spec.tiling().size(), 512);
  EXPECT_TRUE(spec.tiling().delayed());
  for (const char* wrong : {"5", "9000", "large"}) {
    options.tile = wrong;
    EXPECT_THAT(std::string(StyleSpec(options, {}).status().message()),
                HasSubstr("--tile"));
  }
}

TEST(StylePreset, SquaredDistancesWeighDeeperLayersLess) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg"};
  options.layers = {{"a"}, {"b", "c"}};
  options.distance = "w2";
  const v1::JobSpec spec = *StyleSpec(options, {});
  const auto& layers = spec.objectives(1).gram_style().layers();
  EXPECT_DOUBLE_EQ(layers[0].weight(), 1.6);
  EXPECT_DOUBLE_EQ(layers[1].weight(), 0.4);
}

TEST(TransparentPreset, PenaltiesStandBesideTheTermsAndTheBoardComesLast) {
  TransparentOptions options;
  options.target.layer = "a";
  options.alpha_blur = 0.25;
  options.undecided = 3;
  options.board = "board.png";
  SpecOptions common;
  common.outputs = {"a.png"};
  const v1::JobSpec spec = *TransparentSpec(options, common);
  ASSERT_EQ(spec.objectives_size(), 4);
  EXPECT_DOUBLE_EQ(spec.objectives(2).weight(), -0.25);
  EXPECT_EQ(spec.objectives(2).blur().target(), v1::BlurObjective::ALPHA);
  EXPECT_DOUBLE_EQ(spec.objectives(3).weight(), -3);
  ASSERT_EQ(spec.outputs_size(), 2);
  EXPECT_EQ(spec.outputs(0).backdrop(), v1::Output::BACKDROP_UNSPECIFIED);
  EXPECT_EQ(spec.outputs(1).backdrop(), v1::Output::BACKDROP_BOARD);
  options.undecided = -1;
  EXPECT_FALSE(TransparentSpec(options, common).ok());
}

TEST(TransparentPreset, TheNetworkSeesThreeFifthsOfTheCanvas) {
  TransparentOptions options;
  options.target.layer = "a";
  SpecOptions common;
  v1::JobSpec spec = *TransparentSpec(options, common);
  ASSERT_EQ(spec.transforms_size(), 4);
  EXPECT_TRUE(spec.transforms(0).has_random_background());
  EXPECT_EQ(spec.transforms(1).scale().factors_size(), 6);
  EXPECT_EQ(spec.transforms(2).crop().width(), 192);
  common.size = "200x1";
  spec = *TransparentSpec(options, common);
  EXPECT_EQ(spec.transforms(2).crop().width(), 120);
  EXPECT_EQ(spec.transforms(2).crop().height(), 1);
  common.transforms = "transparent";
  spec = *TransparentSpec(options, common);
  ASSERT_GE(spec.transforms_size(), 1);
  EXPECT_TRUE(spec.transforms(0).has_preset());
}

v1::Job CppnJob() {
  v1::Job job;
  job.set_name("jobs/a");
  CppnOptions options;
  options.target.layer = "mixed4a";
  *job.mutable_spec() = *CppnSpec(options, {});
  v1::Artifact* weights = job.add_artifacts();
  weights->set_media_type("application/x-phosphene-checkpoint");
  weights->set_blob("blobs/w");
  return job;
}

TEST(RenderPreset, DrawsFromTheCheckpointAndOptimizesNothing) {
  RenderOptions options;
  options.size = "512x256";
  options.over = "board";
  options.outputs = {"a.png"};
  const v1::JobSpec spec = *RenderSpec(*FinishedJobOf(CppnJob()), options);
  EXPECT_TRUE(spec.parameterization().has_cppn());
  EXPECT_EQ(spec.parameterization().init().checkpoint(), "blobs/w");
  EXPECT_TRUE(spec.objectives().empty());
  EXPECT_EQ(spec.outputs(0).width(), 512);
  EXPECT_EQ(spec.outputs(0).height(), 256);
  EXPECT_EQ(spec.outputs(0).backdrop(), v1::Output::BACKDROP_BOARD);
  options.over = "wite";
  EXPECT_THAT(
      std::string(
          RenderSpec(*FinishedJobOf(CppnJob()), options).status().message()),
      HasSubstr("nearest \"white\""));
}

TEST(RenderPreset, AJobWithoutACheckpointSaysHowToKeepOne) {
  v1::Job job = CppnJob();
  job.clear_artifacts();
  EXPECT_THAT(std::string(FinishedJobOf(job).status().message()),
              HasSubstr("jobs/a kept no checkpoint"));
}

TEST(RenderPreset, AJobBehindAMaskIsDrawnWithIt) {
  v1::Job job = CppnJob();
  job.mutable_spec()->mutable_parameterization()->mutable_mask()->set_image(
      "blobs/m");
  const v1::JobSpec spec =
      *RenderSpec(*FinishedJobOf(job), {.outputs = {"a.png"}});
  EXPECT_EQ(spec.parameterization().mask().image(), "blobs/m");
  const FinishedJob plain = *FinishedJobOf(CppnJob()),
                    masked = *FinishedJobOf(job);
  EXPECT_THAT(std::string(MorphSpec({plain, masked}, {}).status().message()),
              HasSubstr("behind a mask"));
  job.mutable_spec()->mutable_parameterization()->mutable_texture();
  EXPECT_FALSE(FinishedJobOf(job).ok());
}

TEST(MorphPreset, WritesLoopsOfEveryFormatAtItsRate) {
  const FinishedJob job = *FinishedJobOf(CppnJob());
  MorphOptions options;
  options.frames_per_second = 40;
  options.outputs = {"a.webp", "a.gif", "a.apng", "a.png"};
  const v1::JobSpec spec = *MorphSpec({job, job}, options);
  EXPECT_EQ(spec.outputs(0).animated_webp().frames_per_second(), 40);
  EXPECT_EQ(spec.outputs(1).gif().frames_per_second(), 40);
  EXPECT_EQ(spec.outputs(2).apng().frames_per_second(), 40);
  EXPECT_TRUE(spec.outputs(3).has_png());
  options.frames_per_second = 55;
  EXPECT_THAT(std::string(MorphSpec({job, job}, options).status().message()),
              HasSubstr("--fps: 55"));
  options.outputs = {"a.apng"};
  EXPECT_TRUE(MorphSpec({job, job}, options).ok());
}

TEST(SixteenBits, AreForPngsAlone) {
  SpecOptions common;
  common.sixteen_bits = true;
  common.outputs = {"a.jpg", "a.png"};
  FeatureOptions target;
  target.layer = "mixed4a";
  const v1::JobSpec spec = *FeatureSpec(target, common);
  EXPECT_TRUE(spec.outputs(1).png().sixteen_bits());
  common.outputs = {"a.jpg"};
  EXPECT_THAT(std::string(FeatureSpec(target, common).status().message()),
              HasSubstr("--sixteen-bits: is for a picture as PNG"));
}

TEST(MorphPreset, IsALoopThroughTheJobs) {
  const FinishedJob first = *FinishedJobOf(CppnJob());
  MorphOptions options;
  options.frames = 24;
  options.outputs = {"loop.webp"};
  const v1::JobSpec spec = *MorphSpec({first, first, first}, options);
  EXPECT_EQ(spec.parameterization().rows(), 24);
  EXPECT_EQ(spec.parameterization().init().morph().checkpoints_size(), 3);
  EXPECT_EQ(spec.outputs(0).animated_webp().frames_per_second(), 30);
  EXPECT_FALSE(spec.outputs(0).animated_webp().ping_pong());
}

TEST(MorphPreset, JobsOfTwoKindsOrOfManyRowsAreRefused) {
  const FinishedJob cppn = *FinishedJobOf(CppnJob());
  FinishedJob fourier = cppn;
  fourier.name = "jobs/b";
  fourier.parameterization.mutable_fourier();
  EXPECT_THAT(std::string(MorphSpec({cppn, fourier}, {}).status().message()),
              HasSubstr("jobs/a is cppn, jobs/b is fourier"));
  FinishedJob many = cppn;
  many.parameterization.set_rows(3);
  EXPECT_FALSE(MorphSpec({many, cppn}, {}).ok());
  EXPECT_FALSE(MorphSpec({cppn}, {}).ok());
}

}  // namespace
}  // namespace phosphene::client
