// Whether an image file is whole.

#include "server/imaging/whole.h"

#include <zlib.h>

#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/decode.h"

namespace phosphene {
namespace {

// Progressive files of more are not tried: each is as costly as the image.
constexpr int kTriedScans = 32;

uint32_t Byte(absl::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}
uint32_t BigEndian32(absl::string_view bytes, size_t at) {
  return Byte(bytes, at) << 24 | Byte(bytes, at + 1) << 16 |
         Byte(bytes, at + 2) << 8 | Byte(bytes, at + 3);
}
uint32_t LittleEndian32(absl::string_view bytes, size_t at) {
  return Byte(bytes, at + 3) << 24 | Byte(bytes, at + 2) << 16 |
         Byte(bytes, at + 1) << 8 | Byte(bytes, at);
}

absl::Status CutOff(ImageFormat format) {
  return absl::InvalidArgumentError(
      absl::StrCat("broken ", FormatName(format),
                   " image: it is cut off; send or save the file again"));
}

// Bytes of pixels that the header of a PNG promises, at the least.
uint64_t PromisedBytes(absl::string_view bytes, const ImageInfo& info) {
  constexpr uint64_t kSamples[] = {1, 1, 3, 1, 2, 1, 4, 1};
  const uint64_t depth = Byte(bytes, 24), type = Byte(bytes, 25) & 7;
  return static_cast<uint64_t>(info.width) * info.height * depth *
         kSamples[type] / 8;
}

// Chunks up to the last, each of its length and checksum, and as many bytes of
// data as can hold the pixels: deflate packs 1032 into one at the most.
absl::Status CheckPng(absl::string_view bytes, const ImageInfo& info) {
  constexpr uint64_t kMostPacked = 1032;
  uint64_t data = 0;
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t length = BigEndian32(bytes, at);
    if (length > bytes.size() - at - 12) break;
    const absl::string_view checked = bytes.substr(at + 4, length + 4);
    const uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()),
                              checked.size());
    if (sum != BigEndian32(bytes, at + 8 + length)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "broken PNG image: wrong checksum at byte ", at + 8 + length));
    }
    if (absl::StartsWith(checked, "IDAT")) data += length;
    if (absl::StartsWith(checked, "IEND")) {
      if (data * kMostPacked >= PromisedBytes(bytes, info))
        return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(
          "broken PNG image: ", data, " bytes of data cannot hold ", info.width,
          " x ", info.height, " pixels"));
    }
    at += 12 + length;
  }
  return CutOff(ImageFormat::kPng);
}

// Where the next marker stands in data that may hold pixels, or npos.
size_t NextMarker(absl::string_view bytes, size_t at) {
  for (; at + 1 < bytes.size(); ++at) {
    const uint32_t next = Byte(bytes, at + 1);
    const bool restart = next >= 0xD0 && next <= 0xD7;
    if (Byte(bytes, at) == 0xFF && next != 0 && next != 0xFF && !restart)
      return at;
  }
  return absl::string_view::npos;
}

// Segments and scans up to the end of the image; how many scans.
absl::StatusOr<int> CountScans(absl::string_view bytes) {
  int scans = 0;
  for (size_t at = NextMarker(bytes, 2); at != absl::string_view::npos;) {
    const uint32_t marker = Byte(bytes, at + 1);
    if (marker == 0xD9) return scans;
    if (at + 4 > bytes.size()) break;
    if (marker == 0xDA) ++scans;
    at = NextMarker(bytes,
                    at + 2 + (Byte(bytes, at + 2) << 8 | Byte(bytes, at + 3)));
  }
  return CutOff(ImageFormat::kJpeg);
}

// Whether it is worth a try, or why it cannot be read.
absl::StatusOr<bool> CheckEnd(absl::string_view bytes, const ImageInfo& info) {
  const bool small = int64_t{info.width} * info.height <= kTriedPixels;
  switch (info.format) {
    case ImageFormat::kJpeg: {
      ASSIGN_OR_RETURN(const int scans, CountScans(bytes));
      return small && scans <= kTriedScans;
    }
    case ImageFormat::kPng:
      if (!small) RETURN_IF_ERROR(CheckPng(bytes, info));
      break;
    case ImageFormat::kWebp:
      // RIFF, the bytes that follow.
      if (LittleEndian32(bytes, 4) > bytes.size() - 8)
        return CutOff(ImageFormat::kWebp);
      break;
    case ImageFormat::kTiff:
      RETURN_IF_ERROR(CheckTiffBlocks(bytes));
      break;
    default:
      break;
  }
  return small;
}

// Files that were decoded already: many jobs share a photo.
class Tried {
 public:
  bool Has(absl::string_view bytes) {
    const Key key = KeyOf(bytes);
    const MutexLock lock(&mutex_);
    return known_.count(key) > 0;
  }
  void Add(absl::string_view bytes) {
    constexpr size_t kMost = 1024;
    const Key key = KeyOf(bytes);
    const MutexLock lock(&mutex_);
    if (known_.size() >= kMost) known_.clear();
    known_.insert(key);
  }

 private:
  using Key = std::pair<size_t, size_t>;
  // Whoever makes two files of one hash gets a job that fails when it runs.
  static Key KeyOf(absl::string_view bytes) {
    return {bytes.size(), std::hash<std::string_view>()(
                              std::string_view(bytes.data(), bytes.size()))};
  }

  Mutex mutex_;
  std::set<Key> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status TryImage(absl::string_view bytes, const ImageLimits& limits) {
  ASSIGN_OR_RETURN(const ImageInfo info, ReadImageInfo(bytes, limits));
  ASSIGN_OR_RETURN(const bool tried, CheckEnd(bytes, info));
  static Tried* const known = new Tried();
  if (!tried || known->Has(bytes)) return absl::OkStatus();
  // One at a time, so that many calls at once need no more memory than one.
  static Mutex* const one_at_a_time = new Mutex();
  const MutexLock lock(one_at_a_time);
  DecodeOptions options;
  options.limits = limits;
  options.apply_orientation = false;
  RETURN_IF_ERROR(DecodeImage(bytes, options).status());
  known->Add(bytes);
  return absl::OkStatus();
}

}  // namespace phosphene
