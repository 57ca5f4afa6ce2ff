#include "server/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace phosphene {
namespace {

TEST(Utf8Test, ValidTextStaysAsItIs) {
  for (const char* text :
       {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
    EXPECT_EQ(ToUtf8(text, 100), text);
  }
}

TEST(Utf8Test, OverlongSurrogateCutAndStrayBytesAreNoCharacters) {
  for (const char* text : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "a\xc3"}) {
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_TRUE(IsUtf8(ToUtf8(text, 100)));
  }
  EXPECT_EQ(ToUtf8("a\xff"
                   "b",
                   100),
            "a?b");
}

TEST(Utf8Test, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(ToUtf8("abcdef", 6), "abcdef");
  EXPECT_EQ(ToUtf8("abcdefg", 6), "abc...");
  EXPECT_EQ(ToUtf8("ab\xc3\xa4"
                   "defg",
                   6),
            "ab...");
  EXPECT_EQ(ToUtf8("\xe2\x82\xac\xe2\x82\xac", 4), "...");
}

}  // namespace
}  // namespace phosphene
