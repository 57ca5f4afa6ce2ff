// Files read and written whole; "-" stands for the standard streams.

#include "client/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;

absl::Status FromErrno(absl::string_view doing, const std::string& path,
                       int error) {
  const std::string message =
      absl::StrCat(doing, " \"", path, "\": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOSPC || error == EDQUOT)
    return absl::ResourceExhaustedError(message);
  return absl::FailedPreconditionError(message);
}

// A file open for reading; closes itself. "-" is standard input.
class Input {
 public:
  static absl::StatusOr<Input> Open(const std::string& path) {
    const int fd = path == "-" ? dup(STDIN_FILENO)
                               : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FromErrno("cannot open", path, errno);
    Input input(path, fd);
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
      return FromErrno("cannot read", path, EISDIR);
    }
    return input;
  }
  Input(Input&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  Input& operator=(Input&&) = delete;
  ~Input() {
    if (fd_ >= 0) close(fd_);
  }

  // Next bytes into `buffer`; 0 at the end.
  absl::StatusOr<size_t> Read(std::vector<char>& buffer) {
    while (true) {
      const ssize_t n = read(fd_, buffer.data(), buffer.size());
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return FromErrno("cannot read", path_, errno);
    }
  }

 private:
  Input(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
};

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t limit) {
  ASSIGN_OR_RETURN(Input input, Input::Open(path));
  std::string out;
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    ASSIGN_OR_RETURN(const size_t n, input.Read(buffer));
    if (n == 0) return out;
    out.append(buffer.data(), n);
    if (static_cast<int64_t>(out.size()) > limit) {
      return absl::OutOfRangeError(absl::StrCat(
          "\"", path, "\" is larger than the ", limit, " bytes allowed"));
    }
  }
}

absl::StatusOr<std::string> ReadHead(const std::string& path, int64_t limit) {
  ASSIGN_OR_RETURN(Input input, Input::Open(path));
  std::string out;
  std::vector<char> buffer(kBufferBytes);
  while (static_cast<int64_t>(out.size()) < limit) {
    ASSIGN_OR_RETURN(const size_t n, input.Read(buffer));
    if (n == 0) return out;
    out.append(buffer.data(),
               std::min(n, static_cast<size_t>(limit) - out.size()));
  }
  return out;
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  if (path == "-") {
    const int out = dup(STDOUT_FILENO);
    if (out < 0) return FromErrno("cannot write", "standard output", errno);
    return AtomicFile("standard output", "", out);
  }
  const fs::path parent = fs::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return FromErrno("cannot make the folder of", path, error.value());
  if (fs::is_directory(path, error))
    return FromErrno("cannot write", path, EISDIR);
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return FromErrno("cannot write", path, errno);
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(fd, 0666 & ~mask);
  return AtomicFile(path, std::move(temporary), fd);
}

absl::Status AtomicFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno("cannot write", path_, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  const int closed = close(std::exchange(fd_, -1));
  if (closed != 0) return FromErrno("cannot write", path_, errno);
  if (temporary_.empty()) return absl::OkStatus();
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return FromErrno("cannot write", path_, errno);
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file.Write(bytes));
  return file.Commit();
}

std::string ExtensionOf(absl::string_view path) {
  const std::string extension =
      fs::path(std::string(path)).extension().string();
  return extension.empty() ? "" : absl::AsciiStrToLower(extension.substr(1));
}

std::string FreeName(const std::string& stem, const std::string& extension) {
  std::string name = absl::StrCat(stem, ".", extension);
  for (int i = 2; fs::exists(name); ++i)
    name = absl::StrCat(stem, "-", i, ".", extension);
  return name;
}

}  // namespace phosphene::client
