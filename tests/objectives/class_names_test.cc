#include "server/engine/objectives/shared/class_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Labels = google::protobuf::RepeatedPtrField<std::string>;

// Lines of ImageNet's list, two pairs of which share a name.
const std::vector<std::string>& Lines() {
  static const std::vector<std::string> lines = {
      "tench, Tinca tinca",
      "great white shark, white shark, man-eater, man-eating shark, "
      "Carcharodon carcharias",
      "crane",
      "crane",
      "maillot",
      "maillot, tank suit",
      "black-and-tan coonhound"};
  return lines;
}

Labels Of(const std::vector<std::string>& lines) {
  return Labels(lines.begin(), lines.end());
}

TEST(FindClass, KnowsEveryNameThatIsOneClassOnly) {
  const Labels labels = Of(Lines());
  for (int i : {0, 1, 6}) {
    for (const absl::string_view part : absl::StrSplit(labels[i], ',')) {
      const std::string name(absl::StripAsciiWhitespace(part));
      EXPECT_THAT(FindClass(labels, name), IsOkAndHolds(i)) << name;
      EXPECT_THAT(FindClass(labels, absl::AsciiStrToUpper(name)),
                  IsOkAndHolds(i));
      EXPECT_THAT(FindClass(labels, absl::StrReplaceAll(name, {{" ", "_"}})),
                  IsOkAndHolds(i));
      EXPECT_THAT(FindClass(labels, absl::StrCat("  ", name, " ")),
                  IsOkAndHolds(i));
    }
    EXPECT_THAT(FindClass(labels, labels[i]), IsOkAndHolds(i));
  }
}

TEST(FindClass, TakesLabelsWithSynsetIds) {
  const Labels labels = Of({"n01440764 tench, Tinca tinca",
                            "n01484850\tgreat_white_shark", "n01443537"});
  EXPECT_THAT(FindClass(labels, "tinca tinca"), IsOkAndHolds(0));
  EXPECT_THAT(FindClass(labels, "n01440764 tench, Tinca tinca"),
              IsOkAndHolds(0));
  EXPECT_THAT(FindClass(labels, "great white shark"), IsOkAndHolds(1));
  EXPECT_THAT(FindClass(labels, "n01484850"), IsOkAndHolds(1));
  EXPECT_THAT(FindClass(labels, "n01443537"), IsOkAndHolds(2));
}

TEST(FindClass, TellsTheClassesThatShareAName) {
  const Labels labels = Of(Lines());
  const auto crane = FindClass(labels, "Crane");
  EXPECT_THAT(crane.status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "\"Crane\" is the name of 2 classes: 2 \"crane\", 3 "
                       "\"crane\"; say which by its index"));
  EXPECT_THAT(FindClass(labels, "maillot").status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "4 \"maillot\", 5 \"maillot, tank suit\""));
  EXPECT_THAT(FindClass(labels, "tank suit"), IsOkAndHolds(5));
  EXPECT_THAT(FindClass(labels, "maillot, tank suit"), IsOkAndHolds(5));
}

TEST(FindClass, OffersNearestNamesOneByOne) {
  const absl::Status status =
      FindClass(Of(Lines()), "grate white shark").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("nearest \"great white shark\""),
                    Not(HasSubstr("Carcharodon"))));
  EXPECT_FALSE(FindClass({}, "tench").ok());
  EXPECT_FALSE(FindClass(Of(Lines()), "").ok());
  EXPECT_FALSE(FindClass(Of(Lines()), " , ,").ok());
  EXPECT_FALSE(FindClass(Of({"", ","}), "").ok());
}

}  // namespace
}  // namespace phosphene
