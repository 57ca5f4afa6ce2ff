// The systems of the article whose runs hold more than one kind of state:
// paused, their server ended and started again, resumed, they make the bytes
// of a run that nothing interrupted.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/imaging/encode.h"
#include "tests/integration/resumed_jobs.h"
#include "tests/support/cube_obj.h"

namespace phosphene {
namespace {

v1::JobSpec Spec(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec))
      << text;
  spec.set_model("phosphene-tiny");
  return spec;
}

// Stripes of a period and two colours, as PNG.
std::string Stripes(int size, int period) {
  Image8 image{size, size, 3, {}};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool on = (x + y) / period % 2 == 0;
      for (int value : {on ? 230 : 20, on ? 120 : 60, on ? 30 : 200})
        image.pixels.push_back(static_cast<uint8_t>(value));
    }
  }
  return *EncodePng(image);
}

class ResumeSystemsTest : public ResumedJobs {};

TEST_F(ResumeSystemsTest, AnAlignedInterpolationGoesOn) {
  ExpectSameBytes(Spec(R"(
    parameterization { width: 32 rows: 3 stack { unique { fourier {} }
      shared { height: 8 width: 8 } shared { rows: 2 height: 4 width: 4 } } }
    transforms { preset { name: STANDARD } }
    objectives { channel_interpolate { from_layer: "mixed4a" from_channel: 1
                                       to_layer: "mixed4a" to_channel: 2 } }
    objectives { weight: 0.1 alignment { layer: "mixed3b" decay_ratio: 5 } }
    outputs { animated_webp { ping_pong: true } } steps: 80)"));
}

TEST_F(ResumeSystemsTest, APeriodicCppnGoesOn) {
  ExpectSameBytes(Spec(R"(
    parameterization { width: 64 cppn { periodic: true normalize: true } }
    objectives { channel { layer: "mixed4a" channel: 5 } }
    optimizer { learning_rate: 0.005 adam {} }
    outputs { width: 96 png {} } steps: 100)"));
}

TEST_F(ResumeSystemsTest, AStyleTransferGoesOnWithItsMovingAverages) {
  const std::string content = server_.Store(Stripes(64, 16)),
                    style = server_.Store(Stripes(96, 5));
  ExpectSameBytes(Spec(absl::StrCat(R"(
    parameterization { width: 64 height: 48 fourier {} }
    transforms { preset { name: STANDARD } }
    objectives { weight: 100 content { layers { layer: "mixed3b" }
      follow_transforms: true image: ")",
                                    content, R"(" } }
    objectives { gram_style { layers { layer: "conv2" }
      layers { layer: "mixed3a" } crop_each_step: true moving_average: 0.9
      styles { image: ")",
                                    style, R"(" colors_from: ")", content,
                                    R"(" } } }
    steps: 60)")));
}

TEST_F(ResumeSystemsTest, ATransparentPictureGoesOn) {
  ExpectSameBytes(Spec(R"(
    parameterization { width: 64 rgba { fourier {} } }
    transforms { preset { name: TRANSPARENT } }
    objectives { product { factors { channel { layer: "mixed4a" channel: 5 } }
      factors { alpha { statistic: TRANSPARENCY transformed: true } } } }
    objectives { weight: 0.5 product {
      factors { channel { layer: "mixed4a" channel: 5 } }
      factors { alpha { statistic: TRANSPARENCY } } } }
    optimizer { learning_rate: 0.03 adam {} }
    outputs { png {} } steps: 250)"));
}

TEST_F(ResumeSystemsTest, AStylizedObjectGoesOn) {
  const std::string mesh = server_.Store(CubeObj()),
                    style = server_.Store(Stripes(96, 5));
  ExpectSameBytes(Spec(absl::StrCat(R"(
    parameterization { width: 64 rows: 2 texture { atlas_size: 128 fourier {}
      background: RANDOM_FOURIER mesh: ")",
                                    mesh, R"(" } }
    objectives { gram_style { layers { layer: "conv2" } mask_by_coverage: true
      moving_average: 0.9 styles { image: ")",
                                    style, R"(" } } }
    objectives { weight: 100 content { layers { layer: "mixed3b" }
      original: true } }
    objectives { weight: -20 seam {} }
    outputs { glb {} } steps: 60)")));
}

TEST_F(ResumeSystemsTest, AnAtlasInTilesGoesOn) {
  const std::string mesh = server_.Store(CubeObj());
  ExpectSameBytes(Spec(absl::StrCat(R"(
    parameterization { width: 64 texture { atlas_size: 2080 pixel {}
      camera { min_distance: 4 max_distance: 9 } mesh: ")",
                                    mesh, R"(" } }
    objectives { channel { layer: "mixed4a" channel: 5 } }
    objectives { weight: -20 seam {} }
    outputs { atlas {} } steps: 60)")));
}

TEST_F(ResumeSystemsTest, APictureInTilesGoesOn) {
  const std::string style = server_.Store(Stripes(96, 5));
  ExpectSameBytes(Spec(absl::StrCat(R"(
    parameterization { width: 150 height: 100 fourier {} }
    objectives { gram_style { layers { layer: "conv2" } styles { image: ")",
                                    style, R"(" } } }
    tiling { mode: ON size: 64 delayed: true } steps: 40)")));
}

// Not resumed, but drawn from what a finished run kept.
TEST_F(ResumeSystemsTest, AFinishedPictureIsRenderedFromItsCheckpoint) {
  v1::JobSpec spec = Spec(R"(
    parameterization { width: 64 cppn { depth: 4 } }
    objectives { channel { layer: "mixed4a" channel: 5 } }
    optimizer { learning_rate: 0.005 adam {} }
    outputs { width: 160 png { metadata: false } } outputs { checkpoint {} }
    steps: 30)");
  const v1::Job done = server_.Await(server_.Submit(spec).name());
  ASSERT_EQ(done.artifacts_size(), 2) << done.error().message();
  v1::JobSpec again;
  *again.mutable_parameterization() = spec.parameterization();
  again.mutable_parameterization()->mutable_init()->set_checkpoint(
      done.artifacts(1).blob());
  *again.add_outputs() = spec.outputs(0);
  const v1::Job drawn = server_.Await(server_.Submit(again).name());
  ASSERT_EQ(drawn.state(), v1::Job::SUCCEEDED) << drawn.error().message();
  EXPECT_EQ(drawn.step(), 0);
  EXPECT_TRUE(server_.Result(drawn) == server_.Result(done));
}

}  // namespace
}  // namespace phosphene
