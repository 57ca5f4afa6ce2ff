#include "server/models/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

}  // namespace

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status NewFile::Open(std::string path) {
  path_ = std::move(path);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return fd_ < 0 ? Failed("create", path_) : absl::OkStatus();
}

absl::Status NewFile::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status NewFile::Close() {
  absl::Status status = ::fsync(fd_) == 0 ? absl::OkStatus() : Failed("sync", path_);
  if (::close(fd_) != 0 && status.ok()) status = Failed("close", path_);
  fd_ = -1;
  return status;
}

absl::Status ReplaceFile(const std::string& path, absl::string_view bytes) {
  const std::string beside = absl::StrCat(path, ".new");
  ::unlink(beside.c_str());
  NewFile file;
  absl::Status status = file.Open(beside);
  if (status.ok()) status = file.Append(bytes);
  if (status.ok()) status = file.Close();
  if (status.ok() && ::rename(beside.c_str(), path.c_str()) != 0) status = Failed("rename", beside);
  if (!status.ok()) ::unlink(beside.c_str());
  return status;
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", folder);
  const absl::Status status = ::fsync(fd) == 0 ? absl::OkStatus() : Failed("sync", folder);
  ::close(fd);
  return status;
}

}  // namespace phosphene
