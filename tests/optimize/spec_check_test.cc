#include "server/engine/optimize/spec_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/faults.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

// The fields that Check complains about.
std::vector<std::string> FaultyFields(const v1::JobSpec& spec) {
  TinyEngine tiny;
  const absl::Status status = tiny.engine().Check(spec);
  std::vector<std::string> fields;
  for (const Fault& fault : FaultsOf(status)) fields.push_back(fault.field);
  return fields;
}

absl::Status Check(const std::string& more) {
  TinyEngine tiny;
  return tiny.engine().Check(TinySpec(more));
}

TEST(CheckSpec, GoodSpecsPass) {
  EXPECT_OK(Check(""));
  EXPECT_OK(
      Check("transforms { preset { name: STANDARD } } optimizer { octaves { "
            "count: 2 } }"));
  TinyEngine tiny;
  EXPECT_OK(
      tiny.engine().Check(Spec("parameterization { pixel {} } objectives { "
                               "total_variation {} weight: -1 }")))
      << "no model is needed where no layer is read";
}

TEST(CheckSpec, NamesEverythingThatIsWrongAtOnce) {
  EXPECT_THAT(
      FaultyFields(
          Spec(R"pb(model: "tiny"
                    parameterization {
                      width: 40000
                      fourier {}
                    }
                    objectives { channel { layer: "relu22" channel: 3 } }
                    transforms { pad { pixels: 2000 } }
                    transforms { blur { min_sigma: 2 max_sigma: 1 } }
                    steps: -1
                    frames { quality: 101 }
                    optimizer { learning_rate: 0 }
                    outputs {
                      name: "a b"
                      png {}
                    })pb")),
      ::testing::UnorderedElementsAre(
          "spec.parameterization.width", "spec.steps", "spec.frames.quality",
          "spec.optimizer.learning_rate", "spec.outputs[0].name",
          "spec.objectives[0].channel.layer", "spec.transforms[0].pad.pixels",
          "spec.transforms[1].blur.max_sigma"));
}

TEST(CheckSpec, ListsHaveMostEntries) {
  v1::JobSpec spec = TinySpec();
  for (int i = 0; i < 65; ++i) spec.add_transforms()->mutable_flip();
  for (int i = 0; i < 17; ++i) spec.add_outputs()->mutable_png();
  while (spec.objectives_size() < 65)
    *spec.add_objectives() = spec.objectives(0);
  EXPECT_THAT(FaultyFields(spec),
              ::testing::UnorderedElementsAre("spec.transforms", "spec.outputs",
                                              "spec.objectives"));
}

TEST(CheckSpec, UnknownLayerIsAnsweredWithTheNearest) {
  EXPECT_THAT(
      Check(R"pb(objectives { channel { layer: "relu22" channel: 3 } })pb"),
      StatusIs(absl::StatusCode::kInvalidArgument, "relu2"));
}

TEST(CheckSpec, ChannelOutOfRangeIsRefused) {
  EXPECT_THAT(
      Check(R"pb(objectives { channel { layer: "relu2" channel: 12 } })pb"),
      StatusIs(absl::StatusCode::kInvalidArgument, "0..11"));
}

TEST(CheckSpec, MissingModelIsTheSpecsFault) {
  v1::JobSpec spec = TinySpec();
  spec.set_model("tinny");
  EXPECT_THAT(FaultyFields(spec), ::testing::Contains("spec.model"));
  spec.clear_model();
  EXPECT_THAT(FaultyFields(spec), ::testing::Contains("spec.model"));
}

TEST(CheckSpec, WhatIsOfAnObjectInSpaceNeedsOne) {
  for (const char* field :
       {"outputs[1].glb", "outputs[1].html", "outputs[1].atlas"}) {
    const std::string arm = absl::StrReplaceAll(field, {{"outputs[1].", ""}});
    EXPECT_THAT(Check("outputs { " + arm + " {} }"),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("spec.", field, ": "))));
  }
  EXPECT_THAT(
      Check("objectives { seam {} }"),
      StatusIs(absl::StatusCode::kInvalidArgument, "spec.objectives[1].seam"));
  EXPECT_THAT(Check("objectives { negate { term { content { original: true "
                    "layers { layer: 'relu2' } } } } }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.objectives[1].negate.term.content: ")));
}

TEST(CheckSpec, WhatSearchesAlongALineCannotHaveDelayedSeeds) {
  EXPECT_THAT(Check("tiling { mode: ON delayed: true } optimizer { lbfgs {} }"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.tiling.delayed: lbfgs")));
  EXPECT_OK(Check("tiling { mode: ON delayed: true }"));
}

TEST(CheckSpec, FaultsOfOutputsAreToldBesideOthers) {
  v1::JobSpec spec = TinySpec("outputs { glb {} } steps: -1");
  spec.mutable_outputs(0)->set_width(-1);
  EXPECT_THAT(FaultyFields(spec), ::testing::UnorderedElementsAre(
                                      "spec.outputs[0].width",
                                      "spec.outputs[1].glb", "spec.steps"));
}

TEST(CheckSpec, AModelThatIsNotThereAloneIsNotFound) {
  v1::JobSpec spec = TinySpec();
  spec.set_model("tinny");
  TinyEngine tiny;
  EXPECT_THAT(tiny.engine().Check(spec),
              StatusIs(absl::StatusCode::kNotFound, "spec.model: no model"));
}

TEST(CheckSpec, CanvasHasABoundInPixels) {
  EXPECT_THAT(
      FaultyFields(Spec(R"pb(model: "tiny"
                             parameterization {
                               width: 32768
                               height: 32768
                               pixel {}
                             }
                             objectives { channel { layer: "relu2" } })pb")),
      ::testing::Contains("spec.parameterization.width"));
}

TEST(CheckSpec, AlphaNeedsABackgroundBeforeTheNetwork) {
  EXPECT_THAT(
      FaultyFields(Spec(R"pb(model: "tiny"
                             parameterization {
                               channels: 4
                               pixel {}
                             }
                             objectives { channel { layer: "relu2" } })pb")),
      ::testing::Contains("spec.parameterization.channels"));
}

TEST(CheckSpec, EmptyAndAbsurdSpecsAreRefusedNotFollowed) {
  TinyEngine tiny;
  EXPECT_FALSE(tiny.engine().Check(v1::JobSpec()).ok());
  const int absurd[] = {-1, std::numeric_limits<int>::min(),
                        std::numeric_limits<int>::max()};
  for (const int value : absurd) {
    v1::JobSpec spec = TinySpec("optimizer { octaves { count: 1 } } frames {}");
    spec.set_steps(value);
    spec.mutable_parameterization()->set_width(value);
    spec.mutable_parameterization()->set_height(value);
    spec.mutable_parameterization()->set_rows(value);
    spec.mutable_parameterization()->set_channels(value);
    spec.mutable_optimizer()->mutable_octaves()->set_count(value);
    spec.mutable_outputs(0)->set_width(value);
    spec.mutable_outputs(0)->set_row(value);
    spec.mutable_frames()->set_every(value);
    spec.set_precision(static_cast<v1::JobSpec::Precision>(value));
    spec.mutable_objectives(0)->mutable_channel()->set_channel(value);
    EXPECT_EQ(tiny.engine().Check(spec).code(),
              absl::StatusCode::kInvalidArgument)
        << value;
  }
}

TEST(OctaveCanvas, GrowsToTheCanvas) {
  const v1::JobSpec spec = Spec(
      "parameterization { width: 200 height: 100 pixel {} } optimizer { "
      "octaves { count: 3 scale: 2 } } objectives { total_variation {} }");
  EXPECT_EQ(OctaveCanvas(spec, 0).width, 50);
  EXPECT_EQ(OctaveCanvas(spec, 0).height, 25);
  EXPECT_EQ(OctaveCanvas(spec, 2).width, 200);
  EXPECT_EQ(Engine::TotalSteps(spec), 3 * 512);
}

}  // namespace
}  // namespace phosphene
