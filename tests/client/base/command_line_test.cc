#include "client/base/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

using testing::ElementsAre;

TEST(ShellLine, ReadsBackAsTheSameWords) {
  const std::vector<std::string> words = {
      "phosphene", "",      "a b",      "it's", "--objective",
      "tv()*2",    "$HOME", "\"said\"", "a\\b", "new\nline",
      "'",         "*.png", "\xc3\xa4", "a;b",  "-o"};
  EXPECT_EQ(ShellWords(ShellLine(words)), words);
}

TEST(ShellLine, LeavesPlainWordsAsTheyAre) {
  EXPECT_EQ(ShellLine({"phosphene", "feature", "--layer", "mixed4b_3x3:7"}),
            "phosphene feature --layer mixed4b_3x3:7");
  EXPECT_EQ(ShellQuoted("a b"), "'a b'");
}

TEST(ShellWords, ReadsQuotesAsAShellDoes) {
  EXPECT_THAT(ShellWords("a 'b c'd \"e \\\" f\" g\\ h  "),
              ElementsAre("a", "b cd", "e \" f", "g h"));
  EXPECT_THAT(ShellWords("''"), ElementsAre(""));
  EXPECT_THAT(ShellWords("an 'unfinished quote"),
              ElementsAre("an", "unfinished quote"));
  EXPECT_THAT(ShellWords("end\\"), ElementsAre("end\\"));
  EXPECT_TRUE(ShellWords("  ").empty());
}

TEST(WithoutFlags, DropsFlagsInEveryFormWithTheirValues) {
  const LeftOut flags = {{"--detach"}, {"-o", "--output", "--token"}};
  EXPECT_THAT(WithoutFlags({"--token", "t", "feature", "--token=t", "-o",
                            "a.png", "-ob.png", "--output=c.png", "--detach",
                            "--seed", "-1", "--outputs", "x", "-"},
                           flags),
              ElementsAre("feature", "--seed", "-1", "--outputs", "x", "-"));
}

}  // namespace
}  // namespace phosphene::client
