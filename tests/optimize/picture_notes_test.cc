#include "server/engine/optimize/picture_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EndValuesOf, CountsValuesAtTheirEndsAndHowNeighboursDiffer) {
  at::Tensor batch = at::full({2, 3, 8, 8}, 0.5);
  batch[1].narrow(1, 0, 4).fill_(1);
  batch[1].narrow(1, 4, 4).fill_(0);
  const std::vector<EndValues> rows = EndValuesOf(batch);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].share, 0);
  EXPECT_EQ(rows[0].rough, 0);
  EXPECT_EQ(rows[0].near, 0);
  EXPECT_EQ(rows[1].share, 1);
  EXPECT_EQ(rows[1].near, 1);
  // One step in seven along columns, none along lines.
  EXPECT_NEAR(rows[1].rough, 1. / 14, 1e-6);
}

TEST(EndValuesOf, AlphaDoesNotCountAndASinglePixelHasNoNeighbours) {
  at::Tensor batch = at::full({1, 4, 1, 1}, 0.5);
  batch.narrow(1, 3, 1).fill_(0);
  EXPECT_EQ(EndValuesOf(batch)[0].share, 0);
  EXPECT_EQ(EndValuesOf(batch)[0].rough, 0);
}

std::vector<std::string> WarningsOf(const std::string& more) {
  TinyEngine tiny;
  const auto result = tiny.Run(TinySpec(more));
  EXPECT_OK(result);
  return result.ok() ? result->warnings : std::vector<std::string>{"failed"};
}

TEST(EndValuesOf, NearIsWiderThanAtTheEnd) {
  const EndValues values =
      EndValuesOf(at::tensor({0., 0.04, 0.06, 0.94, 0.96, 1.}, at::kFloat)
                      .view({1, 1, 1, 6}))[0];
  EXPECT_NEAR(values.share, 2. / 6, 1e-6);
  EXPECT_NEAR(values.near, 4. / 6, 1e-6);
}

// Whatever is optimized: ten times the default is told, as a hundred times.
TEST(PictureNotes, ALearningRateFarTooHighIsNamedWithTheDefault) {
  for (const char* param : {"fourier", "pixel", "laplacian"}) {
    for (const char* rate : {"0.5", "5", "50"}) {
      EXPECT_THAT(
          WarningsOf(absl::StrCat("parameterization { ", param,
                                  " {} } optimizer { learning_rate: ", rate,
                                  " } steps: 40")),
          ElementsAre(AllOf(HasSubstr("near their ends"),
                            HasSubstr(absl::StrCat("learning rate ", rate)),
                            HasSubstr("times the default 0.05"))))
          << param << rate;
    }
  }
}

// The same picture is vivid where nothing asked for it, and burnt where a
// setting did.
TEST(PictureNotes, OnlyExtremeSettingsAreHeldToTheLowerBounds) {
  Image8 board{32, 32, 3, {}};
  for (int i = 0; i < 32 * 32; ++i) {
    const bool dark = (i / 4 + i / 128) % 2 > 0;
    board.pixels.insert(board.pixels.end(), 3, dark ? 8 : 247);
  }
  TinyEngine tiny;
  const std::string blob = "blobs/" + std::string(64, 'a');
  tiny.blobs[blob] = *EncodePng(board);
  const auto notes_at = [&](const std::string& rate) {
    const auto result = tiny.Run(TinySpec(absl::StrCat(
        "parameterization { pixel {} init { image: '", blob,
        "' } } optimizer { learning_rate: ", rate, " } steps: 1")));
    EXPECT_OK(result);
    return result.ok() ? result->warnings : std::vector<std::string>{"failed"};
  };
  EXPECT_THAT(notes_at("0.05"), IsEmpty());
  EXPECT_THAT(notes_at("0.14"), IsEmpty());
  EXPECT_THAT(notes_at("0.15"), ElementsAre(HasSubstr("3 times the default")));
}

TEST(PictureNotes, OrdinaryJobsHaveNone) {
  for (const char* more :
       {"", "steps: 60", "parameterization { pixel {} } steps: 60",
        "parameterization { laplacian {} } steps: 30",
        "parameterization { cppn {} } optimizer { learning_rate: 0.005 } "
        "steps: 30",
        "parameterization { rows: 2 }"}) {
    EXPECT_THAT(WarningsOf(more), IsEmpty()) << more;
  }
}

// Smooth and at its ends, as vivid pictures and white backgrounds are.
TEST(PictureNotes, WhitePhotosThatAreKeptHaveNone) {
  EXPECT_THAT(
      WarningsOf("parameterization { pixel {} init { constant { values: "
                 "1 } } } optimizer { learning_rate: 1e-9 } steps: 1"),
      testing::Not(testing::Contains(HasSubstr("noise"))));
}

TEST(PictureNotes, RowsAreToldApart) {
  const std::vector<std::string> warnings = WarningsOf(
      "parameterization { pixel {} rows: 2 } optimizer { learning_rate: 50 } "
      "steps: 20");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("in row 0, 1"));
}

TEST(PictureNotes, NothingIsSaidOfWhatWasOnlyDrawn) {
  TinyEngine tiny;
  const auto drawn = tiny.Run(
      Spec("parameterization { width: 16 pixel {} init { constant { values: 1 "
           "} } }"));
  ASSERT_OK(drawn);
  EXPECT_THAT(drawn->warnings, IsEmpty());
}

TEST(Tally, TheTermThatIsNotFiniteIsNamed) {
  TinyEngine tiny;
  v1::JobSpec spec = TinySpec(
      "objectives { label: 'second' weight: 1 power { exponent: 8 base { "
      "weight: "
      "1e30 channel { layer: 'relu2' channel: 1 } } } }");
  const auto result = tiny.Run(spec);
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument,
                               "its term second (spec.objectives[1])"));
}

}  // namespace
}  // namespace phosphene
