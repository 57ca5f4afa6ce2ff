// Reads the memory limit of the control groups this process lives in.
#include "server/base/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace phosphene {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The number in a file; `otherwise` for "max", and where there is no file.
int64_t LimitIn(const std::string& path, int64_t otherwise) {
  int64_t bytes = 0;
  return absl::SimpleAtoi(ReadText(path), &bytes) && bytes > 0 ? bytes
                                                               : otherwise;
}

// The least limit of `group` and all above it. In a container the path is
// often the host's and not there below the mount; the walk then ends at the
// mount's own root, which is the container's group.
int64_t LeastOnTheWay(const std::string& root, std::string group,
                      const std::string& file, int64_t limit) {
  for (;;) {
    limit =
        std::min(limit, LimitIn(absl::StrCat(root, group, "/", file), limit));
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return limit;
    group.resize(slash);
  }
}

}  // namespace

int64_t MemoryLimitIn(const std::string& cgroups, const std::string& mount,
                      int64_t physical) {
  int64_t limit = physical;
  // Lines are ID:CONTROLLERS:PATH; version 2 is `0::PATH`.
  for (absl::string_view line : absl::StrSplit(cgroups, '\n')) {
    const std::vector<std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::string group = parts[2] == "/" ? "" : parts[2];
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (parts[1].empty()) {
      limit = LeastOnTheWay(mount, group, "memory.max", limit);
      limit = LeastOnTheWay(mount + "/unified", group, "memory.max", limit);
    } else if (std::find(controllers.begin(), controllers.end(), "memory") !=
               controllers.end()) {
      limit = LeastOnTheWay(mount + "/memory", group, "memory.limit_in_bytes",
                            limit);
    }
  }
  return limit;
}

int64_t MemoryLimit() {
  const int64_t physical =
      int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return MemoryLimitIn(ReadText("/proc/self/cgroup"), "/sys/fs/cgroup",
                       physical);
}

}  // namespace phosphene
