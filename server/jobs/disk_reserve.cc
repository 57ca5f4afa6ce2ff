// A file that keeps room on a disk until it is needed.

#include "server/jobs/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "server/base/posix_file.h"

namespace phosphene {
namespace {

// Asked first, so that no half of a reserve is in anybody's way for a moment.
bool HasRoom(const std::string& path, int64_t bytes) {
  std::error_code error;
  const auto space =
      std::filesystem::space(std::filesystem::path(path).parent_path(), error);
  return !error && space.available >= static_cast<uintmax_t>(bytes);
}

}  // namespace

DiskReserve::DiskReserve(std::string path, int64_t bytes)
    : path_(std::move(path)), bytes_(bytes) {
  struct stat file;
  held_ = ::stat(path_.c_str(), &file) == 0 && file.st_size >= bytes_;
}

void DiskReserve::Hold() {
  if (held_ || !HasRoom(path_, bytes_)) return;
  const auto file = OpenFile(path_, O_WRONLY | O_CREAT);
  if (!file.ok()) return;
  // Half a reserve is none: what it took could be what a job needs.
  held_ = ::posix_fallocate(file->get(), 0, bytes_) == 0;
  if (!held_) ::unlink(path_.c_str());
}

bool DiskReserve::Release() {
  if (!std::exchange(held_, false)) return false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace phosphene
