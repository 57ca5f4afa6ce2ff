#include "server/engine/optimize/tiling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/optimize/network_cache.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::IsNull;
using ::testing::NotNull;

class ChooseTileTest : public ::testing::Test {
 protected:
  // The tile of a job of 2000 x 1500 where there is so much memory.
  absl::StatusOr<int64_t> Tile(const std::string& more, int64_t memory) {
    spec_ = TinySpec(
        absl::StrCat("parameterization { width: 2000 height: 1500 } ", more));
    context_.spec = &spec_;
    context_.memory = memory;
    return ChooseTile(context_);
  }

  ChooseTileTest() : onnx_(TinyOnnx({})) {
    inputs_.open_model =
        [this](absl::string_view) -> absl::StatusOr<ModelFile> {
      return ModelFile{"tiny", TinyConfig(), nullptr, onnx_, "1"};
    };
    context_.inputs = &inputs_;
    context_.networks = &networks_;
    context_.model = *networks_.Open("tiny");
  }

  static constexpr int64_t kMuch = int64_t{1} << 40;

  v1::JobSpec spec_;
  std::string onnx_;
  EngineInputs inputs_;
  NetworkCache networks_{&inputs_};
  PlanContext context_;
};

TEST_F(ChooseTileTest, IsWholeWhereItFitsAndUnknownMemoryIsEnough) {
  EXPECT_THAT(Tile("", kMuch), IsOkAndHolds(0));
  EXPECT_THAT(Tile("", 0), IsOkAndHolds(0));
  EXPECT_THAT(Tile("tiling { mode: OFF }", 1), IsOkAndHolds(0));
}

TEST_F(ChooseTileTest, TakesTheLargestThatFits) {
  int64_t before = 0;
  for (const int64_t memory : {int64_t{1200} << 20, int64_t{1400} << 20}) {
    ASSERT_OK_AND_ASSIGN(const int64_t tile, Tile("", memory));
    EXPECT_GE(tile, 64);
    EXPECT_LT(tile, 2000);
    EXPECT_GE(tile, before);
    before = tile;
  }
  EXPECT_THAT(Tile("", 1 << 20),
              StatusIs(absl::StatusCode::kResourceExhausted, "even in tiles"));
}

TEST_F(ChooseTileTest, IsTheSideThatIsAskedFor) {
  EXPECT_THAT(Tile("tiling { mode: ON size: 100 }", kMuch), IsOkAndHolds(100));
  // No larger than pays, however much memory there is.
  EXPECT_THAT(Tile("tiling { mode: ON }", kMuch), IsOkAndHolds(1024));
}

TEST_F(ChooseTileTest, SaysWhatCannotBeCutWhereItHadToBe) {
  const std::string logit = "objectives { class_logit { index: 1 } }";
  EXPECT_THAT(Tile(logit, kMuch), IsOkAndHolds(0));
  EXPECT_THAT(Tile(logit, int64_t{1} << 30),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "spec.objectives[1].class_logit"));
}

TEST_F(ChooseTileTest, SmallOctavesRunWhole) {
  ASSERT_OK(
      Tile("tiling { size: 1024 } optimizer { octaves { count: 2 scale: "
           "2 } }",
           int64_t{1200} << 20));
  context_.tile = 1024;
  for (const int64_t octave : {0, 1}) {
    Parts parts = *MakeParts(context_, octave, nullptr);
    const auto stepper = MakeTiledStepper(context_, parts, {});
    ASSERT_OK(stepper);
    if (octave == 0) {
      EXPECT_THAT(*stepper, IsNull());
    } else {
      EXPECT_THAT(*stepper, NotNull());
    }
  }
}

TEST(JobsInTiles, TellOfTilesInTheirProgressAndNotes) {
  TinyEngine tiny;
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(
      const RunResult result,
      tiny.Run(TinySpec("parameterization { width: 200 height: 80 } tiling { "
                        "mode: ON size: 64 }"),
               sink));
  EXPECT_THAT(result.warnings,
              ::testing::Contains(::testing::HasSubstr("redirected ReLUs")));
  const v1::Progress& last = sink.progress.back();
  EXPECT_GT(last.tiles(), 0);
  EXPECT_EQ(last.tiles_done(), last.tiles());
  EXPECT_EQ(last.step(), 6);
}

}  // namespace
}  // namespace phosphene
