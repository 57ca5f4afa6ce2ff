// Pixels to animated PNG: libpng compresses each frame, and its data go into
// the chunks of an animation. APNG specification 1.0; PNG 3, section 11.3.6.

#include <zlib.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/animation.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

constexpr int kMaxFramesPerSecond = 60;
constexpr size_t kSignature = 8;

void AppendBigEndian(uint64_t value, int bytes, std::string& out) {
  for (int i = bytes; i-- > 0;)
    out.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendChunk(absl::string_view type, absl::string_view data,
                 std::string& out) {
  AppendBigEndian(data.size(), 4, out);
  const size_t checked = out.size();
  absl::StrAppend(&out, type, data);
  const uLong sum =
      crc32_z(0, reinterpret_cast<const Bytef*>(out.data() + checked),
              out.size() - checked);
  AppendBigEndian(sum, 4, out);
}

// What one of our PNGs holds: the chunks before the pixels, whole, and the
// pixels.
struct Parts {
  std::string head;               // signature and chunks
  std::vector<std::string> data;  // of IDAT
};

Parts PartsOf(absl::string_view png) {
  Parts parts;
  parts.head = std::string(png.substr(0, kSignature));
  for (size_t at = kSignature; at + 12 <= png.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i)
      length = length << 8 | static_cast<uint8_t>(png[at + i]);
    const absl::string_view type = png.substr(at + 4, 4);
    if (type == "IDAT") {
      parts.data.emplace_back(png.substr(at + 8, length));
    } else if (type != "IEND") {
      absl::StrAppend(&parts.head, png.substr(at, 12 + length));
    }
    at += 12 + length;
  }
  return parts;
}

// acTL behind the header, which is the first chunk: frames, and 0 for ever.
std::string WithControl(const std::string& head, size_t frames) {
  constexpr size_t kHeaderEnd = kSignature + 12 + 13;
  std::string control, out = head.substr(0, kHeaderEnd);
  AppendBigEndian(frames, 4, control);
  AppendBigEndian(0, 4, control);
  AppendChunk("acTL", control, out);
  return out + head.substr(kHeaderEnd);
}

// A frame of the whole picture that replaces what was there (neither disposed
// of nor blended).
std::string FrameControl(uint32_t sequence, const Image8& frame, int rate) {
  std::string out;
  AppendBigEndian(sequence, 4, out);
  AppendBigEndian(static_cast<uint64_t>(frame.width), 4, out);
  AppendBigEndian(static_cast<uint64_t>(frame.height), 4, out);
  AppendBigEndian(0, 8, out);  // where it lies
  AppendBigEndian(1, 2, out);  // shown for 1 / rate seconds
  AppendBigEndian(static_cast<uint64_t>(rate), 2, out);
  AppendBigEndian(0, 2, out);
  return out;
}

}  // namespace

absl::StatusOr<std::string> EncodeApng(const std::vector<Image8>& frames,
                                       const ApngOptions& options) {
  RETURN_IF_ERROR(
      CheckFrames(frames, options.frames_per_second, kMaxFramesPerSecond));
  std::vector<Parts> parts;
  for (const Image8& frame : frames) {
    // The text stands before the first.
    const PngOptions png{
        options.compression,
        parts.empty() ? options.text
                      : std::vector<std::pair<std::string, std::string>>()};
    ASSIGN_OR_RETURN(const std::string bytes, EncodePng(frame, png));
    parts.push_back(PartsOf(bytes));
  }
  const std::vector<size_t> order =
      ShownOrder(frames.size(), options.ping_pong);
  std::string out = WithControl(parts[0].head, order.size());
  uint32_t sequence = 0;
  for (size_t shown = 0; shown < order.size(); ++shown) {
    AppendChunk("fcTL",
                FrameControl(sequence++, frames[0], options.frames_per_second),
                out);
    for (const std::string& data : parts[order[shown]].data) {
      // Programs that know no APNG show the first frame.
      if (shown == 0) {
        AppendChunk("IDAT", data, out);
        continue;
      }
      std::string numbered;
      AppendBigEndian(sequence++, 4, numbered);
      AppendChunk("fdAT", numbered + data, out);
    }
  }
  AppendChunk("IEND", "", out);
  return out;
}

}  // namespace phosphene
