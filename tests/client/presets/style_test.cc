#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "client/presets/presets.h"
#include "client/presets/style_size.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

StyleOptions Options(Size canvas, Size style) {
  StyleOptions options;
  options.content = "c.jpg";
  options.styles = {"s.jpg"};
  options.layers = {{"a"}, {"b", "c"}};
  options.size = canvas;
  options.style_sizes = {style};
  return options;
}

const v1::GramStyleObjective& StyleOf(const v1::JobSpec& spec) {
  return spec.objectives(spec.objectives_size() - 1).gram_style();
}

double ScaleOf(const StyleOptions& options) {
  const auto spec = StyleSpec(options, {});
  EXPECT_TRUE(spec.ok()) << spec.status();
  return StyleOf(*spec).styles(0).scale();
}

std::string ErrorOf(const StyleOptions& options) {
  return std::string(StyleSpec(options, {}).status().message());
}

// Whatever came in, a style is shown a little larger than what covers the
// coarsest canvas.
TEST(StyleSpec, ShowsStylesAsLargeAsFitsTheCanvas) {
  for (const Size canvas : {Size{192, 144}, Size{192, 192}, Size{512, 384},
                            Size{300, 700}, Size{1024, 768}}) {
    for (const Size style :
         {Size{1024, 640}, Size{1200, 1528}, Size{300, 90}, Size{3000, 2500}}) {
      const StyleOptions options = Options(canvas, style);
      const v1::JobSpec spec = *StyleSpec(options, {});
      const int octaves = std::max(1, spec.optimizer().octaves().count());
      const double covering = CoveringScale(style, canvas);
      EXPECT_NEAR(
          StyleOf(spec).styles(0).scale() * std::pow(2, octaves - 1) / covering,
          1.2, 0.03)
          << canvas.width << " " << style.width;
    }
  }
}

TEST(StyleSpec, KeepsScalesWithinWhatServersTake) {
  EXPECT_EQ(ScaleOf(Options({512, 512}, {1, 1})), 8);
  EXPECT_EQ(ScaleOf(Options({64, 64}, {30000, 20000})), 0.05);
}

TEST(StyleSpec, TakesTheSizeThatIsSaid) {
  StyleOptions options = Options({512, 384}, {1000, 500});
  options.style_size = 800;
  EXPECT_EQ(ScaleOf(options), 0.8);
  options.style_size = 0;
  EXPECT_THAT(ErrorOf(options), HasSubstr("--style-size: 0 is not allowed"));
  options.style_size = 800;
  options.style_scale = 0.5;
  EXPECT_THAT(ErrorOf(options), HasSubstr("exclude each other"));
  options.style_size.reset();
  EXPECT_EQ(ScaleOf(options), 0.5);
  options.style_scale = 9;
  EXPECT_THAT(ErrorOf(options), HasSubstr("--style-scale"));
  options = Options({512, 384}, {0, 0});
  EXPECT_FALSE(StyleOf(*StyleSpec(options, {})).styles(0).has_scale());
  options.style_size = 800;
  EXPECT_THAT(ErrorOf(options), HasSubstr("\"s.jpg\" is not known"));
}

TEST(StyleSpec, GrowsFromSmallToLarge) {
  const auto octaves = [](Size canvas) {
    const v1::JobSpec spec = *StyleSpec(Options(canvas, {0, 0}), {});
    return std::max(1, spec.optimizer().octaves().count());
  };
  EXPECT_EQ(octaves({256, 192}), 1);
  for (int side = 200; side < 1400; side += 100) {
    const double coarsest = side / std::pow(2, octaves({side, side}) - 1);
    EXPECT_LE(coarsest * coarsest, StyleOptions::kOctavePixels + 1) << side;
    EXPECT_GT(coarsest * coarsest, StyleOptions::kOctavePixels / 4 - 1) << side;
  }
  EXPECT_EQ(octaves({4000, 3000}), 3);
}

TEST(StyleSpec, WeighsStylesAsTheNetworkNeeds) {
  StyleOptions options = Options({192, 144}, {0, 0});
  EXPECT_FALSE(StyleSpec(options, {})->objectives(1).has_weight());
  options.layers = *StyleLayersFor({"conv1", "conv2", "mixed3a", "mixed3b",
                                    "mixed4a", "mixed4b", "mixed4c"});
  for (const char* distance : {"", "l1", "l2", "squared", "w2"}) {
    options.distance = distance;
    const double balance = StyleBalance(options.layers, distance);
    EXPECT_GT(balance, 0);
    options.style_weight = 1;
    const v1::Objective own = StyleSpec(options, {})->objectives(1);
    EXPECT_DOUBLE_EQ(own.has_weight() ? own.weight() : 1, balance);
    options.style_weight = 0.5;
    EXPECT_DOUBLE_EQ(StyleSpec(options, {})->objectives(1).weight(),
                     0.5 * balance);
  }
  EXPECT_EQ(StyleBalance({{"x"}, {"y"}}, "w2"), 1);
  EXPECT_EQ(StyleBalance({}, ""), 1);
}

// "--style-size 614 --style-weight 3" as numbers; 0 where not said.
struct Said {
  int size = 0;
  double weight = 1;
};
Said Read(const std::string& flags) {
  Said said;
  const std::vector<std::string> words =
      absl::StrSplit(flags, ' ', absl::SkipEmpty());
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--style-size") {
      EXPECT_TRUE(absl::SimpleAtoi(words[i + 1], &said.size));
    } else {
      EXPECT_EQ(words[i], "--style-weight");
      EXPECT_TRUE(absl::SimpleAtod(words[i + 1], &said.weight));
    }
  }
  return said;
}

// What a cell shows is what its flags give: the same share of the canvas, the
// same weight.
TEST(StyleTrySpec, CellsAreWhatTheirFlagsMake) {
  for (const Size canvas : {Size{512, 384}, Size{1024, 1024}, Size{100, 80}}) {
    StyleOptions options = Options(canvas, {1024, 640});
    options.style_weight = 2;
    SpecOptions common;
    common.outputs = {"sheet.png"};
    common.size = "1x1";  // of the picture, not of the sheet
    const auto trial = StyleTrySpec(options, common);
    ASSERT_TRUE(trial.ok()) << trial.status();
    const v1::JobSpec& spec = trial->spec;
    ASSERT_EQ(trial->cells.size(), 9u);
    EXPECT_EQ(spec.parameterization().rows(), 9);
    EXPECT_LE(spec.parameterization().width(), StyleTry::kSide);
    EXPECT_EQ(spec.outputs(0).contact_sheet().columns(), 3);
    ASSERT_EQ(spec.objectives_size(), 1 + 9);
    EXPECT_FALSE(spec.objectives(0).has_row());
    const double shrunk =
        static_cast<double>(spec.parameterization().width()) / canvas.width;
    int defaults = 0;
    for (int i = 0; i < 9; ++i) {
      const v1::Objective& own = spec.objectives(1 + i);
      EXPECT_EQ(own.row(), i);
      EXPECT_EQ(trial->cells[i].line, i / 3 + 1);
      EXPECT_EQ(trial->cells[i].column, i % 3 + 1);
      const Said said = Read(trial->cells[i].flags);
      EXPECT_DOUBLE_EQ(own.weight(), said.weight);
      const double shown = own.gram_style().styles(0).scale() * 1024 / shrunk;
      const double expected =
          said.size > 0 ? said.size
                        : 1.2 * CoveringScale({1024, 640}, canvas) * 1024;
      EXPECT_NEAR(shown / expected, 1, 0.02) << trial->cells[i].flags;
      if (said.size == 0) ++defaults;
    }
    EXPECT_EQ(defaults, 3);
  }
}

TEST(StyleTrySpec, NeedsSizesItCanVary) {
  StyleOptions options = Options({512, 384}, {0, 0});
  EXPECT_THAT(std::string(StyleTrySpec(options, {}).status().message()),
              HasSubstr("--try"));
  options = Options({512, 384}, {1024, 640});
  options.style_scale = 1;
  EXPECT_THAT(std::string(StyleTrySpec(options, {}).status().message()),
              HasSubstr("--style-scale"));
}

}  // namespace
}  // namespace phosphene::client
