#include "server/base/file_changes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

class FileChangesTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const {
    return dir_.path() + "/" + name;
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
  }

  TempDir dir_;
};

TEST_F(FileChangesTest, EachChangeIsToldOnce) {
  Write("a", "one");
  FileChanges changes({path("a"), ""});
  EXPECT_FALSE(changes.Take());
  Write("a", "four");
  EXPECT_TRUE(changes.Take());
  EXPECT_FALSE(changes.Take());
}

TEST_F(FileChangesTest, AFileThatComesOrGoesHasChanged) {
  FileChanges changes({path("a")});
  Write("a", "one");
  EXPECT_TRUE(changes.Take());
  ::unlink(path("a").c_str());
  EXPECT_TRUE(changes.Take());
}

TEST_F(FileChangesTest, ASwappedLinkAndARenamedFileAreOtherFiles) {
  Write("old", "same size");
  Write("new", "even this");
  ASSERT_EQ(::symlink("old", path("link").c_str()), 0);
  FileChanges changes({path("link")});
  ASSERT_EQ(::symlink("new", path("other").c_str()), 0);
  ASSERT_EQ(std::rename(path("other").c_str(), path("link").c_str()), 0);
  EXPECT_TRUE(changes.Take());
  Write("third", "a file more");
  ASSERT_EQ(std::rename(path("third").c_str(), path("new").c_str()), 0);
  EXPECT_TRUE(changes.Take());
}

}  // namespace
}  // namespace phosphene
