#include "server/rules/rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "made_up.pb.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using google::protobuf::Descriptor;
using google::protobuf::Message;

const Descriptor& Type(const std::string& name) {
  return *made_up::Numbers::descriptor()->file()->FindMessageTypeByName(name);
}

std::unique_ptr<Message> Read(const std::string& type,
                              const std::string& text) {
  std::unique_ptr<Message> message(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(&Type(type))
          ->New());
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(text, message.get()))
      << text;
  return message;
}

std::vector<std::string> FaultsIn(const Message& message,
                                  const std::string& path) {
  Faults faults;
  AddRuleFaults(message, path, faults);
  std::vector<std::string> out;
  for (const Fault& fault : faults.list())
    out.push_back(absl::StrCat(fault.field, ": ", fault.message));
  return out;
}

std::vector<std::string> FaultsOfText(const std::string& type,
                                      const std::string& text,
                                      const std::string& path = "") {
  return FaultsIn(*Read(type, text), path);
}

std::string Allowed(const std::string& type, const std::string& path) {
  return AllowedText(*FieldAt(Type(type), path));
}

TEST(RulesTest, NumbersInRangeAndUnsetOnesThatMayBePass) {
  EXPECT_THAT(FaultsOfText("Numbers", "ratio: 0.1 factors: [0.05, 8]"),
              IsEmpty());
  EXPECT_THAT(
      FaultsOfText("Numbers",
                   "steps: 1000000 ratio: 8 rate: 1e-9 share: 0 "
                   "values: [1, 2, 3] factors: [1, 1] count: 5 low: -2"),
      IsEmpty());
}

TEST(RulesTest, NumbersOutOfRangeNameValueAndWhatIsAllowed) {
  EXPECT_THAT(
      FaultsOfText("Numbers",
                   "steps: 2000000 rate: 0 share: 1 values: [1, 2, 3, inf] "
                   "factors: [9] count: 18446744073709551615 low: -3",
                   "spec"),
      ElementsAre("spec.steps: 2000000 is out of range; allowed: 1..1000000, "
                  "or 0 for the default",
                  "spec.ratio: 0 is out of range; allowed: 0.1..8",
                  "spec.rate: 0 is out of range; allowed: above 0",
                  "spec.share: 1 is out of range; allowed: 0 to below 1",
                  "spec.values: has 4 entries; allowed: at most 3",
                  "spec.values[3]: inf is not finite",
                  "spec.factors: has 1 entry; allowed: 2..4",
                  "spec.factors[0]: 9 is out of range; allowed: 0.05..8",
                  "spec.count: 18446744073709551615 is out of range; allowed: "
                  "at most 5",
                  "spec.low: -3 is out of range; allowed: at least -2"));
}

TEST(RulesTest, ANumberMustBeFiniteWhateverItsRange) {
  EXPECT_THAT(FaultsOfText("Numbers", "ratio: nan rate: inf factors: [1, 1]"),
              ElementsAre("ratio: nan is not finite; allowed: 0.1..8",
                          "rate: inf is not finite; allowed: above 0"));
}

TEST(RulesTest, TextsMustBeWhatTheyAre) {
  EXPECT_THAT(
      FaultsOfText("Texts",
                   "label: '12345' blob: 'x.png' model: 'Net' name: '.' "
                   "id: '1a' request: '12' blobs: '' layer: 'a\\000'"),
      ElementsAre(
          "label: has 5 bytes; allowed: at most 4",
          "blob: \"x.png\" is not allowed; allowed: blobs/ and 64 lower-case "
          "hex digits",
          StartsWith("model: \"Net\" is not allowed; allowed: models/{model}"),
          StartsWith("name: \".\" is not allowed; allowed: 1-63"),
          StartsWith("id: \"1a\" is not allowed; allowed: 1-63"),
          "request: \"12\" is not allowed; allowed: a UUID, 8-4-4-4-12 hex "
          "digits",
          "layer: has a NUL character, which no text may have",
          StartsWith("blobs[0]: \"\" is not allowed; allowed: blobs/")));
}

TEST(RulesTest, AnEmptyTextIsAFaultWhereItIsNeededOrStands) {
  EXPECT_THAT(FaultsOfText("Texts", ""),
              ElementsAre("layer: is required; allowed: a layer of the "
                          "network, \"input\" or \"image\""));
  EXPECT_THAT(
      FaultsOfText("Choices", "wanted: SOFT image: '' texts { layer: 'a' }"),
      ElementsAre(StartsWith("image: \"\" is not allowed")));
}

TEST(RulesTest, AMapsKeysValuesAndCountAreHeldToTheRules) {
  EXPECT_THAT(
      FaultsOfText("Texts",
                   "layer: 'a' labels { key: 'K' value: '12345' } "
                   "labels { key: 'a' } labels { key: 'b' }"),
      testing::UnorderedElementsAre(
          "labels: has 3 entries; allowed: at most 2",
          StartsWith("labels[\"K\"]: the key is not allowed; allowed: 1-63"),
          "labels[\"K\"]: has 5 bytes; allowed: at most 4"));
}

TEST(RulesTest, EnumsArmsAndMessagesMustBeThere) {
  EXPECT_THAT(
      FaultsOfText("Choices", "kind: 7 kinds: [1, 9]", "spec"),
      ElementsAre("spec: has no arm; allowed: numbers, image",
                  "spec.kind: 7 is not a known value; allowed: SOFT, HARD",
                  "spec.kinds[1]: 9 is not a known value; allowed: SOFT, HARD",
                  "spec.wanted: is required; allowed: SOFT, HARD",
                  "spec.texts: is required"));
}

TEST(RulesTest, ListsOfMessagesAreCountedAndWalked) {
  EXPECT_THAT(FaultsOfText("Choices",
                           "wanted: SOFT numbers { ratio: 1 factors: [1, 1] } "
                           "texts { layer: 'a' } more { layer: 'b' } more {} "
                           "more { layer: 'c' }"),
              ElementsAre("more: has 3 entries; allowed: at most 2",
                          StartsWith("more[1].layer: is required")));
}

TEST(RulesTest, FieldsOfANewerClientAreRefused) {
  auto message = Read("Chain", "next {}");
  // Field 1000, varint 1, of a message this server has not.
  ASSERT_TRUE(message->MergeFromString(std::string("\xc0\x3e\x01", 3)));
  EXPECT_THAT(FaultsIn(*message, "spec"),
              ElementsAre(HasSubstr("does not know, number 1000")));
}

TEST(RulesTest, TreesAreBoundInDepthAndInNumber) {
  EXPECT_THAT(
      FaultsOfText("Tree", "branches { branches { branches {} } }", "t"),
      ElementsAre("t.branches[0].branches[0].branches[0]: is nested too deep; "
                  "allowed: 3 levels"));
  EXPECT_THAT(
      FaultsOfText("Tree",
                   "branches {} branches {} branches { branches {} "
                   "branches {} branches {} }",
                   "t"),
      ElementsAre("t.branches[2].branches[1]: is one Tree too many; allowed: "
                  "5 in all"));
}

TEST(RulesTest, NoMessageIsTooDeepAndNoAnswerTooLong) {
  std::string deep;
  for (int i = 0; i < 80; ++i) deep += "next { ";
  deep += std::string(80, '}');
  EXPECT_THAT(FaultsOfText("Chain", deep),
              ElementsAre(HasSubstr("is nested too deep; allowed: 64 levels")));
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "kinds: 9 ";
  EXPECT_EQ(FaultsOfText("Choices", wide).size(), Faults::kMaxFaults);
}

TEST(RulesTest, OneFieldCanBeCheckedAlone) {
  const auto message = Read("Numbers", "steps: -1 ratio: 9");
  Faults faults;
  AddFieldFaults(*message, "ratio", "job", faults);
  ASSERT_EQ(faults.list().size(), 1u);
  EXPECT_EQ(faults.list()[0].field, "job.ratio");
}

TEST(RulesTest, WhatIsAllowedReadsAsInTheErrors) {
  EXPECT_EQ(Allowed("Numbers", "steps"), "1..1000000, or 0 for the default");
  EXPECT_EQ(Allowed("Numbers", "rate"), "above 0");
  EXPECT_EQ(Allowed("Numbers", "factors"), "0.05..8; 2..4 entries");
  EXPECT_EQ(Allowed("Choices", "kind"), "SOFT, HARD");
  EXPECT_EQ(Allowed("Choices", "more"), "at most 2 entries");
  EXPECT_EQ(Allowed("Choices", "numbers.ratio"), "0.1..8");
  EXPECT_EQ(Allowed("Texts", "label"), "at most 4 bytes");
  EXPECT_EQ(Allowed("Texts", "made"), "blobs/ and 64 lower-case hex digits");
  EXPECT_EQ(AllowedText(*Type("Choices").FindOneofByName("arm")),
            "numbers, image");
  EXPECT_EQ(DefaultText(*FieldAt(Type("Numbers"), "steps")), "512");
  EXPECT_EQ(DefaultText(*FieldAt(Type("Numbers"), "ratio")), "");
  EXPECT_EQ(RulesOf(*FieldAt(Type("Numbers"), "rate")).unit(), "px");
}

TEST(RulesTest, AFieldIsFoundThroughListsAndArms) {
  EXPECT_NE(FieldAt(Type("Choices"), "more[3].label"), nullptr);
  EXPECT_EQ(FieldAt(Type("Choices"), "more.nothing"), nullptr);
  EXPECT_EQ(FieldAt(Type("Choices"), "kind.deeper"), nullptr);
  EXPECT_EQ(FieldAt(Type("Choices"), ""), nullptr);
}

TEST(RulesTest, TextsOfAKindAreVisitedWithTheirPaths) {
  const auto message =
      Read("Choices",
           "image: 'a' texts { blob: 'b' label: 'no' made: 'no' } "
           "more { blobs: ['c', ''] } more { layer: 'no' }");
  std::vector<std::string> found;
  VisitTexts(*message, "spec", v1::FieldRules::BLOB,
             [&](const RuledText& text) {
               found.push_back(absl::StrCat(text.path, "=", text.value));
             });
  EXPECT_THAT(found,
              ElementsAre("spec.image=a", "spec.texts.blob=b",
                          "spec.more[0].blobs[0]=c", "spec.more[0].blobs[1]="));
}

}  // namespace
}  // namespace phosphene
