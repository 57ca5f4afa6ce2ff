#include "client/spec/expression.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/spec/expression_calls.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::EndsWith;
using testing::HasSubstr;

// The objectives of `text` equal those in text format.
void ExpectParses(const std::string& text, const std::string& objectives) {
  const absl::StatusOr<std::vector<v1::Objective>> parsed =
      ParseObjectives(text);
  ASSERT_TRUE(parsed.ok()) << text << "\n" << parsed.status();
  v1::JobSpec expected, actual;
  ASSERT_TRUE(
      google::protobuf::TextFormat::ParseFromString(objectives, &expected))
      << objectives;
  for (const v1::Objective& objective : *parsed)
    *actual.add_objectives() = objective;
  EXPECT_TRUE(MessageDifferencer::Equals(actual, expected))
      << text << " gave\n"
      << actual.DebugString() << "expected\n"
      << expected.DebugString();
}

std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseObjectives(text);
  EXPECT_FALSE(parsed.ok()) << text;
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parsed.status().message());
}

TEST(Expression, TermsOfTheSumBecomeWeightedObjectives) {
  ExpectParses(
      "channel(inception_4b/output:111) + 0.5*channel(inception_4a/output:476) "
      "- 0.1*tv()",
      R"(objectives { channel { layer: "inception_4b/output" channel: 111 } }
         objectives { weight: 0.5 channel { layer: "inception_4a/output" channel: 476 } }
         objectives { weight: -0.1 total_variation {} })");
}

TEST(Expression, FactorsOfASumReachItsTerms) {
  ExpectParses("-2*(deepdream(a) - l2(input, constant=0.5)/4)",
               R"(objectives { weight: -2 deepdream { layer: "a" } }
                  objectives { weight: 0.5 l2 { layer: "input" constant: 0.5 } })");
}

TEST(Expression, ProductsJoinAndKeepTheirFactorOutside) {
  ExpectParses(
      "2*channel(a:1) * 3*alpha(transparency, transformed=true) * tv()",
      R"(objectives { weight: 6 product {
                    factors { channel { layer: "a" channel: 1 } }
                    factors { alpha { statistic: TRANSPARENCY transformed: true } }
                    factors { total_variation {} } } })");
}

TEST(Expression, WhatIsNestedIsSaidByArms) {
  ExpectParses("channel(a:1) * (0.5*tv() - deepdream(b)) ^ 2",
               R"(objectives { product {
                    factors { channel { layer: "a" channel: 1 } }
                    factors { power { exponent: 2 base { sum {
                      terms { scale { factor: 0.5 term { total_variation {} } } }
                      terms { negate { term { deepdream { layer: "b" } } } } } } } } } })");
}

TEST(Expression, PowerBindsTighterThanMinusAndTimes) {
  ExpectParses("-channel(a:1)^2",
               R"(objectives { weight: -1 power { exponent: 2
                    base { channel { layer: "a" channel: 1 } } } })");
}

TEST(Expression, NumbersFoldBeforeTheyMultiply) {
  ExpectParses("(1 + 2) * 2^2 / 3 * tv()",
               "objectives { weight: 4 total_variation {} }");
}

TEST(Expression, AnyLayerNameCanBeQuoted) {
  ExpectParses(
      R"x(channel("odd, (name)":3, row=1, label="first"))x",
      R"x(objectives { row: 1 label: "first" channel { layer: "odd, (name)" channel: 3 } })x");
  ExpectParses(
      "channel(onnx::Conv_12:3)",
      R"(objectives { channel { layer: "onnx::Conv_12" channel: 3 } })");
}

TEST(Expression, ImagesBecomeFileReferencesAndBlobsStay) {
  ExpectParses(
      "caricature(a, image=p.jpg, cossim=2) + content(a|b:0.5, image=blobs/12)",
      R"(objectives { caricature { layer: "a" image: "file:p.jpg" cossim_power: 2 } }
                  objectives { content { layers { layer: "a" } layers { layer: "b" weight: 0.5 }
                                         image: "blobs/12" } })");
}

TEST(Expression, EveryCallOfTheManualParses) {
  const std::vector<std::string> examples = {
      "channel(a:1)",
      "neuron(a:1, x=2, y=3)",
      "direction(a, seed=7, cossim=1, center=true)",
      "direction(a, vector=[1, -2, 0.5])",
      "spatial(a, height=1, width=2, pattern=[1, 2], cossim=1)",
      "deepdream(a)",
      "logit(3)",
      "logit(\"tabby cat\", layer=b)",
      "match(a, image=p.png, metric=l1)",
      "match(a, vector=[1,2])",
      "caricature(a, image=p.png)",
      "interpolate(a:1, b:2)",
      "alignment(a, ratio=5)",
      "diversity(a)",
      "style(a|b, image=p.png, distance=w2, average=0.9, scale=2, crop=true, "
      "mask=m.png)",
      "style(a, image=p.png, average=0.95, covered=true, debias=true)",
      "content(a|b, original=true)",
      "content(a, image=p.png, metric=l2, follow=true)",
      "tv()",
      "tv(input)",
      "l1(a, constant=1)",
      "l2()",
      "blur()",
      "blur(alpha)",
      "boundary(width=8, level=0.2)",
      "alpha(mean)",
      "pattern(a, image=p.png, selectivity=3)",
      "seam(levels=2, absolute=true)"};
  std::set<std::string> seen;
  for (const std::string& example : examples) {
    EXPECT_TRUE(ParseObjectives(example).ok())
        << ParseObjectives(example).status();
    seen.insert(example.substr(0, example.find('(')));
  }
  for (const std::string& name : CallNames())
    EXPECT_EQ(seen.count(name), 1u) << name;
}

// Arms of an objective and of all below it.
void CollectArms(const v1::Objective& objective, std::set<std::string>* arms) {
  const auto* reflection = objective.GetReflection();
  const auto* arm = reflection->GetOneofFieldDescriptor(
      objective, v1::Objective::descriptor()->FindOneofByName("kind"));
  if (arm != nullptr) arms->insert(arm->name());
  for (const auto& term : objective.sum().terms()) CollectArms(term, arms);
  for (const auto& term : objective.product().factors())
    CollectArms(term, arms);
  if (objective.has_scale()) CollectArms(objective.scale().term(), arms);
  if (objective.has_power()) CollectArms(objective.power().base(), arms);
  if (objective.has_negate()) CollectArms(objective.negate().term(), arms);
}

TEST(Expression, EveryArmOfTheProtoCanBeSaid) {
  std::set<std::string> said;
  for (const char* text :
       {"channel(a:1)*(0.5*neuron(a:1) - direction(a, seed=1))^2",
        "spatial(a, height=1, width=1, pattern=[1]) + deepdream(a) + logit(1)",
        "match(a, vector=[1]) + caricature(a, image=p) + interpolate(a:1, b:2)",
        "alignment(a) + diversity(a) + style(a, image=p) + content(a, image=p)",
        "tv() + l1() + l2() + blur() + boundary() + alpha() + "
        "pattern(a, image=p) - 20*seam(levels=2)"}) {
    const auto parsed = ParseObjectives(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    for (const v1::Objective& objective : *parsed)
      CollectArms(objective, &said);
  }
  const auto* kind = v1::Objective::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kind->field_count(); ++i) {
    EXPECT_EQ(said.count(kind->field(i)->name()), 1u) << kind->field(i)->name();
  }
}

TEST(Expression, ErrorsPointAtTheCharacter) {
  EXPECT_THAT(ErrorOf("tv() + chanel(mixed4a:3)"),
              EndsWith("no objective \"chanel\"; nearest \"channel\"\n"
                       "  tv() + chanel(mixed4a:3)\n"
                       "         ^~~~~~"));
  EXPECT_THAT(ErrorOf("channel(a:1) + "),
              EndsWith("\n  channel(a:1) + \n                 ^"));
  EXPECT_THAT(ErrorOf("channel(a)"), EndsWith("\n  channel(a)\n          ^"));
  EXPECT_THAT(ErrorOf("neuron(a:1, z=3)"),
              EndsWith("\n  neuron(a:1, z=3)\n              ^"));
  EXPECT_THAT(ErrorOf("tv() ~ tv()"), EndsWith("\n  tv() ~ tv()\n       ^"));
}

TEST(Expression, ThePointerCountsCharactersNotBytes) {
  EXPECT_THAT(ErrorOf("channel(\"\xc3\xa4\":1) ?"),
              EndsWith("\n  channel(\"\xc3\xa4\":1) ?\n                 ^"));
}

TEST(Expression, ThePointerIsUnderItsOwnLine) {
  EXPECT_THAT(ErrorOf("tv()\n + cannel(a:1)"),
              EndsWith("\n   + cannel(a:1)\n     ^~~~~~"));
}

TEST(Expression, ErrorsSayWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("neuron(a:1, z=3)"), HasSubstr("neuron has no \"z\""));
  EXPECT_THAT(ErrorOf("neuron(a:1, z=3)"),
              HasSubstr("allowed \"x\", \"y\", \"row\", \"label\""));
  EXPECT_THAT(ErrorOf("alpha(meen)"),
              HasSubstr("allowed \"mean\", \"transparency\""));
  EXPECT_THAT(ErrorOf("caricature(a, image=b, cossim=9)"),
              HasSubstr("allowed 0..8"));
  EXPECT_THAT(ErrorOf("tv()^9"), HasSubstr("0.1..8"));
  EXPECT_THAT(ErrorOf("direction(a)"), HasSubstr("either seed=N or vector"));
  EXPECT_THAT(ErrorOf("spatial(a, height=2)"), HasSubstr("pattern=["));
  EXPECT_THAT(ErrorOf("pattern(a, image=b, selectivity=17)"),
              HasSubstr("..16"));
}

TEST(Expression, NumbersAloneAreNoObjective) {
  EXPECT_THAT(ErrorOf("3 * 4"), HasSubstr("a bare number is no objective"));
  EXPECT_THAT(ErrorOf("1 - alpha()"), HasSubstr("cannot be added"));
  EXPECT_THAT(ErrorOf("tv() / channel(a:1)"), HasSubstr("only a number"));
  EXPECT_THAT(ErrorOf("tv() / 0"), HasSubstr("only a number"));
}

TEST(Expression, AbsurdTextIsRefusedNotFollowed) {
  EXPECT_THAT(ErrorOf(std::string(100000, '(')), HasSubstr("nested deeper"));
  EXPECT_THAT(ErrorOf(absl::StrCat(std::string(100000, '-'), "tv()")),
              HasSubstr("nested deeper"));
  std::string many = "tv()";
  for (int i = 0; i < 64; ++i) many += "+tv()";
  EXPECT_THAT(ErrorOf(many), HasSubstr("more than 64 terms"));
  EXPECT_FALSE(ParseObjectives("1e400*tv()").ok());
  EXPECT_FALSE(ParseObjectives("1e300*1e300*tv()").ok());
  EXPECT_FALSE(ParseObjectives("").ok());
}

}  // namespace
}  // namespace phosphene::client
