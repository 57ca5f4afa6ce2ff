#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

class FileDescriptor;

// The bytes of a file, read-only. Files of at most kMaxReadBytes are read into
// memory, larger ones are mapped: their pages are the kernel's, which drops
// them when memory is short and reads them again. Thread-safe (immutable).
//
// A mapped file must not change while it is: one that somebody shortens ends
// the process (SIGBUS) at the next look, one written to changes under its
// reader. So map only what nobody else writes: a file of the blob store, or one
// without a name. A file that people edit is small and read (a sidecar, a
// token file), or copied first (server/models/network_files.h).
class MappedFile {
 public:
  static constexpr int64_t kMaxReadBytes = int64_t{4} << 20;

  // NOT_FOUND when there is no such file, INVALID_ARGUMENT when it is not a
  // regular file, UNAVAILABLE when no descriptor is left.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(
      const std::string& path);
  // Of an open file, which may be closed afterwards and need not have a name;
  // `path` serves messages.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(
      const FileDescriptor& file, const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::string_view data() const {
    return address_ == nullptr
               ? absl::string_view(read_)
               : absl::string_view(static_cast<const char*>(address_), size_);
  }

 private:
  MappedFile(void* address, size_t size) : address_(address), size_(size) {}
  explicit MappedFile(std::string bytes) : read_(std::move(bytes)) {}

  void* const address_ = nullptr;  // null: in read_
  const size_t size_ = 0;
  const std::string read_;
};

}  // namespace phosphene
