#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// Whole content of a file ("-" is standard input). NOT_FOUND names the file;
// OUT_OF_RANGE when it is larger than `limit` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t limit);
// The first `limit` bytes, or all where there are fewer.
absl::StatusOr<std::string> ReadHead(const std::string& path, int64_t limit);

// A file that appears under its name whole or not at all: bytes go to a
// temporary neighbour, Commit renames it. Dropped without Commit, nothing
// stays. Folders on the way are made. "-" is standard output, which takes the
// bytes as they come. Thread-compatible.
class AtomicFile {
 public:
  static absl::StatusOr<AtomicFile> Create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  absl::Status Write(absl::string_view bytes);
  // Flushes and renames; an error leaves an older file as it was.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd);

  std::string path_;
  std::string temporary_;
  int fd_;
};

// AtomicFile in one call.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes);

// "png" for "a/b.PNG", "" without an extension.
std::string ExtensionOf(absl::string_view path);

// `stem`.`extension`, or `stem`-2.`extension` and so on, whichever is free.
std::string FreeName(const std::string& stem, const std::string& extension);

}  // namespace phosphene::client
