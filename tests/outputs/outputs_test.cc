#include "server/engine/outputs/interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/optimize/checkpoint.h"
#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// Two rows of 12 x 8 after one step, and the outputs asked for.
std::vector<RunArtifact> Outputs(const std::string& outputs, int rows = 2) {
  TinyEngine tiny;
  v1::JobSpec spec = Spec(
      "parameterization { width: 12 height: 8 pixel { sd: 1 } } "
      "objectives { l2 { constant: 0.5 } weight: -1 } steps: 1 seed: 5 " +
      outputs);
  spec.mutable_parameterization()->set_rows(rows);
  const auto result = tiny.Run(spec);
  EXPECT_OK(result);
  return result.ok() ? result->artifacts : std::vector<RunArtifact>(16);
}

TEST(Outputs, OnePngByDefault) {
  const auto artifacts = Outputs("", 1);
  ASSERT_EQ(artifacts.size(), 1u);
  EXPECT_EQ(artifacts[0].info.name(), "image.png");
  EXPECT_EQ(artifacts[0].info.media_type(), "image/png");
  EXPECT_EQ(artifacts[0].info.size_bytes(),
            static_cast<int64_t>(artifacts[0].bytes.size()));
  EXPECT_EQ(artifacts[0].info.width(), 12);
  EXPECT_EQ(DecodeImage(artifacts[0].bytes)->height, 8);
}

TEST(Outputs, APngTellsHowItWasMade) {
  const auto artifacts =
      Outputs("outputs { png {} } outputs { png { metadata: false } }");
  const auto text = ReadPngText(artifacts[0].bytes);
  ASSERT_EQ(text.size(), 3u);
  EXPECT_THAT(text[0].second, HasSubstr("Phosphene"));
  EXPECT_EQ(text[1].second, "5");
  EXPECT_EQ(Spec(text[2].second).parameterization().width(), 12);
  EXPECT_TRUE(ReadPngText(artifacts[1].bytes).empty());
}

TEST(Outputs, EveryFormatIsWhatItSays) {
  const auto artifacts = Outputs(
      "outputs { png {} } outputs { jpeg {} } outputs { webp {} } outputs { "
      "animated_webp {} } outputs { gif {} } "
      "outputs { checkpoint {} } outputs { contact_sheet { columns: 1 gap: 3 } "
      "}");
  ASSERT_EQ(artifacts.size(), 7u);
  for (const RunArtifact& artifact : artifacts) {
    if (artifact.info.name() == "state.checkpoint") {
      EXPECT_OK(ParseCheckpoint(artifact.bytes));
      continue;
    }
    EXPECT_EQ(artifact.info.media_type(),
              MediaType(SniffFormat(artifact.bytes)));
    EXPECT_EQ(ReadImageInfo(artifact.bytes)->width, artifact.info.width());
  }
  EXPECT_EQ(artifacts[6].info.height(), 8 * 2 + 3);
}

TEST(Outputs, APngOfSixteenBitsIsAsFineAsTheCanvas) {
  const auto artifacts = Outputs(
      "outputs { png {} } outputs { png { sixteen_bits: true } } outputs { "
      "row: "
      "0 png { sixteen_bits: true metadata: false } backdrop: BACKDROP_BLACK "
      "}");
  ASSERT_EQ(artifacts.size(), 3u);
  for (const size_t i : {1u, 2u}) {
    EXPECT_EQ(artifacts[i].bytes[24], 16) << "bits a sample";
    EXPECT_EQ(ReadPngText(artifacts[i].bytes).empty(), i == 2);
  }
  // Rounded to 8 bits it is the other one.
  const Image8 eight = *DecodeImage(artifacts[0].bytes),
               rounded = *DecodeImage(artifacts[1].bytes);
  ASSERT_EQ(eight.pixels.size(), rounded.pixels.size());
  for (size_t i = 0; i < eight.pixels.size(); ++i)
    EXPECT_NEAR(eight.pixels[i], rounded.pixels[i], 1);
}

TEST(Outputs, AnimationsShowTheSameFrames) {
  const auto artifacts = Outputs(
      "outputs { animated_webp { ping_pong: true } } outputs { gif { "
      "ping_pong: "
      "true } } outputs { apng { ping_pong: true } } outputs { row: 0 png {} "
      "}",
      3);
  ASSERT_EQ(artifacts.size(), 4u);
  EXPECT_EQ(artifacts[1].info.name(), "animation.gif");
  EXPECT_EQ(artifacts[1].info.media_type(), "image/gif");
  EXPECT_EQ(artifacts[2].info.name(), "animation.apng");
  EXPECT_EQ(artifacts[2].info.media_type(), "image/apng");
  for (const RunArtifact& artifact : artifacts) {
    EXPECT_EQ(artifact.info.width(), 12);
    EXPECT_EQ(artifact.info.height(), 8);
  }
  // The first frame of an animated PNG is the first row, bit by bit, and it
  // tells how it was made.
  EXPECT_EQ(DecodeImage(artifacts[2].bytes)->pixels,
            DecodeImage(artifacts[3].bytes)->pixels);
  EXPECT_EQ(ReadPngText(artifacts[2].bytes).size(), 3u);
  // Forth and back three rows are four frames: a graphic control each.
  size_t controls = 0;
  for (size_t at = artifacts[2].bytes.find("fcTL"); at != std::string::npos;
       at = artifacts[2].bytes.find("fcTL", at + 1)) {
    ++controls;
  }
  EXPECT_EQ(controls, 4u);
}

TEST(Outputs, NamesAreUnique) {
  const auto artifacts = Outputs(
      R"(outputs { png {} } outputs { png {} } outputs { name: "image-3.png" png {} }
                 outputs { png {} })");
  std::set<std::string> names;
  for (const RunArtifact& artifact : artifacts)
    names.insert(artifact.info.name());
  EXPECT_EQ(names.size(), 4u);
}

TEST(Outputs, RowsAreShownTogetherOrAlone) {
  const auto artifacts = Outputs(
      "outputs { png {} } outputs { row: 1 png {} } outputs { row: -1 png {} "
      "}");
  EXPECT_EQ(artifacts[0].info.width(), 24);
  EXPECT_EQ(artifacts[1].info.width(), 12);
  EXPECT_EQ(artifacts[2].info.width(), 24);
}

TEST(Outputs, AreRenderedAtTheSizeAskedFor) {
  const auto artifacts = Outputs(
      "outputs { width: 36 png {} } outputs { width: 5 height: 9 png {} }", 1);
  EXPECT_EQ(artifacts[0].info.width(), 36);
  EXPECT_EQ(artifacts[0].info.height(), 24)
      << "the aspect of the canvas is kept";
  EXPECT_EQ(artifacts[1].info.height(), 9);
}

TEST(Outputs, AlphaIsKeptOrShownOverABackdrop) {
  TinyEngine tiny;
  const auto result = tiny.Run(Spec(
      "parameterization { width: 16 channels: 4 pixel {} } objectives { l2 {} "
      "weight: -1 } steps: 1 "
      "outputs { png {} } outputs { png {} backdrop: BACKDROP_CHECKERBOARD }"));
  ASSERT_OK(result);
  EXPECT_EQ(DecodeImage(result->artifacts[0].bytes)->channels, 4);
  EXPECT_EQ(DecodeImage(result->artifacts[1].bytes)->channels, 3);
}

TEST(Outputs, CheckNamesWhatIsWrong) {
  const v1::JobSpec spec = TinySpec(R"pb(outputs {
                                           width: 40000
                                           png {}
                                         }
                                         outputs {
                                           name: "x"
                                           png {}
                                         }
                                         outputs {
                                           name: "x"
                                           png {}
                                         }
                                         outputs {
                                           name: "../y"
                                           png {}
                                         }
                                         outputs { jpeg { quality: 101 } }
                                         outputs {
                                           row: 1
                                           png {}
                                         }
                                         outputs {})pb");
  TinyEngine tiny;
  const absl::Status status = tiny.engine().Check(spec);
  for (const char* part :
       {"spec.outputs[1].width: 40000",
        "spec.outputs[3].name: \"x\" is taken by another",
        "spec.outputs[4].name", "spec.outputs[5].jpeg.quality: 101",
        "spec.outputs[6].row: 1", "spec.outputs[7]: has no kind"}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, part));
  }
}

TEST(Outputs, UpscalingHasABound) {
  EXPECT_THAT(CheckOutputs(TinySpec("outputs { width: 32768 png {} }")),
              StatusIs(absl::StatusCode::kInvalidArgument, "too large"));
}

}  // namespace
}  // namespace phosphene
