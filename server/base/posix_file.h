#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// What a failed system call means: `action path: reason`, with NOT_FOUND for
// a missing file, RESOURCE_EXHAUSTED for a full disk or quota, UNAVAILABLE for
// a read-only or failing one and where the process or the machine has no file
// descriptor left (it will have one again: try later), INTERNAL else.
absl::Status ErrnoStatus(int error, absl::string_view action,
                         absl::string_view path);

// An open file descriptor, closed with the object. Thread-compatible.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(FileDescriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // Gives it to somebody else, who closes it.
  int Release() { return std::exchange(fd_, -1); }
  void Close();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC; new files are readable by everybody the umask lets.
absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags);
// Writes all of `bytes` at the file's position.
absl::Status WriteAll(const FileDescriptor& file, absl::string_view bytes,
                      absl::string_view path);
// At most `size` bytes from `offset`; fewer at the end of the file.
absl::StatusOr<std::string> ReadAt(const FileDescriptor& file, int64_t offset,
                                   int64_t size, absl::string_view path);
// All of a small file, read and not mapped: somebody who edits it meanwhile can
// only make what is read a mixture. INVALID_ARGUMENT: larger than `max_bytes`,
// or not a regular file. A file that grows meanwhile may be cut.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     int64_t max_bytes);
// Makes content and size durable.
absl::Status SyncFile(const FileDescriptor& file, absl::string_view path);
// Makes the entries of a folder durable: after a rename into it.
absl::Status SyncDirectory(const std::string& path);
// Makes a folder and those above it; no error when it is there.
absl::Status MakeDirectories(const std::string& path);
// Names in a folder, sorted, without "." and "..".
absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path);

// Holds an exclusive lock on a file, which it makes, for as long as the object
// lives; the kernel drops it when the process dies.
class FileLock {
 public:
  // FAILED_PRECONDITION when another process holds it; the message names the
  // path and that process.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(
      const std::string& path);

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}
  const FileDescriptor file_;
};

}  // namespace phosphene
