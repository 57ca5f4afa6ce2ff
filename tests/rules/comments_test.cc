// The comment of a field is its manual, the rule its law: they say the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/api/field_behavior.pb.h"
#include "server/base/range_fault.h"
#include "server/rules/rules.h"
#include "server/rules/rules_internal.h"
#include "tests/rules/api_comments.h"

namespace phosphene {
namespace {

using google::protobuf::FieldDescriptor;
using testing::IsEmpty;

// "1..1,000,000" as "1..1000000".
std::string WithoutSeparators(const std::string& text) {
  static const std::regex separator(R"((\d),(\d{3})(?!\d))");
  std::string out = text;
  while (std::regex_search(out, separator)) {
    out = std::regex_replace(out, separator, "$1$2");
  }
  return out;
}

// The ranges a comment states, in the words of AllowedText: "1..100", "above 0
// to 16", "at least 0", "at most 128 bytes". "0..rows-1" states its lower
// bound alone: "at least 0".
std::set<std::string> RangesStated(const std::string& comment) {
  static const std::string number = "(-?\\d+(?:\\.\\d+)?(?:e-?\\d+)?)";
  static const std::regex phrase(
      absl::StrCat("(?:above )?", number, " to (?:below )?", number, "|",  //
                   number, "\\.\\.", number, "|",                          //
                   number, "\\.\\.[a-z][^ ;:]*|",                          //
                   "(?:above|below|at least) ", number, "|",               //
                   "at most ", number, "(?: bytes)?"));
  static const std::regex word_end(number + "\\.\\.[a-z].*");
  std::set<std::string> out;
  const std::string text = WithoutSeparators(comment);
  for (std::sregex_iterator i(text.begin(), text.end(), phrase), end; i != end;
       ++i) {
    const std::string found = i->str();
    std::smatch parts;
    out.insert(std::regex_match(found, parts, word_end)
                   ? absl::StrCat("at least ", parts[1].str())
                   : found);
  }
  return out;
}

// The ranges a field's rule has, in the same words.
std::set<std::string> RangesRuled(const FieldDescriptor& field) {
  const v1::FieldRules& rules = RulesOf(field);
  std::set<std::string> out;
  if (rules.has_min() || rules.has_max()) {
    out.insert(std::string(
        absl::StripSuffix(ValueAllowed(field), ", or 0 for the default")));
  }
  if (rules.has_max_bytes()) {
    out.insert(absl::StrCat("at most ", rules.max_bytes(), " bytes"));
  }
  if (rules.has_min_items() || rules.has_max_items()) {
    out.insert(CountAllowed(rules));
  }
  return out;
}

// Whether `comment` says "Default VALUE" or "Default: VALUE" as whole words.
bool StatesDefault(const std::string& comment, const std::string& value) {
  for (const char* before : {"Default ", "Default: "}) {
    const size_t at = comment.find(before + value);
    if (at == std::string::npos) continue;
    const std::string rest =
        comment.substr(at + std::string(before).size() + value.size());
    if (rest.empty() || absl::StrContains(" ,;:)", rest.substr(0, 1)) ||
        rest == "." || absl::StartsWith(rest, ". ")) {
      return true;
    }
  }
  return false;
}

bool IsRequired(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) ==
        google::api::REQUIRED) {
      return true;
    }
  }
  return false;
}

// What a comment and a rule disagree about.
std::vector<std::string> Disagreements(const FieldDescriptor& field,
                                       const std::string& comment) {
  const v1::FieldRules& rules = RulesOf(field);
  std::vector<std::string> out;
  const auto add = [&](const std::string& what) {
    out.push_back(absl::StrCat(field.full_name(), ": ", what));
  };
  const std::set<std::string> stated = RangesStated(comment);
  const std::set<std::string> ruled = RangesRuled(field);
  for (const std::string& range : stated) {
    if (ruled.count(range) == 0)
      add(absl::StrCat("the comment states ", range, ", no rule does"));
  }
  for (const std::string& range : ruled) {
    const bool entries = absl::StrContains(comment, range + " entries");
    if (stated.count(range) == 0 && !entries)
      add(absl::StrCat("the rule says ", range, ", the comment does not"));
  }
  const bool text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  for (const char* sign : {">", "<", "\xe2\x89\xa4", "\xe2\x89\xa5"}) {
    if (!text && (absl::StrContains(comment, absl::StrCat(sign, " ")) ||
                  absl::StrContains(comment, absl::StrCat(sign, "= "))))
      add(absl::StrCat("write \"above\", \"at least\" for ", sign));
  }
  const std::string& value = rules.default_value();
  if (!value.empty() && !StatesDefault(comment, value))
    add(absl::StrCat("the rule's default is ", value, ", the comment's not"));
  if (value.empty() && absl::StrContains(comment, "Default"))
    add("the comment states a default, no rule does");
  if (rules.zero_is_default() && !absl::StrContains(comment, value + " when 0"))
    add(absl::StrCat("the comment must say \"", value, " when 0\""));
  const bool numeric = !field.is_repeated() &&
                       field.cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
                       field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM &&
                       field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
  if (!numeric && IsRequired(field) != rules.needed())
    add("REQUIRED and `needed` differ");
  return out;
}

TEST(CommentsTest, EveryFieldsCommentStatesItsRuleAndNothingElse) {
  std::vector<std::string> all;
  int fields = 0;
  for (const auto* message : RequestMessages()) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (IsOutputOnly(field)) continue;
      ++fields;
      for (const std::string& fault : Disagreements(field, CommentOf(field)))
        all.push_back(fault);
    }
  }
  EXPECT_THAT(all, IsEmpty());
  EXPECT_GT(fields, 200);
}

TEST(CommentsTest, ARangeOrDefaultThatDiffersIsFound) {
  const FieldDescriptor& steps =
      *FieldAt(*ApiWithComments().FindMessageTypeByName("phosphene.v1.JobSpec"),
               "steps");
  EXPECT_THAT(
      Disagreements(steps, "Steps, 1..1,000,000. Default 512 when 0; more."),
      IsEmpty());
  for (const char* wrong :
       {"Steps, 1..100,000. Default 512 when 0.",    // another range
        "Steps, 1..1,000,000. Default 256 when 0.",  // another default
        "Steps, 1..1,000,000. Default 512.",         // not when 0
        "Steps, at least 1. Default 512 when 0.", "Steps. Default 512 when 0.",
        ""}) {
    EXPECT_FALSE(Disagreements(steps, wrong).empty()) << wrong;
  }
  const FieldDescriptor& vector = *FieldAt(
      *ApiWithComments().FindMessageTypeByName("phosphene.v1.Objective"),
      "direction.vector");
  EXPECT_FALSE(Disagreements(vector, "One value a channel, 0..1.").empty());
  EXPECT_FALSE(Disagreements(vector, "One value a channel, > 0.").empty());
  EXPECT_FALSE(Disagreements(vector, "One value. Default 1.").empty());
}

TEST(CommentsTest, PhrasesOfRangesAreRead) {
  EXPECT_EQ(RangesStated("Side, 1..1,000,000. Default 2 when 0."),
            std::set<std::string>{"1..1000000"});
  EXPECT_EQ(RangesStated("0.05..8, drawn; 1..4096 entries"),
            (std::set<std::string>{"0.05..8", "1..4096"}));
  EXPECT_EQ(RangesStated("of it, above 0 to 16. Or 0 to below 1."),
            (std::set<std::string>{"above 0 to 16", "0 to below 1"}));
  EXPECT_EQ(
      RangesStated("at least 0, above -1, at most 128 bytes"),
      (std::set<std::string>{"at least 0", "above -1", "at most 128 bytes"}));
  EXPECT_EQ(RangesStated("The row, -1..rows-1; 0..channels-1."),
            (std::set<std::string>{"at least -1", "at least 0"}));
}

}  // namespace
}  // namespace phosphene
