#include "client/base/beside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

TEST(BesideTest, FilesInTheFolderAreFoundThroughLinks) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "art/deep");
  Put(folder / "art/deep/a b", "x");
  std::filesystem::create_symlink("deep/a b", folder / "art/link");
  const std::string real = std::filesystem::canonical(folder / "art/deep/a b");
  EXPECT_EQ(*FileBeside(folder / "art", "deep/a b"), real);
  EXPECT_EQ(*FileBeside(folder / "art", "./deep/a b"), real);
  EXPECT_EQ(*FileBeside(folder / "art", "link"), real);
}

TEST(BesideTest, WhatMayLieElsewhereIsRefused) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "art");
  Put(folder / "secret", "x");
  std::filesystem::create_symlink("../secret", folder / "art/link");
  for (const std::string& name :
       {std::string(folder / "secret"), std::string("../secret"),
        std::string("../art/../secret"), std::string("link"), std::string(),
        std::string("a\0b", 3)}) {
    EXPECT_EQ(FileBeside(folder / "art", name).status().ToString(),
              "INVALID_ARGUMENT: only files in its folder are read")
        << name;
  }
}

TEST(BesideTest, AFileThatIsNotThereIsNamed) {
  const TempFolder folder;
  const absl::Status status = FileBeside(folder.path(), "none").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr((folder / "none") + ": No such file"));
}

TEST(BesideTest, ANameAloneIsInTheWorkingFolder) {
  EXPECT_EQ(FolderOf("a.obj"), ".");
  EXPECT_EQ(FolderOf("art/a.obj"), "art");
  EXPECT_EQ(FolderOf("/a.obj"), "/");
}

}  // namespace
}  // namespace phosphene::client
