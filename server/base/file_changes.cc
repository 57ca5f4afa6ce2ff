// Compares what stat(2) says of files now with what it said before.
#include "server/base/file_changes.h"

#include <sys/stat.h>

#include <utility>

namespace phosphene {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileChanges::FileChanges(std::vector<std::string> paths)
    : paths_(std::move(paths)), states_(LookAtAll()) {}

bool FileChanges::Take() {
  std::vector<State> now = LookAtAll();
  if (now == states_) return false;
  states_ = std::move(now);
  return true;
}

FileChanges::State FileChanges::Look(const std::string& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  return {.device = static_cast<int64_t>(info.st_dev),
          .inode = static_cast<int64_t>(info.st_ino),
          .size = info.st_size,
          .modified = Nanoseconds(info.st_mtim),
          .changed = Nanoseconds(info.st_ctim)};
}

std::vector<FileChanges::State> FileChanges::LookAtAll() const {
  std::vector<State> states;
  for (const std::string& path : paths_) states.push_back(Look(path));
  return states;
}

}  // namespace phosphene
