// Files by system calls: errno as a status, whole writes, syncs.

#include "server/base/posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace phosphene {

// Full disks and lack of descriptors pass; what is forbidden or broken needs a
// person; the rest is our fault.
absl::Status ErrnoStatus(int error, absl::string_view action,
                         absl::string_view path) {
  const std::string text =
      absl::StrCat(action, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(text);
    case EMFILE:
    case ENFILE:
    case EROFS:
    case EACCES:
    case EPERM:
    case EIO:
      return absl::UnavailableError(text);
    default:
      return absl::InternalError(text);
  }
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  return FileDescriptor(fd);
}

absl::Status WriteAll(const FileDescriptor& file, absl::string_view bytes,
                      absl::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "write", path);
    }
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAt(const FileDescriptor& file, int64_t offset,
                                   int64_t size, absl::string_view path) {
  std::string bytes(size, '\0');
  int64_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + done,
                static_cast<size_t>(size - done), offset + done);
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "read", path);
    }
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     int64_t max_bytes) {
  // Without O_NONBLOCK the open of a pipe waits for its writer.
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file"));
  }
  // One byte more tells a file that grows from one that just fits.
  ASSIGN_OR_RETURN(
      std::string bytes,
      ReadAt(file, 0, std::min<int64_t>(info.st_size, max_bytes) + 1, path));
  if (static_cast<int64_t>(bytes.size()) <= max_bytes) return bytes;
  return absl::InvalidArgumentError(absl::StrCat(
      path, " has more than ", max_bytes, " bytes, the most allowed"));
}

absl::Status SyncFile(const FileDescriptor& file, absl::string_view path) {
  if (::fsync(file.get()) != 0) return ErrnoStatus(errno, "sync", path);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  ASSIGN_OR_RETURN(const FileDescriptor directory,
                   OpenFile(path, O_RDONLY | O_DIRECTORY));
  return SyncFile(directory, path);
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), "make folder", path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ListDirectory(
    const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(path, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return ErrnoStatus(error.value(), "list", path);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(
    const std::string& path) {
  ASSIGN_OR_RETURN(FileDescriptor file, OpenFile(path, O_RDWR | O_CREAT));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, "lock", path);
    const absl::StatusOr<std::string> pid = ReadAt(file, 0, 32, path);
    const bool known = pid.ok() && !pid->empty();
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is locked by another process",
        known ? absl::StrCat(" (", absl::StripSuffix(*pid, "\n"), ")") : ""));
  }
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(file.get(), 0) != 0) {
    return ErrnoStatus(errno, "truncate", path);
  }
  RETURN_IF_ERROR(WriteAll(file, pid, path));
  return std::unique_ptr<FileLock>(new FileLock(std::move(file)));
}

}  // namespace phosphene
