#include "server/base/posix_file.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using testing::ElementsAre;

TEST(PosixFileTest, WhatIsWrittenIsReadAtAnyOffset) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  ASSERT_OK_AND_ASSIGN(const FileDescriptor file,
                       OpenFile(path, O_RDWR | O_CREAT));
  ASSERT_OK(WriteAll(file, "hello", path));
  ASSERT_OK(SyncFile(file, path));
  EXPECT_THAT(ReadAt(file, 1, 3, path), IsOkAndHolds("ell"));
  EXPECT_THAT(ReadAt(file, 4, 100, path), IsOkAndHolds("o"));
  EXPECT_THAT(ReadAt(file, 9, 1, path), IsOkAndHolds(""));
}

TEST(PosixFileTest, ASmallFileIsReadWholeAndALargeOneRefused) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  ASSERT_OK_AND_ASSIGN(const FileDescriptor file,
                       OpenFile(path, O_RDWR | O_CREAT));
  EXPECT_THAT(ReadFile(path, 5), IsOkAndHolds(""));
  ASSERT_OK(WriteAll(file, "hello", path));
  EXPECT_THAT(ReadFile(path, 5), IsOkAndHolds("hello"));
  EXPECT_THAT(ReadFile(path, 4),
              StatusIs(absl::StatusCode::kInvalidArgument, "more than 4"));
  EXPECT_THAT(ReadFile(dir.path(), 5),
              StatusIs(absl::StatusCode::kInvalidArgument, "regular"));
  EXPECT_THAT(ReadFile("/nowhere/file", 5),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(ErrnoStatusTest, DescriptorsComeBackSoItIsWorthTryingAgain) {
  EXPECT_TRUE(absl::IsUnavailable(ErrnoStatus(EMFILE, "open", "a")));
  EXPECT_TRUE(absl::IsUnavailable(ErrnoStatus(ENFILE, "open", "a")));
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus(ENOSPC, "write", "a")));
}

TEST(PosixFileTest, AMissingFileIsNamed) {
  EXPECT_THAT(OpenFile("/nowhere/file", O_RDONLY),
              StatusIs(absl::StatusCode::kNotFound, "/nowhere/file"));
  EXPECT_THAT(ListDirectory("/nowhere"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SyncDirectory("/nowhere"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(PosixFileTest, FullDisksAreToldFromBrokenOnes) {
  EXPECT_THAT(
      ErrnoStatus(ENOSPC, "write", "p"),
      StatusIs(absl::StatusCode::kResourceExhausted, "write p: No space"));
  EXPECT_THAT(ErrnoStatus(EROFS, "write", "p"),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ErrnoStatus(EINVAL, "write", "p"),
              StatusIs(absl::StatusCode::kInternal));
}

TEST(PosixFileTest, FoldersAreMadeWithThoseAboveAndListedInOrder) {
  const TempDir dir;
  ASSERT_OK(MakeDirectories(dir.path() + "/b/c"));
  ASSERT_OK(MakeDirectories(dir.path() + "/b/c"));
  ASSERT_OK(MakeDirectories(dir.path() + "/a"));
  EXPECT_OK(SyncDirectory(dir.path()));
  EXPECT_THAT(ListDirectory(dir.path()), IsOkAndHolds(ElementsAre("a", "b")));
}

TEST(PosixFileTest, ALockIsHeldByOneProcessAndEndsWithIt) {
  const TempDir dir;
  const std::string path = dir.path() + "/lock";
  int told[2], release[2];
  ASSERT_EQ(pipe(told), 0);
  ASSERT_EQ(pipe(release), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = FileLock::Acquire(path);
    const char held = lock.ok();
    char byte;
    if (write(told[1], &held, 1) != 1 || read(release[0], &byte, 1) != 1) {
      _exit(1);
    }
    _exit(0);  // without releasing: as a crash does
  }
  char held = 0;
  ASSERT_EQ(read(told[0], &held, 1), 1);
  ASSERT_TRUE(held);
  EXPECT_THAT(FileLock::Acquire(path),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       std::to_string(child).c_str()));
  ASSERT_EQ(write(release[1], "x", 1), 1);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_OK(FileLock::Acquire(path));
}

}  // namespace
}  // namespace phosphene
