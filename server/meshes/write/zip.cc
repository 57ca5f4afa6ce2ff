// A ZIP archive in memory, over zlib.
#include "server/meshes/write/zip.h"

#include <zlib.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/write/bytes_out.h"

namespace phosphene {
namespace {

constexpr uint64_t kMaxBytes = 0xFFFFFFFE;  // 2^32-1 announces ZIP64
constexpr size_t kMaxEntries = 0xFFFE;
constexpr uint16_t kVersion = 20;  // 2.0: deflate and folders
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kNoTime = 0, kFirstDay = 1 << 5 | 1;  // 1980-01-01

// Raw deflate, as ZIP has it.
absl::StatusOr<std::string> Deflate(absl::string_view bytes) {
  z_stream stream = {};
  constexpr int kRaw = -15, kMemory = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::ResourceExhaustedError("zip: no memory to compress with");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // only read
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    return absl::InternalError(absl::StrCat("zip: deflate answered ", result));
  }
  return out;
}

// What local and central headers have in common.
struct Header {
  uint16_t method;
  uint32_t crc, packed, plain;
  absl::string_view name;
};

void AppendCommon(const Header& header, std::string* out) {
  AppendBytes(kVersion, out);
  AppendBytes(uint16_t{0}, out);  // flags
  AppendBytes(header.method, out);
  AppendBytes(kNoTime, out);
  AppendBytes(kFirstDay, out);
  AppendBytes(header.crc, out);
  AppendBytes(header.packed, out);
  AppendBytes(header.plain, out);
  AppendBytes(static_cast<uint16_t>(header.name.size()), out);
  AppendBytes(uint16_t{0}, out);  // extra field
}

void AppendCentral(const Header& header, uint32_t offset, std::string* out) {
  AppendBytes(uint32_t{0x02014b50}, out);
  AppendBytes(kVersion, out);  // made by
  AppendCommon(header, out);
  AppendBytes(uint16_t{0}, out);  // comment
  AppendBytes(uint16_t{0}, out);  // disk
  AppendBytes(uint16_t{0}, out);  // internal attributes
  AppendBytes(uint32_t{0}, out);  // external attributes
  AppendBytes(offset, out);
  absl::StrAppend(out, header.name);
}

absl::Status TooLarge(absl::string_view what, uint64_t bytes) {
  return absl::InvalidArgumentError(absl::StrCat(
      "zip: ", what, ": ", bytes, " bytes; ", kMaxBytes, " are allowed"));
}

}  // namespace

absl::StatusOr<std::string> Zip(const std::vector<ZipEntry>& entries) {
  if (entries.size() > kMaxEntries) {
    return absl::InvalidArgumentError(absl::StrCat(
        "zip: ", entries.size(), " files; ", kMaxEntries, " are allowed"));
  }
  std::string out, central;
  for (const ZipEntry& entry : entries) {
    if (entry.bytes.size() > kMaxBytes) {
      return TooLarge(entry.name, entry.bytes.size());
    }
    std::string packed;
    if (entry.deflate) {
      ASSIGN_OR_RETURN(packed, Deflate(entry.bytes));
    }
    const absl::string_view data = entry.deflate ? packed : entry.bytes;
    Header header;
    header.method = entry.deflate ? kDeflated : kStored;
    header.crc = static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()),
                entry.bytes.size()));
    header.packed = static_cast<uint32_t>(data.size());
    header.plain = static_cast<uint32_t>(entry.bytes.size());
    header.name = entry.name;
    const uint64_t end = out.size() + data.size() + 64 + entry.name.size();
    if (end > kMaxBytes) return TooLarge("all files", end);
    AppendCentral(header, static_cast<uint32_t>(out.size()), &central);
    AppendBytes(uint32_t{0x04034b50}, &out);
    AppendCommon(header, &out);
    absl::StrAppend(&out, entry.name, data);
  }
  const uint64_t start = out.size();
  if (start + central.size() > kMaxBytes) {
    return TooLarge("all files", start + central.size());
  }
  out += central;
  AppendBytes(uint32_t{0x06054b50}, &out);
  AppendBytes(uint32_t{0}, &out);  // this disk, the disk of the list
  AppendBytes(static_cast<uint16_t>(entries.size()), &out);
  AppendBytes(static_cast<uint16_t>(entries.size()), &out);
  AppendBytes(static_cast<uint32_t>(central.size()), &out);
  AppendBytes(static_cast<uint32_t>(start), &out);
  AppendBytes(uint16_t{0}, &out);  // comment
  return out;
}

}  // namespace phosphene
