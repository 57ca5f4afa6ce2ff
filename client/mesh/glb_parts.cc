// The container of glTF: chunks taken out of files and put into one.

#include "client/mesh/glb_parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/base/files.h"
#include "client/mesh/joined_mesh.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// glTF 2.0, "GLB File Format": a header of magic, version and length, then
// chunks of length, type and bytes, filled up to 4.
constexpr absl::string_view kMagic = "glTF";
constexpr uint32_t kVersion = 2, kJson = 0x4E4F534A, kBin = 0x004E4942;
constexpr int64_t kHeaderBytes = 12, kChunkHeaderBytes = 8;

int64_t FilledUp(int64_t size) { return (size + 3) / 4 * 4; }

void AppendU32(int64_t value, std::string* out) {
  for (int i = 0; i < 4; ++i) *out += static_cast<char>(value >> 8 * i);
}

uint32_t U32(absl::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// That many bytes at `offset`; fewer at the end.
absl::StatusOr<std::string> ReadSome(const ByteSource& file, int64_t offset,
                                     int64_t size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    ASSIGN_OR_RETURN(const size_t n,
                     file.Read(offset + static_cast<int64_t>(done),
                               bytes.data() + done, bytes.size() - done));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

absl::StatusOr<GltfParts> OpenGlb(const std::string& path,
                                  const ByteSource& file) {
  GltfParts parts;
  int64_t at = kHeaderBytes;
  for (bool first = true; at + kChunkHeaderBytes <= file.size();
       first = false) {
    ASSIGN_OR_RETURN(const std::string head,
                     ReadSome(file, at, kChunkHeaderBytes));
    if (head.size() < kChunkHeaderBytes) break;
    at += kChunkHeaderBytes;
    const int64_t size = U32(head, 0);
    const uint32_t type = U32(head, 4);
    if (size > file.size() - at || (first && type != kJson)) return GltfParts();
    if (first) {
      ASSIGN_OR_RETURN(parts.json, ReadSome(file, at, size));
    } else if (type == kBin && !parts.bin.has_value()) {
      parts.bin = FileRange{path, at, size};
    }
    at += size;
  }
  return parts;
}

}  // namespace

absl::StatusOr<GltfParts> OpenGltfParts(const std::string& path) {
  ASSIGN_OR_RETURN(const ByteSource file, ByteSource::OfFile(path));
  if (file.size() > kMaxMeshBytes) {
    return absl::OutOfRangeError(
        absl::StrCat("\"", path, "\" has ", file.size(), " bytes; allowed are ",
                     kMaxMeshBytes));
  }
  ASSIGN_OR_RETURN(const std::string head, ReadSome(file, 0, kHeaderBytes));
  if (head.substr(0, kMagic.size()) != kMagic) {
    GltfParts parts;
    ASSIGN_OR_RETURN(parts.json, ReadSome(file, 0, file.size()));
    return parts;
  }
  if (head.size() < kHeaderBytes || U32(head, 4) != kVersion)
    return GltfParts();
  return OpenGlb(path, file);
}

int64_t BinaryChunk::Add(FileRange range) {
  const int64_t begin = size_;
  size_ += FilledUp(range.size);
  ranges_.push_back(std::move(range));
  return begin;
}

absl::StatusOr<ByteSource> BinaryChunk::Glb(std::string json) const {
  json.resize(static_cast<size_t>(FilledUp(static_cast<int64_t>(json.size()))),
              ' ');
  const auto json_size = static_cast<int64_t>(json.size());
  std::string head(kMagic);
  AppendU32(kVersion, &head);
  AppendU32(kHeaderBytes + 2 * kChunkHeaderBytes + json_size + size_, &head);
  AppendU32(json_size, &head);
  AppendU32(kJson, &head);
  head += json;
  AppendU32(size_, &head);
  AppendU32(kBin, &head);
  ByteSource out;
  out.Add(std::move(head));
  for (const FileRange& range : ranges_) {
    RETURN_IF_ERROR(out.AddFile(range.path, range.offset, range.size));
    out.Add(std::string(static_cast<size_t>(FilledUp(range.size) - range.size),
                        '\0'));
  }
  return out;
}

}  // namespace phosphene::client
