#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// A new file written from its start. Errors name the path; a full disk is
// RESOURCE_EXHAUSTED. Thread-compatible.
class NewFile {
 public:
  NewFile() = default;
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Makes `path`, which must not exist.
  absl::Status Open(std::string path);
  absl::Status Append(absl::string_view bytes);
  // Brings the bytes to the disk and closes.
  absl::Status Close();

 private:
  std::string path_;
  int fd_ = -1;
};

// Writes `bytes` to a file beside `path`, syncs it and renames it to `path`:
// after a crash there is the old content or the new.
absl::Status ReplaceFile(const std::string& path, absl::string_view bytes);

// Brings names made or removed in `folder` to the disk.
absl::Status SyncFolder(const std::string& folder);

}  // namespace phosphene
