#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

// Tells whether files changed since one asked last: another file of that name
// (a rename, a swapped link as of mounted Kubernetes secrets), another size or
// another time. Ask before reading: what changes while one reads is then told
// the next time. Thread-compatible.
// Example, on a timer:
//   if (changes.Take()) Reload();
class FileChanges {
 public:
  // Remembers how they are now; files may be missing, and "" is no file.
  explicit FileChanges(std::vector<std::string> paths);

  // Whether one differs from how it was at the last call, or at the start.
  bool Take();

 private:
  struct State {
    int64_t device = 0, inode = 0, size = -1, modified = 0, changed = 0;
    bool operator==(const State&) const = default;
  };
  static State Look(const std::string& path);
  std::vector<State> LookAtAll() const;

  const std::vector<std::string> paths_;
  std::vector<State> states_;
};

}  // namespace phosphene
