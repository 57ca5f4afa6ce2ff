#include "server/engine/optimize/completed_spec.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "tests/optimize/fitted_network.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::google::protobuf::util::MessageDifferencer;

// `more` is merged into it.
v1::JobSpec Of(const std::string& layer, const std::string& more) {
  v1::JobSpec spec = Spec(R"pb(model: "net"
                               parameterization {
                                 width: 64
                                 fourier {}
                               })pb");
  spec.add_objectives()->mutable_channel()->set_layer(layer);
  if (!google::protobuf::TextFormat::MergeFromString(more, &spec)) std::abort();
  return spec;
}

const FittedNetwork& Patches() {
  static const auto* net = new FittedNetwork({{"early", {0, 0, 1, 4}},
                                              {"middle", {0, 0, 32, 64}},
                                              {"late", {96, 96, 1, 1}}});
  return *net;
}

// The last transform of the completed spec.
v1::FitTransform FitOf(const v1::JobSpec& spec) {
  const v1::JobSpec whole = CompleteSpec(spec, &Patches());
  return whole.transforms(whole.transforms_size() - 1).fit();
}

TEST(CompleteSpec, FitsAreThoseOfTheLayersRead) {
  const v1::FitTransform late = FitOf(Of("late", "transforms { fit {} }"));
  EXPECT_EQ(late.height(), 96);
  EXPECT_EQ(late.width(), 96);
  const v1::FitTransform middle = FitOf(Of("middle", "transforms { fit {} }"));
  EXPECT_EQ(middle.height(), 0);
  EXPECT_EQ(middle.multiple(), 32);
  EXPECT_EQ(middle.least(), 64);
  const v1::FitTransform both = FitOf(
      Of("early",
         "objectives { channel { layer: 'late' } } transforms { fit {} }"));
  EXPECT_EQ(both.width(), 96);
}

TEST(CompleteSpec, WhatIsStatedStays) {
  const v1::FitTransform fit =
      FitOf(Of("late", "transforms { fit { height: 64 least: 8 } }"));
  EXPECT_EQ(fit.height(), 64);
  EXPECT_EQ(fit.width(), 96);
  EXPECT_EQ(fit.least(), 8);
  const v1::JobSpec grey =
      CompleteSpec(Of("late", "parameterization { channels: 1 }"), &Patches());
  EXPECT_EQ(grey.parameterization().channels(), 1);
}

TEST(CompleteSpec, LeavesOutAFitAtTheEndThatHasNothingToDo) {
  const FittedNetwork any({{"early", {}}}, 3);
  const v1::JobSpec bare = Of("early", "transforms { flip {} }");
  const v1::JobSpec fitted =
      Of("early", "transforms { flip {} } transforms { fit {} }");
  for (const NetworkInfo* network :
       {static_cast<const NetworkInfo*>(&any),
        static_cast<const NetworkInfo*>(nullptr)}) {
    EXPECT_TRUE(MessageDifferencer::Equals(CompleteSpec(fitted, network),
                                           CompleteSpec(bare, network)));
    EXPECT_TRUE(MessageDifferencer::Equals(CompleteSpec(bare, network), bare))
        << "a spec that leaves nothing open stays as it is";
  }
}

TEST(CompleteSpec, ChannelsAreTheNetworks) {
  for (const int channels : {1, 2, 12, 64}) {
    const FittedNetwork net({{"early", {}}}, channels);
    EXPECT_EQ(CompleteSpec(Of("early", ""), &net).parameterization().channels(),
              channels);
    EXPECT_EQ(CompleteSpec(Of("early", "parameterization { rgba {} }"), &net)
                  .parameterization()
                  .channels(),
              0)
        << "4 of its own";
  }
  const FittedNetwork rgb({{"early", {}}}, 3);
  const v1::JobSpec spec = Of("early", "");
  EXPECT_TRUE(MessageDifferencer::Equals(CompleteSpec(spec, &rgb), spec));
}

TEST(CompleteSpec, UnknownLayersAreLeftToTheCheck) {
  const v1::JobSpec spec = Of("nowhere", "transforms { fit { least: 9 } }");
  EXPECT_TRUE(MessageDifferencer::Equals(CompleteSpec(spec, &Patches()), spec));
  EXPECT_TRUE(ResolvedLayersOf(spec, Patches()).empty());
}

TEST(FittingSize, IsTakenAndNearest) {
  for (const InputSizes& sizes :
       {InputSizes{}, InputSizes{0, 0, 32, 64}, InputSizes{0, 0, 1, 50},
        InputSizes{96, 80, 1, 1}, InputSizes{32, 0, 4, 8}}) {
    for (const int64_t side : {1, 31, 50, 100, 224}) {
      const auto [height, width] = FittingSize(sizes, side, 2 * side);
      EXPECT_TRUE(sizes.Takes(height, width)) << height << " " << width;
      if (sizes.Takes(side, 2 * side)) {
        EXPECT_EQ(height, side);
        EXPECT_EQ(width, 2 * side);
      }
    }
  }
  EXPECT_EQ(FittingSize({0, 0, 32, 1}, 47, 48),
            (std::pair<int64_t, int64_t>(32, 64)));
}

// What the network fits costs no bytes: with a fit at the end or without one a
// job makes the same picture.
TEST(CompleteSpec, AJobOfAnySizeIsTheSameWithAFit) {
  TinyEngine tiny;
  const std::string standard = "transforms { preset { name: STANDARD } }";
  const auto bare = tiny.Run(TinySpec(standard));
  const auto fitted = tiny.Run(TinySpec(standard + " transforms { fit {} }"));
  ASSERT_TRUE(bare.ok() && fitted.ok()) << fitted.status();
  EXPECT_EQ(bare->artifacts[0].bytes, fitted->artifacts[0].bytes);
}

TEST(CompleteSpec, AFitOfItsOwnIsFollowed) {
  TinyEngine tiny;
  const auto plain = tiny.Run(TinySpec());
  const auto fitted =
      tiny.Run(TinySpec("transforms { fit { height: 48 width: 24 } }"));
  ASSERT_TRUE(plain.ok() && fitted.ok()) << fitted.status();
  EXPECT_NE(plain->artifacts[0].bytes, fitted->artifacts[0].bytes);
  EXPECT_EQ(fitted->artifacts[0].info.width(), 32) << "the canvas stays";
}

}  // namespace
}  // namespace phosphene
