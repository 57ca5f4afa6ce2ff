#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

// Memory in bytes that this process may use: what the machine has, or less
// where a control group (version 1 or 2; a container, a systemd unit, a batch
// job) or one above it sets a limit.
int64_t MemoryLimit();

// The same, for a process whose /proc/PID/cgroup says `cgroups`, on a machine
// of `physical` bytes whose control groups are mounted below `mount`
// (/sys/fs/cgroup). Files that are not there limit nothing.
int64_t MemoryLimitIn(const std::string& cgroups, const std::string& mount,
                      int64_t physical);

}  // namespace phosphene
