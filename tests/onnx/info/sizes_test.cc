#include "server/engine/onnx/info/sizes.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/mapped_file.h"
#include "tests/onnx/net_builder.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// A layer of a network, to be run at sizes.
class Layer {
 public:
  Layer(const std::shared_ptr<const NetworkInfo>& info, std::string name)
      : info_(info),
        name_(std::move(name)),
        network_(*CompileNetwork(info, {name_}, {})) {}

  bool Runs(int64_t height, int64_t width) const {
    const at::NoGradGuard no_grad;
    try {
      network_->Forward(
          at::full({1, info_->input_channels(), height, width}, 0.5));
    } catch (const c10::Error&) {
      return false;
    }
    return true;
  }
  InputSizes sizes() const { return info_->SizesOf({name_}); }

  // What is told to run runs, and below the least side nothing does.
  void ExpectToldTruly(int64_t from, int64_t to) const {
    for (int64_t side = from; side <= to; ++side) {
      if (sizes().Takes(side, side)) {
        EXPECT_TRUE(Runs(side, side)) << name_ << " " << side;
      } else if (side < sizes().least && sizes().multiple == 1) {
        EXPECT_FALSE(Runs(side, side)) << name_ << " " << side;
      }
    }
  }

 private:
  const std::shared_ptr<const NetworkInfo> info_;
  const std::string name_;
  const std::unique_ptr<Network> network_;
};

void ExpectToldTruly(const std::shared_ptr<const NetworkInfo>& info,
                     const std::string& layer) {
  Layer(info, layer).ExpectToldTruly(1, 70);
}

// A stem of stride 2, then what a test adds.
NetBuilder Stem(NetBuilder::Ints dims = {0, 3, 0, 0}) {
  NetBuilder net(17, std::move(dims));
  net.Conv("image", "stem", 3, 8, 3, 2).Relu("stem", "relu");
  return net;
}

NetBuilder& Upsampled(NetBuilder& net, const std::string& input,
                      const std::string& output) {
  return net.Weight(output + "_scales", at::tensor({1.f, 1.f, 2.f, 2.f}))
      .Node("Resize", {input, "", output + "_scales"}, output)
      .Text("mode", "nearest");
}

// All of it, classified: [N,8,h/2,w/2] must have `places` of them.
NetBuilder& Classified(NetBuilder& net, int64_t places) {
  return net.Node("Flatten", {"relu"}, "flat")
      .Weight("matrix", RandomTensor({5, 8 * places}, 3))
      .Node("Gemm", {"flat", "matrix"}, "classes")
      .Int("transB", 1)
      .Output("classes");
}

TEST(SizesTest, AMatrixBehindAFlattenedMapTakesOneSize) {
  NetBuilder net = Stem({0, 3, 32, 32});
  const auto info = Classified(net, 16 * 16).Open();
  EXPECT_EQ(info->SizesOf({"classes"}).height, 32);
  EXPECT_EQ(info->SizesOf({"classes"}).width, 32);
  EXPECT_EQ(info->SizesOf({"relu"}).height, 0) << "layers before take any";
  EXPECT_EQ(info->SizesOf({"relu", "classes"}).width, 32);
  EXPECT_EQ(info->input_height(), 32);
  ExpectToldTruly(info, "relu");
  ExpectToldTruly(info, "classes");
}

TEST(SizesTest, AFixedSizeIsFoundWhereTheFileDoesNotSayIt) {
  for (const int64_t side : {28, 64, 160}) {
    NetBuilder net = Stem();
    const auto info = Classified(net, side / 2 * (side / 2)).Open();
    EXPECT_EQ(info->input_height(), side);
    EXPECT_EQ(info->SizesOf({"classes"}).width, side);
  }
}

TEST(SizesTest, AReshapeToAShapeOfOldTakesOneSize) {
  NetBuilder net = Stem({0, 3, 48, 48});
  net.Weight("shape", at::tensor({int64_t{-1}, int64_t{8}, int64_t{24 * 24}}))
      .Node("Reshape", {"relu", "shape"}, "tokens")
      .Weight("places", RandomTensor({1, 8, 24 * 24}, 4))
      .Node("Add", {"tokens", "places"}, "placed")
      .Output("placed");
  const auto info = net.Open();
  EXPECT_EQ(info->SizesOf({"placed"}).height, 48);
  EXPECT_EQ(info->SizesOf({"relu"}).height, 0);
  ExpectToldTruly(info, "placed");
}

TEST(SizesTest, HalvesJoinedWithTheirDoublesTakeMultiples) {
  NetBuilder net = Stem();
  net.Conv("relu", "quarter", 8, 8, 3, 2).Conv("quarter", "eighth", 8, 8, 3, 2);
  Upsampled(net, "eighth", "up4");
  net.Node("Concat", {"up4", "quarter"}, "joined4").Int("axis", 1);
  Upsampled(net, "up4", "up2");
  net.Node("Add", {"up2", "relu"}, "joined2");
  net.Output("joined2").Output("joined4");
  const auto info = net.Open();
  EXPECT_EQ(info->SizesOf({"joined4"}).multiple, 8);
  EXPECT_EQ(info->SizesOf({"joined2"}).multiple, 8);
  EXPECT_EQ(info->SizesOf({"eighth"}).multiple, 1);
  EXPECT_EQ(info->SizesOf({"eighth", "joined2"}).multiple, 8);
  EXPECT_EQ(info->input_height(), 0);
  for (const char* layer : {"joined2", "joined4", "eighth"})
    ExpectToldTruly(info, layer);
}

TEST(SizesTest, WindowsThatDoNotFitTellTheLeastSide) {
  NetBuilder net = Stem();
  net.Node("AveragePool", {"relu"}, "pooled").Values("kernel_shape", {7, 7});
  net.Conv("pooled", "deep", 8, 4, 3).Output("deep");
  const auto info = net.Open();
  EXPECT_EQ(info->SizesOf({"relu"}).least, 1);
  EXPECT_EQ(info->SizesOf({"deep"}).least, 13) << "7 places of stride 2";
  EXPECT_EQ(info->SizesOf({"deep"}).height, 0);
  ExpectToldTruly(info, "deep");
  ExpectToldTruly(info, "relu");
}

TEST(SizesTest, LinesOfTextMayBeAsLongAsTheyLike) {
  NetBuilder net = Stem({0, 3, 16, 0});
  net.Weight("axis", at::tensor({int64_t{2}}))
      .Node("MaxPool", {"relu"}, "flat")
      .Values("kernel_shape", {8, 1})
      .Node("Squeeze", {"flat", "axis"}, "line")
      .Output("line");
  const auto info = net.Open();
  const InputSizes sizes = info->SizesOf({"line"});
  EXPECT_EQ(sizes.height, 16);
  EXPECT_EQ(sizes.width, 0);
  EXPECT_TRUE(Layer(info, "line").Runs(16, sizes.least));
}

TEST(SizesTest, LayersThatDoNotRunAreTold) {
  NetBuilder net = Stem({0, 3, 32, 32});
  std::vector<std::string> notes;
  ModelFile file;
  const std::string bytes = Classified(net, 9).Bytes();
  file.name = "net";
  file.onnx = bytes;
  const auto info = OpenNetwork(file, &notes);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(notes, ::testing::Contains(::testing::AllOf(
                         HasSubstr("1 of 4 layers do not run at 32 x 32: "),
                         HasSubstr("Gemm node"), HasSubstr("--size"))));
  EXPECT_EQ((*info)->SizesOf({"classes"}).height, 0) << "nothing is known";
}

TEST(SizesTest, OfGoogLeNet) {
  const std::string path = "../shared/models/googlenet.onnx";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "it is not there";
  ModelFile file;
  file.name = "googlenet";
  file.file = *MappedFile::Open(path);
  file.onnx = file.file->data();
  const auto info = *OpenNetwork(file, nullptr);
  for (const char* layer : {"conv1/7x7_s2", "inception_4c/output",
                            "inception_5b/output", "loss3/classifier"}) {
    const std::string name = *info->Resolve(layer);
    const Layer known(info, name);
    EXPECT_EQ(known.sizes().multiple, 1);
    EXPECT_EQ(known.sizes().height, 0);
    known.ExpectToldTruly(std::max<int64_t>(1, known.sizes().least - 1),
                          known.sizes().least + 1);
  }
}

}  // namespace

namespace onnx {
namespace {

// Counts what is tried, of layers with made-up rules.
struct Made {
  std::map<std::string, std::function<bool(int64_t, int64_t)>> runs;
  std::set<std::pair<int64_t, int64_t>> tried;

  absl::StatusOr<SizeRules> Find(int64_t side, bool stated = true) {
    std::vector<std::string> layers;
    for (const auto& [layer, rule] : runs) layers.push_back(layer);
    SizeSearch search;
    search.height = search.width = side;
    search.stated = stated;
    return FindSizes(
        [this](int64_t height, int64_t width) -> absl::StatusOr<Failures> {
          tried.emplace(height, width);
          Failures failed;
          for (const auto& [layer, rule] : runs) {
            if (!rule(height, width)) failed[layer] = "no";
          }
          return failed;
        },
        layers, search);
  }
};

int64_t Up(int64_t side, int64_t stride) {
  return (side + stride - 1) / stride;
}

// Pyramids whose levels are rounded up, or down, are told multiples.
TEST(FindSizesTest, RoundedPyramidsTakeMultiples) {
  for (int64_t deepest = 2; deepest <= 128; deepest *= 2) {
    for (const bool up : {false, true}) {
      Made made;
      made.runs["top"] = [&](int64_t height, int64_t width) {
        for (int64_t side : {height, width}) {
          for (int64_t s = 2; s <= deepest; s *= 2) {
            const int64_t fine = up ? Up(side, s / 2) : side / (s / 2);
            const int64_t coarse = up ? Up(fine, 2) : fine / 2;
            if (coarse < 1 || 2 * coarse != fine) return false;
          }
        }
        return true;
      };
      const auto rules = made.Find(256);
      ASSERT_OK(rules.status());
      EXPECT_EQ(rules->of.at("top").multiple, deepest) << up;
      EXPECT_EQ(rules->of.at("top").least, deepest) << up;
      EXPECT_EQ(rules->Whole().multiple, deepest);
    }
  }
}

TEST(FindSizesTest, LeastSidesAreEnoughAndNotMuchMore) {
  for (const int64_t least : {1, 2, 5, 17, 63, 90, 140, 220}) {
    Made made;
    made.runs["deep"] = [&](int64_t h, int64_t w) {
      return h >= least && w >= least;
    };
    const auto rules = made.Find(224);
    ASSERT_OK(rules.status());
    const InputSizes sizes = rules->of.at("deep");
    EXPECT_EQ(sizes.multiple, 1) << least;
    EXPECT_GE(sizes.least, least);
    EXPECT_LE(sizes.least, least <= 96 ? 3 * least / 2 + 1 : 2 * least);
  }
}

// Also where it is one of the sizes that are tried anyway.
TEST(FindSizesTest, OneSizeCostsFewTries) {
  for (const int64_t only : {224, 96, 97, 127, 128, 160, 192, 320}) {
    Made made;
    for (int i = 0; i < 50; ++i) {
      made.runs["layer" + std::to_string(i)] = [only](int64_t h, int64_t w) {
        return h == only && w == only;
      };
    }
    const auto rules = made.Find(only);
    ASSERT_OK(rules.status());
    EXPECT_EQ(rules->Whole().height, only);
    EXPECT_EQ(rules->Whole().multiple, 1) << only;
    EXPECT_LE(made.tried.size(), 8u) << only;
  }
}

TEST(FindSizesTest, TheSizeMostLayersRunAtIsSoughtUnlessItIsStated) {
  const auto fixed = [](int64_t h, int64_t w) { return h == 384 && w == 384; };
  Made made;
  made.runs["early"] = [](int64_t, int64_t) { return true; };
  made.runs["a"] = made.runs["b"] = made.runs["c"] = fixed;
  EXPECT_EQ(made.Find(224, false)->height, 384);
  const auto stated = made.Find(224, true);
  EXPECT_EQ(stated->height, 224);
  EXPECT_EQ(stated->failed.size(), 3u);
  EXPECT_EQ(stated->Meet({"a", "early"}).height, 0) << "not known";
}

TEST(MeetOfTest, TakesWhatBothTake) {
  const InputSizes both = MeetOf({0, 0, 8, 20}, {0, 0, 12, 5});
  EXPECT_EQ(both.multiple, 24);
  EXPECT_EQ(both.least, 20);
  const InputSizes fixed = MeetOf({0, 0, 32, 400}, {100, 0, 1, 1});
  EXPECT_EQ(fixed.height, 100);
  EXPECT_TRUE(fixed.Takes(100, 100)) << "a size that ran is taken";
}

}  // namespace
}  // namespace onnx
}  // namespace phosphene
