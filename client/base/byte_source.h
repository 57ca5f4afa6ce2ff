#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// Bytes to be sent: pieces of memory and of files, one after another. Files are
// read when asked for, so sources of any size cost no memory.
// Thread-compatible.
class ByteSource {
 public:
  ByteSource() = default;
  // A whole file. NOT_FOUND names it.
  static absl::StatusOr<ByteSource> OfFile(const std::string& path);

  void Add(std::string bytes);
  // `length` bytes of a file from `offset` on; -1: all to its end. The file is
  // open from now on. NOT_FOUND: no such file. OUT_OF_RANGE: it is smaller.
  absl::Status AddFile(const std::string& path, int64_t offset, int64_t length);

  int64_t size() const;
  // Fills `buffer` with up to `limit` bytes from `offset` on; answers how many,
  // 0 only at the end. FAILED_PRECONDITION: a file has become shorter.
  absl::StatusOr<size_t> Read(int64_t offset, char* buffer, size_t limit) const;
  // sha256 of it all as 64 lower-case hex digits; streams.
  absl::StatusOr<std::string> Sha256() const;

 private:
  struct File;
  struct Piece {
    int64_t begin = 0, size = 0;  // in the source
    std::string bytes;            // or
    std::shared_ptr<const File> file;
    int64_t offset = 0;  // in the file
  };
  std::shared_ptr<const File> last_file_;
  std::vector<Piece> pieces_;
};

}  // namespace phosphene::client
