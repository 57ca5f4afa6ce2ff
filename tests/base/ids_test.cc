#include "server/base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace phosphene {
namespace {

TEST(IdsTest, RandomIdsAreJobIdsAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = RandomId(12);
    EXPECT_EQ(id.size(), 12u);
    EXPECT_TRUE(IsJobId(id)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(IdsTest, LongIdsDrawFromTheSourceInPieces) {
  EXPECT_EQ(RandomId(1000).size(), 1000u);
}

TEST(IdsTest, JobIdsAreLowerCaseLettersDigitsAndDashesAfterALetter) {
  for (const char* id : {"a", "job-1", "z9"}) EXPECT_TRUE(IsJobId(id)) << id;
  EXPECT_TRUE(IsJobId(std::string(63, 'a')));
  for (const char* id :
       {"", "1a", "-a", "A", "a_b", "a/b", "a b", "\xc3\xa4"}) {
    EXPECT_FALSE(IsJobId(id)) << id;
  }
  EXPECT_FALSE(IsJobId(std::string(64, 'a')));
}

TEST(IdsTest, UuidsAreFiveGroupsOfHexDigits) {
  EXPECT_TRUE(IsUuid("123e4567-e89b-42d3-A456-426614174000"));
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("123e4567e89b42d3a456426614174000"));
  EXPECT_FALSE(IsUuid("123e4567-e89b-42d3-a456-42661417400g"));
  EXPECT_FALSE(IsUuid("123e4567-e89b-42d3-a456-4266141740000"));
}

TEST(IdsTest, PlainNamesAreSafeAsFileNames) {
  for (const char* name : {"a", "0", "a.png", "inception_v1-2"})
    EXPECT_TRUE(IsPlainName(name)) << name;
  for (const char* name : {"", ".", "..", ".a", "-a", "_a", "A", "a/b", "a b"})
    EXPECT_FALSE(IsPlainName(name)) << name;
  EXPECT_FALSE(IsPlainName(std::string(64, 'a')));
}

TEST(IdsTest, BlobNamesAreBlobsAnd64LowerCaseHexDigits) {
  const std::string digits(64, 'a');
  EXPECT_TRUE(IsBlobName("blobs/" + digits));
  EXPECT_FALSE(IsBlobName(digits));
  EXPECT_FALSE(IsBlobName("blobs/" + digits + "a"));
  EXPECT_FALSE(IsBlobName("blobs/" + std::string(64, 'A')));
  EXPECT_FALSE(IsBlobName("blobs/" + std::string(63, 'a') + "/"));
}

}  // namespace
}  // namespace phosphene
