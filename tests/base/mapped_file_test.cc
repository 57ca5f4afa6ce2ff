#include "server/base/mapped_file.h"

#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

TEST(MappedFileTest, ShowsTheBytesOfTheFile) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  std::ofstream(path) << "hello";
  ASSERT_OK_AND_ASSIGN(const auto file, MappedFile::Open(path));
  EXPECT_EQ(file->data(), "hello");
}

TEST(MappedFileTest, AnEmptyFileHasNoBytes) {
  const TempDir dir;
  const std::string path = dir.path() + "/empty";
  std::ofstream(path).flush();
  ASSERT_OK_AND_ASSIGN(const auto file, MappedFile::Open(path));
  EXPECT_EQ(file->data(), "");
}

TEST(MappedFileTest, StaysReadableAfterTheFileIsRemoved) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  std::ofstream(path) << "hello";
  ASSERT_OK_AND_ASSIGN(const auto file, MappedFile::Open(path));
  ASSERT_EQ(remove(path.c_str()), 0);
  EXPECT_EQ(file->data(), "hello");
}

TEST(MappedFileTest, MissingFilesAndFoldersAreRefused) {
  const TempDir dir;
  EXPECT_THAT(MappedFile::Open(dir.path() + "/none"),
              StatusIs(absl::StatusCode::kNotFound, "none"));
  EXPECT_THAT(MappedFile::Open(dir.path()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace phosphene
