#include "server/engine/optimize/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/faults.h"
#include "server/engine/optimize/checkpoint.h"
#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/cube_obj.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(Run, SameSpecMakesTheSameBytes) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec("transforms { preset { name: STANDARD } }");
  ASSERT_OK_AND_ASSIGN(const RunResult a, tiny.Run(spec));
  ASSERT_OK_AND_ASSIGN(const RunResult b, tiny.Run(spec));
  EXPECT_EQ(a.artifacts[0].bytes, b.artifacts[0].bytes);
  EXPECT_EQ(a.objective_value, b.objective_value);
}

TEST(Run, AnotherSeedMakesAnotherPicture) {
  TinyEngine tiny;
  ASSERT_OK_AND_ASSIGN(const RunResult a, tiny.Run(TinySpec("seed: 1")));
  ASSERT_OK_AND_ASSIGN(const RunResult b, tiny.Run(TinySpec("seed: 2")));
  EXPECT_NE(a.artifacts[0].bytes, b.artifacts[0].bytes);
}

TEST(Run, EndsAfterItsSteps) {
  TinyEngine tiny;
  ASSERT_OK_AND_ASSIGN(const RunResult result, tiny.Run(TinySpec()));
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.step, 6);
  EXPECT_TRUE(result.checkpoint.empty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

// Interrupted anywhere and resumed from the bytes: the same picture, bitwise.
class Resume : public ::testing::TestWithParam<const char*> {};

TEST_P(Resume, EqualsTheUninterruptedRunBitwise) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec(GetParam());
  ASSERT_OK_AND_ASSIGN(const RunResult whole, tiny.Run(spec));
  for (const int64_t step : {1, 3, 5}) {
    ASSERT_OK_AND_ASSIGN(const RunResult resumed,
                         tiny.RunInterrupted(spec, step));
    EXPECT_TRUE(resumed.finished);
    EXPECT_EQ(resumed.artifacts[0].bytes, whole.artifacts[0].bytes)
        << "stopped after " << step;
    EXPECT_EQ(resumed.objective_value, whole.objective_value);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Specs, Resume,
    ::testing::Values(
        "transforms { preset { name: STANDARD } }",
        "parameterization { rows: 2 width: 24 height: 17 pixel {} }",
        "optimizer { nadam {} schedule { cosine {} warmup_steps: 2 } }",
        "optimizer { sgd { momentum: 0.9 } normalize_gradient: UNIT_NORM }",
        "optimizer { lbfgs { max_evaluations: 5 } }", "precision: BF16",
        "steps: 2 optimizer { octaves { count: 3 } } transforms { jitter { "
        "pixels: 2 } }",
        "steps: 2 parameterization { pixel {} } transforms { roll {} } "
        "optimizer { sgd {} normalize_gradient: LAPLACIAN correlate_gradient: "
        "true octaves { count: 3 rate_factor: 0.5 least_rate: 0.3 gamma: 2.2 "
        "} }"));

TEST(Run, StopsWithinTwoStepsWithStateAndPicture) {
  TinyEngine tiny;
  RecordingSink sink;
  sink.stop_after = 2;
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       tiny.Run(TinySpec("frames { every: 1 }"), sink));
  EXPECT_FALSE(result.finished);
  EXPECT_LE(result.step, 4);
  EXPECT_OK(ParseCheckpoint(result.checkpoint));
  EXPECT_THAT(result.artifacts, SizeIs(1));
}

TEST(Run, StoppedBeforeTheFirstStepStillHandsBackItsStart) {
  TinyEngine tiny;
  RecordingSink sink;
  sink.stop.request_stop();
  ASSERT_OK_AND_ASSIGN(const RunResult result, tiny.Run(TinySpec(), sink));
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.step, 0);
  RecordingSink rest;
  ASSERT_OK_AND_ASSIGN(const RunResult resumed,
                       tiny.Run(TinySpec(), rest, result.checkpoint));
  ASSERT_OK_AND_ASSIGN(const RunResult whole, tiny.Run(TinySpec()));
  EXPECT_EQ(resumed.artifacts[0].bytes, whole.artifacts[0].bytes);
}

TEST(Run, StopsBetweenTheLinesOfALargePictureAndMakesItOnceResumed) {
  TinyEngine tiny;
  v1::JobSpec spec = TinySpec("steps: 2 frames { every: 1 }");
  spec.mutable_parameterization()->mutable_cppn()->set_depth(1);
  spec.mutable_parameterization()->mutable_cppn()->set_hidden_channels(2);
  spec.mutable_outputs(0)->set_height(32'000);
  spec.mutable_outputs(0)->set_width(160);
  RecordingSink sink;
  sink.stop_after = 2;
  ASSERT_OK_AND_ASSIGN(const RunResult stopped, tiny.Run(spec, sink));
  EXPECT_FALSE(stopped.finished) << "all steps are done, not all lines";
  EXPECT_EQ(stopped.step, 2);
  EXPECT_THAT(stopped.artifacts, IsEmpty());
  RecordingSink rest;
  ASSERT_OK_AND_ASSIGN(const RunResult resumed,
                       tiny.Run(spec, rest, stopped.checkpoint));
  ASSERT_OK_AND_ASSIGN(const RunResult whole, tiny.Run(spec));
  EXPECT_TRUE(resumed.finished);
  EXPECT_EQ(resumed.artifacts[0].bytes, whole.artifacts[0].bytes);
}

TEST(Run, MakesCheckpointsWhenDueAndEachResumes) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec("checkpoint_every: 2");
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(const RunResult whole, tiny.Run(spec, sink));
  ASSERT_EQ(sink.checkpoints.size(), 2u)
      << "after steps 2 and 4, not after the last";
  for (const auto& [step, bytes] : sink.checkpoints) {
    RecordingSink rest;
    ASSERT_OK_AND_ASSIGN(const RunResult resumed, tiny.Run(spec, rest, bytes));
    EXPECT_EQ(resumed.artifacts[0].bytes, whole.artifacts[0].bytes) << step;
  }
}

TEST(Run, ARunDoesNotGoOnUponAnotherNetwork) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec("checkpoint_every: 2");
  RecordingSink sink;
  ASSERT_OK(tiny.Run(spec, sink));
  const std::string checkpoint = sink.checkpoints.at(2);
  tiny.version = "2";
  RecordingSink rest;
  const auto refused = tiny.Run(spec, rest, checkpoint);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                "spec.model: \"tiny\" is not what it was"));
  EXPECT_EQ(ReasonOf(refused.status()), "MODEL_CHANGED");
  EXPECT_OK(tiny.Run(spec)) << "anew it runs";
  tiny.version = "1";
  EXPECT_OK(tiny.Run(spec, rest, checkpoint));
}

TEST(Run, ASinkThatCannotKeepACheckpointEndsTheRun) {
  TinyEngine tiny;
  RecordingSink sink;
  sink.checkpoint_status = absl::ResourceExhaustedError("disk full");
  EXPECT_THAT(tiny.Run(TinySpec("checkpoint_every: 2"), sink),
              StatusIs(absl::StatusCode::kResourceExhausted, "disk full"));
}

TEST(Run, CheckpointOfAnotherSpecIsDataLoss) {
  TinyEngine tiny;
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       tiny.Run(TinySpec("outputs { checkpoint {} }"), sink));
  const std::string state = result.artifacts[1].bytes;
  EXPECT_THAT(tiny.Run(TinySpec("seed: 9"), sink, state),
              StatusIs(absl::StatusCode::kDataLoss, "another spec"));
  EXPECT_THAT(tiny.Run(TinySpec(), sink, state.substr(0, 99)),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(Run, AFinishedCheckpointMakesTheSamePictureAgain) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec("outputs { checkpoint {} }");
  ASSERT_OK_AND_ASSIGN(const RunResult result, tiny.Run(spec));
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(const RunResult again,
                       tiny.Run(spec, sink, result.artifacts[1].bytes));
  EXPECT_TRUE(again.finished);
  EXPECT_EQ(again.artifacts[0].bytes, result.artifacts[0].bytes);
}

TEST(Run, ACheckpointBlobStartsAnotherJob) {
  TinyEngine tiny;
  ASSERT_OK_AND_ASSIGN(const RunResult first,
                       tiny.Run(TinySpec("outputs { checkpoint {} }")));
  const std::string blob = "blobs/" + std::string(64, 'a');
  tiny.blobs[blob] = first.artifacts[1].bytes;
  v1::JobSpec spec = TinySpec("optimizer { learning_rate: 1e-12 } steps: 1");
  spec.mutable_parameterization()->mutable_init()->set_checkpoint(blob);
  ASSERT_OK_AND_ASSIGN(const RunResult second, tiny.Run(spec));
  EXPECT_EQ(second.artifacts[0].bytes, first.artifacts[0].bytes);
}

// What a mask keeps is part of the state: a job that goes on and one that only
// draws show the same picture.
TEST(Run, AMaskedJobGoesOnAndIsDrawnFromItsCheckpoint) {
  TinyEngine tiny;
  Image8 half{32, 32, 1, std::vector<uint8_t>(32 * 32)};
  for (size_t i = 0; i < half.pixels.size(); ++i)
    half.pixels[i] = i % 32 < 16 ? 255 : 0;
  const std::string mask = "blobs/" + std::string(64, 'e'),
                    state = "blobs/" + std::string(64, 'f');
  tiny.blobs[mask] = *EncodePng(half);
  v1::JobSpec spec = TinySpec("outputs { checkpoint {} }");
  spec.mutable_parameterization()->mutable_mask()->set_image(mask);
  ASSERT_OK_AND_ASSIGN(const RunResult whole, tiny.Run(spec));
  ASSERT_OK_AND_ASSIGN(const RunResult resumed, tiny.RunInterrupted(spec, 3));
  EXPECT_EQ(resumed.artifacts[0].bytes, whole.artifacts[0].bytes);
  tiny.blobs[state] = whole.artifacts[1].bytes;
  v1::JobSpec drawn;
  *drawn.mutable_parameterization() = spec.parameterization();
  drawn.mutable_parameterization()->mutable_init()->set_checkpoint(state);
  drawn.add_outputs()->mutable_png()->set_metadata(false);
  ASSERT_OK_AND_ASSIGN(const RunResult picture, tiny.Run(drawn));
  EXPECT_EQ(picture.artifacts[0].bytes, whole.artifacts[0].bytes);
}

TEST(Run, OctavesEndAtTheCanvas) {
  TinyEngine tiny;
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(
      const RunResult result,
      tiny.Run(TinySpec("steps: 2 frames { every: 2 } optimizer { octaves { "
                        "count: 3 scale: 2 } }"),
               sink));
  EXPECT_EQ(result.step, 6);
  EXPECT_EQ(result.artifacts[0].info.width(), 32);
  EXPECT_THAT(sink.frames, SizeIs(3));
  for (const auto& frame : sink.frames)
    EXPECT_EQ(frame.image.width, 32) << "frames keep one size";
}

TEST(Run, OctavesKeepTheFineDetailOfAStartImage) {
  Image8 fine{32, 32, 3, std::vector<uint8_t>(32 * 32 * 3)};
  for (size_t i = 0; i < fine.pixels.size(); ++i) {
    // Columns of light and dark: gone at half the size.
    fine.pixels[i] = i / 3 % 2 == 0 ? 60 : 190;
  }
  TinyEngine tiny;
  const std::string blob = "blobs/" + std::string(64, 'a');
  ASSERT_OK_AND_ASSIGN(tiny.blobs[blob], EncodePng(fine));
  v1::JobSpec spec = TinySpec(
      "optimizer { learning_rate: 1e-12 octaves { count: 3 scale: 2 } "
      "} steps: 1 parameterization { pixel {} }");
  spec.mutable_parameterization()->mutable_init()->set_image(blob);
  ASSERT_OK_AND_ASSIGN(const RunResult result, tiny.Run(spec));
  ASSERT_OK_AND_ASSIGN(const Image8 end,
                       DecodeImage(result.artifacts[0].bytes));
  ASSERT_EQ(end.pixels.size(), fine.pixels.size());
  for (size_t i = 0; i < fine.pixels.size(); ++i)
    ASSERT_NEAR(end.pixels[i], fine.pixels[i], 2) << "value " << i;
}

TEST(Run, AJobWhoseGradientIsZeroSaysSo) {
  TinyOnnxOptions dead;
  dead.last_bias = -1000;
  TinyEngine tiny(dead);
  ASSERT_OK_AND_ASSIGN(
      const RunResult result,
      tiny.Run(TinySpec(
          "steps: 21 gradient_overrides { redirect_relu: REDIRECT_OFF }")));
  EXPECT_THAT(result.warnings,
              ElementsAre(HasSubstr("gradient was zero for 21 steps")));
}

TEST(Run, RedirectedReluMovesADeadStart) {
  TinyOnnxOptions dead;
  dead.last_bias = -1000;
  TinyEngine tiny(dead);
  ASSERT_OK_AND_ASSIGN(
      const RunResult off,
      tiny.Run(TinySpec("optimizer { learning_rate: 1 } gradient_overrides { "
                        "redirect_relu: REDIRECT_OFF }")));
  ASSERT_OK_AND_ASSIGN(const RunResult on,
                       tiny.Run(TinySpec("optimizer { learning_rate: 1 }")));
  EXPECT_NE(on.artifacts[0].bytes, off.artifacts[0].bytes);
  EXPECT_THAT(on.warnings, Not(Contains(HasSubstr("gradient was zero"))));
}

TEST(Run, AnObjectiveThatIsNotFiniteIsAnErrorWithItsStep) {
  TinyEngine tiny;
  v1::JobSpec spec = TinySpec();
  spec.mutable_objectives(0)->set_weight(1e300);
  EXPECT_THAT(tiny.Run(spec),
              StatusIs(absl::StatusCode::kInvalidArgument, "at step 0"));
}

TEST(Run, ACanvasTheNetworkCannotTakeIsRefusedByField) {
  TinyEngine tiny;
  const auto result =
      tiny.Run(TinySpec("parameterization { width: 1 height: 1 pixel {} }"));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument,
                               "spec.parameterization"));
}

TEST(Run, ABrokenImageIsRefusedByField) {
  TinyEngine tiny;
  const std::string blob = "blobs/" + std::string(64, 'b');
  tiny.blobs[blob] = "not an image";
  v1::JobSpec spec = TinySpec();
  spec.mutable_parameterization()->mutable_init()->set_image(blob);
  EXPECT_THAT(tiny.Run(spec), StatusIs(absl::StatusCode::kInvalidArgument,
                                       "spec.parameterization"));
  tiny.blobs.clear();
  EXPECT_THAT(tiny.Run(spec),
              StatusIs(absl::StatusCode::kNotFound, blob.c_str()));
}

TEST(Run, AnAtlasInTilesIsNotForWhatSearchesAlongALine) {
  TinyEngine tiny;
  const std::string mesh = "blobs/" + std::string(64, 'c');
  tiny.blobs[mesh] = CubeObj();
  const auto run = tiny.Run(Spec(absl::StrCat(
      "model: 'tiny' parameterization { width: 32 texture { atlas_size: 2080 "
      "pixel {} mesh: '",
      mesh,
      "' } } objectives { channel { layer: 'relu2' channel: 3 } } optimizer { "
      "lbfgs {} } steps: 2")));
  EXPECT_THAT(run.status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("spec.optimizer.lbfgs: needs")));
}

}  // namespace
}  // namespace phosphene
