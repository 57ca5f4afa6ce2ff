#include "server/engine/optimize/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::IsEmpty;

// Steps of the frames a run made, a minus for those to keep.
std::vector<int64_t> Frames(const std::string& more) {
  TinyEngine tiny;
  RecordingSink sink;
  EXPECT_OK(tiny.Run(TinySpec(more), sink));
  std::vector<int64_t> steps;
  for (const auto& frame : sink.frames)
    steps.push_back(frame.keep ? -frame.step : frame.step);
  return steps;
}

TEST(Reporter, FramesComeByThePolicyAndAtTheEnd) {
  EXPECT_EQ(Frames("steps: 7 frames { every: 3 }"),
            (std::vector<int64_t>{3, 6, 7}));
  EXPECT_EQ(Frames("steps: 6 frames { every: 3 }"),
            (std::vector<int64_t>{3, 6}));
  EXPECT_EQ(Frames("steps: 6"), (std::vector<int64_t>{6}))
      << "every 16 by default";
}

TEST(Reporter, EveryNthFrameIsToKeep) {
  EXPECT_EQ(Frames("steps: 7 frames { every: 1 keep_every: 3 }"),
            (std::vector<int64_t>{1, 2, -3, 4, 5, -6, 7}));
}

TEST(Reporter, NoFramesWhereNobodyLooks) {
  TinyEngine tiny;
  RecordingSink sink;
  sink.wants_frames = false;
  ASSERT_OK(tiny.Run(TinySpec("frames { every: 1 }"), sink));
  EXPECT_THAT(sink.frames, IsEmpty());
}

TEST(Reporter, LookingDoesNotChangeThePicture) {
  TinyEngine tiny;
  RecordingSink looking;
  ASSERT_OK_AND_ASSIGN(const RunResult seen,
                       tiny.Run(TinySpec("frames { every: 1 }"), looking));
  ASSERT_OK_AND_ASSIGN(const RunResult unseen,
                       tiny.Run(TinySpec("frames { every: 1 }")));
  EXPECT_EQ(seen.artifacts[0].bytes, unseen.artifacts[0].bytes);
}

TEST(Reporter, FramesFitTheirSizeWithRowsInAGrid) {
  TinyEngine tiny;
  RecordingSink sink;
  ASSERT_OK(
      tiny.Run(Spec(R"pb(model: "tiny"
                         parameterization {
                           width: 40
                           height: 20
                           rows: 3
                           pixel {}
                         }
                         objectives { channel { layer: "relu1" channel: 1 } }
                         steps: 1
                         frames { max_size: 40 })pb"),
               sink));
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0].image.width, 40);
  EXPECT_EQ(sink.frames[0].image.height, 20);
}

TEST(Reporter, TheLastProgressHasEveryObjective) {
  TinyEngine tiny;
  RecordingSink sink;
  v1::JobSpec spec = TinySpec(R"pb(objectives {
                                     l2 { layer: "image" }
                                     weight: -0.5
                                     label: "size"
                                   })pb");
  ASSERT_OK_AND_ASSIGN(const RunResult result, tiny.Run(spec, sink));
  ASSERT_FALSE(sink.progress.empty());
  const v1::Progress& last = sink.progress.back();
  EXPECT_EQ(last.step(), 6);
  EXPECT_EQ(last.total_steps(), 6);
  EXPECT_GT(last.steps_per_second(), 0);
  ASSERT_EQ(last.objectives_size(), 2);
  EXPECT_EQ(last.objectives(0).label(), "channel relu2:3");
  EXPECT_EQ(last.objectives(1).label(), "size");
  EXPECT_EQ(last.objective_value(), result.objective_value);
  EXPECT_NEAR(last.objective_value(),
              last.objectives(0).value() - .5 * last.objectives(1).value(),
              1e-3);
}

}  // namespace
}  // namespace phosphene
