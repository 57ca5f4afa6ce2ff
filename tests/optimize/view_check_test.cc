#include "server/engine/optimize/view_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/faults.h"
#include "server/engine/optimize/spec_check.h"
#include "tests/optimize/fitted_network.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const FittedNetwork& Net() {
  static const auto* net = new FittedNetwork({{"early", {}},
                                              {"halves", {0, 0, 32, 32}},
                                              {"deep", {0, 0, 1, 40}},
                                              {"flat", {96, 96, 1, 1}},
                                              {"text", {32, 0, 1, 8}}});
  return *net;
}

absl::Status Check(const std::string& layer, const std::string& more) {
  v1::JobSpec spec = Spec(R"pb(model: "net"
                               parameterization {
                                 width: 224
                                 fourier {}
                               })pb");
  spec.add_objectives()->mutable_channel()->set_layer(layer);
  if (!google::protobuf::TextFormat::MergeFromString(more, &spec)) std::abort();
  return CheckSpec(spec, &Net(), absl::OkStatus());
}

constexpr char kStandard[] = "transforms { preset { name: STANDARD } } ";
constexpr char kFit[] = "transforms { fit {} } ";

TEST(CheckView, LayersOfAnySizeTakeAnything) {
  EXPECT_OK(Check("early", kStandard));
  EXPECT_OK(Check("early", "parameterization { width: 1 }"));
  EXPECT_OK(Check("early", "parameterization { width: 4000 height: 8 }"));
}

TEST(CheckView, OneSizeIsRefusedWithWhatToType) {
  EXPECT_THAT(
      Check("flat", kStandard),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("spec.transforms: the layer \"flat\" of the "
                               "network takes 96 x 96 only; the transforms "
                               "leave "),
                     HasSubstr("end them in fit (--transforms "
                               "standard,fit)"))));
  EXPECT_THAT(Check("flat", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the canvas is 224 x 224: let them be a fit "
                                 "(--transforms fit)")));
  EXPECT_OK(Check("flat", std::string(kStandard) + kFit));
  EXPECT_OK(Check("flat", kFit));
  EXPECT_OK(Check("flat", "transforms { resize { height: 96 width: 96 } }"));
  EXPECT_OK(Check("flat", "parameterization { width: 96 }"));
  EXPECT_OK(Check("text", "parameterization { width: 300 height: 32 }"));
  EXPECT_THAT(Check("text", "parameterization { width: 300 height: 30 }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("pictures 32 high only")));
}

TEST(CheckView, TheLayerThatRefusesIsNamed) {
  EXPECT_THAT(Check("early", "objectives { channel { layer: 'flat' } }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the layer \"flat\"")));
}

TEST(CheckView, MultiplesMustBeLeft) {
  EXPECT_OK(Check("halves", ""));
  EXPECT_OK(Check("halves", std::string(kStandard) + kFit));
  EXPECT_OK(Check("halves", std::string(kStandard) + kFit +
                                "transforms { color_noise {} }"))
      << "what keeps sizes keeps multiples";
  EXPECT_THAT(Check("halves", kStandard),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("sides that are multiples of 32 only")));
  EXPECT_THAT(Check("halves", std::string(kFit) + kStandard),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("end them in fit")));
}

TEST(CheckView, CanvasesTooSmallOrThinAreToldTheLeastSize) {
  EXPECT_OK(Check("deep", "parameterization { width: 40 }"));
  EXPECT_THAT(
      FaultsOf(Check("deep", "parameterization { width: 4000 height: 39 }")),
      ::testing::ElementsAre(::testing::AllOf(
          ::testing::Field(&Fault::field, "spec.parameterization.height"),
          ::testing::Field(
              &Fault::message,
              HasSubstr("is 39; the layer \"deep\" of the network takes no "
                        "less than 40 x 40: give a canvas of at least 40 x "
                        "40 (--size 40)")))));
  // Padding helps, cropping does not.
  EXPECT_OK(Check("deep",
                  "parameterization { width: 20 } transforms { pad { pixels: "
                  "10 } }"));
  EXPECT_THAT(Check("deep", "transforms { crop { height: 30 width: 50 } }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.transforms: ")));
}

TEST(CheckView, TheLeastCanvasIsEnoughAndTheNextSmallerIsNot) {
  const absl::Status small =
      Check("deep", std::string(kStandard) + "parameterization { width: 1 }");
  const std::string text(small.message());
  const size_t at = text.find("(--size ");
  ASSERT_NE(at, std::string::npos) << text;
  const int least = std::atoi(text.c_str() + at + 8);
  const auto with = [&](int width) {
    return Check("deep", std::string(kStandard) + "parameterization { width: " +
                             std::to_string(width) + " }");
  };
  EXPECT_OK(with(least));
  EXPECT_FALSE(with(least - 1).ok());
}

TEST(CheckView, AFitMakesUpNoPicture) {
  EXPECT_OK(
      Check("deep", std::string(kFit) + "parameterization { width: 20 }"));
  EXPECT_THAT(
      Check("deep", std::string(kFit) + "parameterization { width: 1 }"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("spec.parameterization.width: is 1")));
  EXPECT_THAT(Check("flat", std::string(kFit) +
                                "parameterization { width: 4000 height: 8 }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.parameterization.height: is 8")));
}

TEST(CheckView, EveryOctaveIsAsked) {
  EXPECT_OK(Check("flat", "parameterization { width: 96 }"));
  EXPECT_FALSE(Check("flat",
                     "parameterization { width: 96 } optimizer { octaves { "
                     "count: 2 } }")
                   .ok());
  EXPECT_OK(Check("flat", std::string(kFit) +
                              "parameterization { width: 96 } optimizer { "
                              "octaves { count: 2 } }"));
}

TEST(CheckView, ChannelsMustBeTheNetworksOrGrey) {
  EXPECT_OK(Check("early", "parameterization { channels: 1 }"));
  EXPECT_THAT(Check("early", "parameterization { channels: 2 }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the network takes 3 channels, the "
                                 "transforms leave 2")));
}

// The tiny network runs from 2 x 2 pixels on; its sizes are found, and the
// least one is told when the job is made.
TEST(CheckView, OfARealNetwork) {
  TinyEngine tiny;
  EXPECT_OK(tiny.engine().Check(TinySpec("parameterization { width: 2 }")));
  const absl::Status one =
      tiny.engine().Check(TinySpec("parameterization { width: 1 }"));
  EXPECT_THAT(one, StatusIs(absl::StatusCode::kInvalidArgument,
                            HasSubstr("spec.parameterization.width: is 1")));
  EXPECT_THAT(one, StatusIs(absl::StatusCode::kInvalidArgument,
                            HasSubstr("at least 2 x 2")));
}

}  // namespace
}  // namespace phosphene
