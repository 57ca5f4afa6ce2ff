#include "client/commands/flag_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/base/failure.h"
#include "tests/client/scripted_server.h"

namespace phosphene::client {
namespace {

using testing::ElementsAre;

CommandFlags Of(std::vector<std::string> available) {
  CommandFlags flags;
  flags.available = std::move(available);
  return flags;
}

TEST(FlagTable, FieldsAreToldByTheFlagThatSetsThem) {
  const std::vector<std::string> feature = {"--layer", "--channel", "--size",
                                            "--objective"};
  EXPECT_EQ(FlagFor("spec.objectives[0].channel.layer", Of(feature)),
            "--layer");
  EXPECT_EQ(FlagFor("job.spec.objectives[12].channel.channel", Of(feature)),
            "--channel");
  EXPECT_EQ(FlagFor("spec.parameterization.width", Of(feature)), "--size");
  EXPECT_EQ(
      FlagFor("spec.objectives[0].gram_style.layers[1].layer", Of(feature)),
      "--objective");
  EXPECT_EQ(FlagFor("spec.steps", Of(feature)), "");
  EXPECT_EQ(FlagFor("spec.modelling", Of({"--model"})), "");
}

TEST(FlagTable, OfSeveralFlagsTheOneThatWasGivenIsNamed) {
  const std::vector<std::string> all = {"--layer", "--channel", "--objective"};
  EXPECT_EQ(FlagFor("spec.objectives[0].channel.channel",
                    CommandFlags{{"--objective"}, all}),
            "--objective");
  EXPECT_EQ(FlagFor("spec.objectives[0].caricature.layer",
                    CommandFlags{{"--layer"}, all}),
            "--layer");
  EXPECT_EQ(
      FlagFor("spec.objectives[0].channel.channel", CommandFlags{{}, all}),
      "--channel");
}

TEST(FlagTable, EveryFaultHasItsLine) {
  const grpc::Status error =
      RichError(grpc::StatusCode::INVALID_ARGUMENT, "all of it",
                "spec.objectives[0].channel.layer", "no layer \"x\"");
  EXPECT_THAT(Explain(FromGrpc(error), {{}, {"--layer"}}),
              ElementsAre("error: --layer: no layer \"x\""));
  EXPECT_THAT(
      Explain(FromGrpc(error), {}),
      ElementsAre("error: spec.objectives[0].channel.layer: no layer \"x\""));
  EXPECT_THAT(Explain(absl::NotFoundError("no job"), {}),
              ElementsAre("error: no job"));
}

TEST(FlagTable, WhoWroteASpecHearsOfItsFields) {
  CommandFlags submit = Of({"-o", "--priority", "--label"});
  EXPECT_EQ(FlagFor("spec.outputs[0].jpeg.quality", submit), "-o");
  submit.spec_by_path = true;
  EXPECT_EQ(FlagFor("spec.outputs[0].jpeg.quality", submit), "");
  EXPECT_EQ(FlagFor("job.spec.outputs[0].jpeg.quality", submit), "");
  EXPECT_EQ(FlagFor("job.priority", submit), "--priority");
}

}  // namespace
}  // namespace phosphene::client
