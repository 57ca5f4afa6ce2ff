#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// A file mapped read-only into memory. Thread-safe (immutable).
class MappedFile {
 public:
  // NOT_FOUND when there is no such file, INVALID_ARGUMENT when it is not
  // a regular file.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(
      const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::string_view data() const {
    return absl::string_view(static_cast<const char*>(address_), size_);
  }

 private:
  MappedFile(void* address, size_t size) : address_(address), size_(size) {}
  void* const address_;
  const size_t size_;
};

}  // namespace phosphene
