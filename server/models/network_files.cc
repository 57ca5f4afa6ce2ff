// Networks as blobs, mapped where nobody edits them.

#include "server/models/network_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/base/posix_file.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr int64_t kPieceBytes = int64_t{1} << 20;

FileLook LookOf(const struct stat& info) {
  const absl::Time changed = absl::TimeFromTimespec(info.st_ctim);
  return {absl::StrCat(info.st_dev, "-", info.st_ino, "-", info.st_size, "-",
                       info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, "-",
                       absl::ToUnixNanos(changed)),
          changed};
}

absl::Status IsBeingWritten(absl::string_view path) {
  return absl::UnavailableError(
      absl::StrCat(path, " is being written; try again when it is whole"));
}

// Passes the first `size` bytes on, a piece at a time. OUT_OF_RANGE: there are
// fewer.
template <typename Take>
absl::Status ReadThrough(const FileDescriptor& file, int64_t size,
                         const std::string& path, const Take& take) {
  for (int64_t at = 0; at < size;) {
    ASSIGN_OR_RETURN(const std::string piece,
                     ReadAt(file, at, std::min(kPieceBytes, size - at), path));
    if (piece.empty()) return absl::OutOfRangeError("shorter than it was");
    RETURN_IF_ERROR(take(piece));
    at += static_cast<int64_t>(piece.size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FileLook> LookAt(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return ErrnoStatus(errno, "look at", path);
  }
  return LookOf(info);
}

absl::StatusOr<std::shared_ptr<const MappedFile>> NetworkFiles::Map(
    absl::string_view blob) const {
  // Checks all of its bytes, unless that was done.
  RETURN_IF_ERROR(blobs_.Read(blob, 0, 1).status());
  const absl::StatusOr<std::string> path = blobs_.LocalPath(blob);
  if (path.ok()) return MappedFile::Open(*path);
  if (!absl::IsUnimplemented(path.status())) return path.status();
  // A copy without a name: nobody can reach it, and it goes with its mapping.
  const std::string copy =
      absl::StrCat(folder_, "/", kCopyPrefix, RandomId(20));
  const absl::Status written = Copy(blob, copy);
  auto mapped = MappedFile::Open(copy);
  ::unlink(copy.c_str());
  RETURN_IF_ERROR(written);
  return mapped;
}

absl::StatusOr<NetworkFiles::Imported> NetworkFiles::Import(
    const std::string& path) const {
  // Without O_NONBLOCK the open of a pipe waits for its writer.
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(path, O_RDONLY | O_NONBLOCK));
  struct stat before {
  }, after{};
  if (::fstat(file.get(), &before) != 0) {
    return ErrnoStatus(errno, "look at", path);
  }
  if (!S_ISREG(before.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file"));
  }
  Sha256 hash;
  absl::Status read =
      ReadThrough(file, before.st_size, path, [&](absl::string_view piece) {
        hash.Update(piece);
        return absl::OkStatus();
      });
  if (absl::IsOutOfRange(read)) return IsBeingWritten(path);
  RETURN_IF_ERROR(read);
  if (::fstat(file.get(), &after) != 0) {
    return ErrnoStatus(errno, "look at", path);
  }
  Imported imported = {absl::StrCat("blobs/", hash.HexDigest()),
                       LookOf(before)};
  if (!(LookOf(after) == imported.look)) return IsBeingWritten(path);
  ASSIGN_OR_RETURN(const UploadProgress there,
                   blobs_.QueryUpload(imported.blob));
  if (there.complete) {
    RETURN_IF_ERROR(blobs_.Stat(imported.blob).status());  // keeps it young
    return imported;
  }
  auto upload = blobs_.BeginUpload(imported.blob, before.st_size, 0);
  if (absl::IsAborted(upload.status())) {
    return absl::UnavailableError(upload.status().message());
  }
  if (!upload.ok()) return Annotate(upload.status(), path);
  read = ReadThrough(file, before.st_size, path, [&](absl::string_view piece) {
    return (*upload)->Append(piece);
  });
  if (absl::IsOutOfRange(read)) return IsBeingWritten(path);
  if (absl::IsAborted(read)) return absl::UnavailableError(read.message());
  if (!read.ok()) return Annotate(read, path);
  const absl::Status stored = (*upload)->Finish().status();
  // Other bytes than were hashed.
  if (absl::IsInvalidArgument(stored)) return IsBeingWritten(path);
  if (!stored.ok()) return Annotate(stored, path);
  return imported;
}

absl::Status NetworkFiles::Copy(absl::string_view blob,
                                const std::string& path) const {
  ASSIGN_OR_RETURN(const BlobInfo info, blobs_.Stat(blob));
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(path, O_WRONLY | O_CREAT | O_EXCL));
  for (int64_t at = 0; at < info.size_bytes; at += kPieceBytes) {
    ASSIGN_OR_RETURN(const std::string piece,
                     blobs_.Read(blob, at, kPieceBytes));
    RETURN_IF_ERROR(WriteAll(file, piece, path));
  }
  return SyncFile(file, path);
}

}  // namespace phosphene
