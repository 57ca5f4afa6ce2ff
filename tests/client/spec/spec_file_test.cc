#include "client/spec/spec_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "client/base/json.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const auto spec = ParseSpec(text, "spec.textproto");
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(spec.status().message());
}

v1::JobSpec Sample() {
  v1::JobSpec spec;
  spec.set_model("phosphene-tiny");
  spec.mutable_parameterization()->mutable_fourier();
  spec.add_objectives()->mutable_class_logit()->set_class_label("k\xc3\xa4se");
  spec.set_precision(v1::JobSpec::BF16);
  spec.set_seed(UINT64_MAX);
  return spec;
}

TEST(SpecFile, WhatIsPrintedIsReadBack) {
  for (const std::string& text : {SpecToText(Sample()), ToJson(Sample())}) {
    const auto spec = ParseSpec(text, "spec");
    ASSERT_TRUE(spec.ok()) << spec.status() << "\n" << text;
    EXPECT_TRUE(MessageDifferencer::Equals(*spec, Sample())) << text;
  }
}

TEST(SpecFile, ReadsJsonInBothSpellings) {
  const auto spec = ParseSpec(
      R"( {"checkpointEvery": 3, "frames": {"max_size": 64}})", "spec");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->checkpoint_every(), 3);
  EXPECT_EQ(spec->frames().max_size(), 64);
}

TEST(SpecFile, AnUnknownFieldIsNamedWithItsPlaceAndTheNearest) {
  EXPECT_EQ(ErrorOf("model: \"a\"\nstep: 3\n"),
            "spec.textproto:2:5: JobSpec has no field \"step\"; nearest "
            "\"steps\", \"seed\"");
  EXPECT_THAT(
      ErrorOf("parameterization { forier {} }"),
      HasSubstr(
          "Parameterization has no field \"forier\"; nearest \"fourier\""));
}

TEST(SpecFile, AnUnknownJsonFieldIsNamedWithTheNearest) {
  EXPECT_THAT(ErrorOf(R"({"step": 3})"),
              HasSubstr("JobSpec has no field \"step\"; nearest \"steps\""));
  EXPECT_THAT(ErrorOf(R"({"parameterization": {"forier": {}}})"),
              HasSubstr("has no field \"forier\"; nearest \"fourier\""));
}

TEST(SpecFile, WrongValuesAreRefused) {
  EXPECT_THAT(ErrorOf("steps: many"), HasSubstr("spec.textproto:1:8"));
  EXPECT_THAT(ErrorOf("precision: FP64"),
              HasSubstr("precision cannot be \"FP64\"; allowed"));
  EXPECT_THAT(ErrorOf(R"({"precision": "FP64"})"), HasSubstr("\"BF16\""));
  EXPECT_THAT(ErrorOf("steps: 3 steps: 4"), HasSubstr("steps"));
  EXPECT_THAT(ErrorOf(R"({"steps": "many"})"), HasSubstr("steps"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("spec.textproto"));
  EXPECT_THAT(ErrorOf("optimizer { adam {} sgd {} }"), HasSubstr("sgd"));
}

}  // namespace
}  // namespace phosphene::client
