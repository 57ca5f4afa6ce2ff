// The process's limit of open descriptors, and how near it is.
#include "server/base/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

#include "server/base/posix_file.h"

namespace phosphene {
namespace {

// More is of no use, and some systems set no limit at all.
constexpr rlim_t kMaxDescriptors = 1 << 20;

}  // namespace

int DescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(std::min(limit.rlim_cur, kMaxDescriptors));
}

int OpenDescriptors() {
  const auto names = ListDirectory("/proc/self/fd");
  // The listing itself holds one.
  return names.ok() ? static_cast<int>(names->size()) - 1 : 0;
}

int RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    const rlim_t most = std::min(limit.rlim_max, kMaxDescriptors);
    if (limit.rlim_cur < most) {
      limit.rlim_cur = most;
      ::setrlimit(RLIMIT_NOFILE, &limit);  // as it was where that fails
    }
  }
  return DescriptorLimit();
}

}  // namespace phosphene
