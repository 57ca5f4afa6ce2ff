#include "client/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

TEST(Files, ReadingIsBoundedAndNamesTheFile) {
  const TempFolder folder;
  Put(folder / "a", "12345");
  EXPECT_EQ(*ReadFile(folder / "a", 5), "12345");
  EXPECT_EQ(ReadFile(folder / "a", 4).status().code(),
            absl::StatusCode::kOutOfRange);
  const absl::Status missing = ReadFile(folder / "b", 5).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr(folder / "b"));
  EXPECT_FALSE(ReadFile(folder.path(), 5).ok());
}

TEST(Files, AnAtomicFileAppearsWhole) {
  const TempFolder folder;
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "sub/a");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Write("half ").ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "sub/a"));
  ASSERT_TRUE(file->Write("whole").ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Contents(folder / "sub/a"), "half whole");
}

TEST(Files, WithoutCommitNothingStaysAndTheOldFileIsKept) {
  const TempFolder folder;
  Put(folder / "a", "old");
  {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "a");
    ASSERT_TRUE(file.ok() && file->Write("new").ok());
  }
  EXPECT_EQ(Contents(folder / "a"), "old");
  EXPECT_EQ(folder.FileCount(), 1u);
}

TEST(Files, AFolderIsNoFileToWrite) {
  const TempFolder folder;
  EXPECT_FALSE(WriteFileAtomically(folder.path(), "x").ok());
  EXPECT_EQ(folder.FileCount(), 0u);
}

TEST(Files, DefaultsTakeTheNextFreeName) {
  const TempFolder folder;
  EXPECT_EQ(FreeName(folder / "a", "png"), folder / "a.png");
  Put(folder / "a.png", "");
  Put(folder / "a-2.png", "");
  EXPECT_EQ(FreeName(folder / "a", "png"), folder / "a-3.png");
}

TEST(Files, ExtensionsAreLowerCase) {
  EXPECT_EQ(ExtensionOf("a/b.PNG"), "png");
  EXPECT_EQ(ExtensionOf("a.b/c"), "");
}

}  // namespace
}  // namespace phosphene::client
