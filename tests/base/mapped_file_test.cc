#include "server/base/mapped_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server/base/posix_file.h"
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

TEST(MappedFileTest, ASmallFileIsReadSoThatCuttingItDoesNoHarm) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  std::ofstream(path) << std::string(1 << 20, 'x');
  ASSERT_OK_AND_ASSIGN(const auto file, MappedFile::Open(path));
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  EXPECT_EQ(file->data(), std::string(1 << 20, 'x'));
}

TEST(MappedFileTest, ALargeFileIsMappedWithoutItsName) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  std::ofstream(path) << std::string(5 << 20, 'x');
  ASSERT_OK_AND_ASSIGN(FileDescriptor open, OpenFile(path, O_RDONLY));
  ASSERT_EQ(remove(path.c_str()), 0);
  ASSERT_OK_AND_ASSIGN(const auto file, MappedFile::Open(open, path));
  open.Close();
  EXPECT_EQ(file->data().size(), size_t{5} << 20);
  EXPECT_EQ(file->data().back(), 'x');
}

TEST(MappedFileTest, APipeIsRefusedAndNotWaitedFor) {
  const TempDir dir;
  const std::string path = dir.path() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(MappedFile::Open(path),
              StatusIs(absl::StatusCode::kInvalidArgument, "regular"));
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
