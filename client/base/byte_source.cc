// Bytes to be sent, from memory and files, read when asked for.

#include "client/base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

absl::Status CannotOpen(const std::string& path, int error) {
  const std::string message =
      absl::StrCat("cannot open \"", path, "\": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(message)
                         : absl::FailedPreconditionError(message);
}

}  // namespace

// Open for reading; closes itself.
struct ByteSource::File {
  File(std::string path, int fd) : path(std::move(path)), fd(fd) {}
  ~File() { close(fd); }

  // Reads at `offset`; 0 at the end.
  absl::StatusOr<size_t> Read(int64_t offset, char* buffer,
                              size_t limit) const {
    while (true) {
      const ssize_t n = pread(fd, buffer, limit, offset);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno == EINTR) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("cannot read \"", path, "\": ", std::strerror(errno)));
    }
  }

  const std::string path;
  const int fd;
};

absl::StatusOr<ByteSource> ByteSource::OfFile(const std::string& path) {
  ByteSource source;
  RETURN_IF_ERROR(source.AddFile(path, 0, -1));
  return source;
}

void ByteSource::Add(std::string bytes) {
  Piece piece;
  piece.begin = size();
  piece.size = static_cast<int64_t>(bytes.size());
  piece.bytes = std::move(bytes);
  pieces_.push_back(std::move(piece));
}

absl::Status ByteSource::AddFile(const std::string& path, int64_t offset,
                                 int64_t length) {
  if (last_file_ == nullptr || last_file_->path != path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return CannotOpen(path, errno);
    last_file_ = std::make_shared<const File>(path, fd);
  }
  struct stat info {};
  if (fstat(last_file_->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("\"", path, "\" is not a regular file"));
  }
  const int64_t whole = info.st_size;
  if (offset < 0 || offset > whole || length > whole - offset) {
    return absl::OutOfRangeError(absl::StrCat(
        "\"", path, "\" has ", whole, " bytes where ",
        std::max<int64_t>(length, 0), " at ", offset, " are asked for"));
  }
  Piece piece;
  piece.begin = size();
  piece.size = length < 0 ? whole - offset : length;
  piece.file = last_file_;
  piece.offset = offset;
  pieces_.push_back(std::move(piece));
  return absl::OkStatus();
}

int64_t ByteSource::size() const {
  return pieces_.empty() ? 0 : pieces_.back().begin + pieces_.back().size;
}

absl::StatusOr<size_t> ByteSource::Read(int64_t offset, char* buffer,
                                        size_t limit) const {
  if (offset >= size() || limit == 0) return 0;
  const auto next = std::upper_bound(
      pieces_.begin(), pieces_.end(), offset,
      [](int64_t at, const Piece& piece) { return at < piece.begin; });
  // The last piece that begins here or before; none before it is empty here.
  const Piece& piece = *(next - 1);
  const int64_t from = offset - piece.begin;
  const size_t count = static_cast<size_t>(
      std::min<int64_t>(static_cast<int64_t>(limit), piece.size - from));
  if (piece.file == nullptr) {
    std::memcpy(buffer, piece.bytes.data() + from, count);
    return count;
  }
  ASSIGN_OR_RETURN(const size_t read,
                   piece.file->Read(piece.offset + from, buffer, count));
  if (read > 0) return read;
  return absl::FailedPreconditionError(
      absl::StrCat("\"", piece.file->path, "\" changed while it was read"));
}

absl::StatusOr<std::string> ByteSource::Sha256() const {
  phosphene::Sha256 sha;
  std::vector<char> buffer(kBufferBytes);
  for (int64_t offset = 0; offset < size();) {
    ASSIGN_OR_RETURN(const size_t n,
                     Read(offset, buffer.data(), buffer.size()));
    sha.Update(absl::string_view(buffer.data(), n));
    offset += static_cast<int64_t>(n);
  }
  return sha.HexDigest();
}

}  // namespace phosphene::client
