// Files as memory: mapped where they are large, read where they are small.

#include "server/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/posix_file.h"
#include "server/base/status_macros.h"

namespace phosphene {

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(
    const std::string& path) {
  // Without O_NONBLOCK the open of a pipe waits for its writer.
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(path, O_RDONLY | O_NONBLOCK));
  return Open(file, path);
}

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(
    const FileDescriptor& file, const std::string& path) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file"));
  }
  if (info.st_size <= kMaxReadBytes) {
    ASSIGN_OR_RETURN(std::string bytes, ReadAt(file, 0, info.st_size, path));
    return std::shared_ptr<const MappedFile>(new MappedFile(std::move(bytes)));
  }
  const size_t size = static_cast<size_t>(info.st_size);
  void* const address =
      ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return ErrnoStatus(errno, "map", path);
  return std::shared_ptr<const MappedFile>(new MappedFile(address, size));
}

MappedFile::~MappedFile() {
  if (address_ != nullptr) ::munmap(address_, size_);
}

}  // namespace phosphene
