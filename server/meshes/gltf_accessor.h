#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/meshes/gltf_file.h"
#include "server/meshes/read_mesh.h"

namespace phosphene {

// The numbers of one accessor, read in place: element i lies at data + i *
// stride, unless a sparse accessor replaces it. Made by GltfData alone, which
// has checked every byte it may read.
class GltfAccessor {
 public:
  int64_t count() const { return count_; }
  int components() const { return components_; }
  // A whole number, for indices. REQUIRES: 0 <= i < count(), u8, u16 or u32.
  uint32_t Index(int64_t i) const;
  // Component c as a number, integers normalized where the file says so.
  double Value(int64_t i, int c) const;
  bool is_index() const;  // one component of u8, u16 or u32, not normalized

 private:
  friend class GltfData;

  const char* Element(int64_t i) const;

  const char* data_ = nullptr;  // null: zeros
  int64_t stride_ = 0;
  int64_t count_ = 0;
  int components_ = 0;
  int type_ = 0;  // glTF's componentType
  bool normalized_ = false;
  absl::flat_hash_map<uint32_t, const char*> sparse_;
};

// Buffers, views and accessors of a file. What lies in data URIs is decoded
// when first asked for. Every offset and length is checked in 64 bits against
// what holds it. Not thread-safe.
class GltfData {
 public:
  // The file must outlive this.
  GltfData(const GltfFile& file, const MeshLimits& limits);

  // Made at the first call for this index, then kept.
  absl::StatusOr<const GltfAccessor*> Accessor(int64_t index);
  // The bytes of bufferViews[index]; `stride` becomes its byteStride, 0 where
  // it has none.
  absl::StatusOr<absl::string_view> View(int64_t index, int64_t* stride);

 private:
  absl::StatusOr<absl::string_view> Buffer(int64_t index);
  absl::StatusOr<GltfAccessor> Make(const Json& json, const std::string& where);
  absl::Status AddSparse(const Json& sparse, const std::string& where,
                         GltfAccessor* accessor);
  absl::StatusOr<const char*> Block(int64_t view, int64_t offset, int64_t count,
                                    int64_t size, int64_t* stride,
                                    const std::string& where);

  const GltfFile& file_;
  const MeshLimits& limits_;
  std::vector<std::optional<std::string>> decoded_;  // buffers of data URIs
  absl::flat_hash_map<int64_t, std::unique_ptr<GltfAccessor>> accessors_;
  int64_t sparse_entries_ = 0;
};

}  // namespace phosphene
