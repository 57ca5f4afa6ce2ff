#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/base/byte_source.h"

namespace phosphene::client {

// Bytes of a file.
struct FileRange {
  std::string path;
  int64_t offset = 0;
  int64_t size = 0;
};

// The JSON of a glTF file, and its binary chunk where it has one.
struct GltfParts {
  std::string json;
  std::optional<FileRange> bin;
};

// Takes a file apart, by its content. An empty `json` where it is cut off or no
// glTF 2. OUT_OF_RANGE: over kMaxMeshBytes.
absl::StatusOr<GltfParts> OpenGltfParts(const std::string& path);

// A GLB's binary chunk, pieced together. Pieces begin at multiples of 4.
class BinaryChunk {
 public:
  // Where it begins.
  int64_t Add(FileRange range);
  bool empty() const { return ranges_.empty(); }
  int64_t size() const { return size_; }

  // The GLB of `json` and this. Errors are those of AddFile.
  absl::StatusOr<ByteSource> Glb(std::string json) const;

 private:
  std::vector<FileRange> ranges_;
  int64_t size_ = 0;
};

}  // namespace phosphene::client
