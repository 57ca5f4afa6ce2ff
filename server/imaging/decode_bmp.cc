// BMP to pixels: of Windows (any header) and OS/2 1.x; 1 to 32 bits a pixel,
// run lengths, bit fields, either way up. Nothing is read past the bytes.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"

namespace phosphene {
namespace {

// BITMAPINFOHEADER.biCompression.
enum Compression : uint32_t {
  kPlain = 0,
  kRle8 = 1,
  kRle4 = 2,
  kBitFields = 3,
  kAlphaBitFields = 6,
};
constexpr size_t kFileHeader = 14;
constexpr uint32_t kCoreHeader = 12, kInfoHeader = 40;

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("broken BMP image: ", what));
}

// Numbers of a file, low byte first; 0 past its end.
class Source {
 public:
  explicit Source(absl::string_view bytes) : bytes_(bytes) {}
  uint32_t U8(size_t at) const {
    return at < bytes_.size() ? static_cast<uint8_t>(bytes_[at]) : 0;
  }
  uint32_t U16(size_t at) const { return U8(at) | U8(at + 1) << 8; }
  uint32_t U32(size_t at) const { return U16(at) | U16(at + 2) << 16; }
  size_t size() const { return bytes_.size(); }

 private:
  absl::string_view bytes_;
};

// One channel of a pixel of bit fields.
struct Field {
  uint32_t mask = 0;
  int shift = 0;
  uint32_t max = 0;

  Field() = default;
  explicit Field(uint32_t bits) : mask(bits) {
    if (bits == 0) return;
    while (((bits >> shift) & 1) == 0) ++shift;
    max = bits >> shift;
  }
  // To 8 bits; `otherwise` where there are none.
  uint8_t Of(uint32_t pixel, uint8_t otherwise) const {
    if (max == 0) return otherwise;
    const uint64_t value = (pixel & mask) >> shift;
    return static_cast<uint8_t>(
        std::min<uint64_t>(255, (value * 255 + max / 2) / max));
  }
};

struct Header {
  int64_t width = 0, height = 0;
  bool top_down = false;
  uint32_t bits = 0, compression = kPlain;
  size_t pixels = 0;   // where they begin
  size_t palette = 0;  // likewise
  uint32_t colors = 0, color_bytes = 4;
  std::array<Field, 4> fields;  // red, green, blue, alpha
};

// The masks of bit fields, stated or as 16 and 32 bits have them.
void ReadFields(const Source& in, uint32_t header_size, Header& header) {
  const bool stated =
      header.compression == kBitFields || header.compression == kAlphaBitFields;
  if (!stated) {
    const bool five = header.bits == 16;
    header.fields = {Field(five ? 0x7C00 : 0xFF0000),
                     Field(five ? 0x03E0 : 0xFF00), Field(five ? 0x1F : 0xFF),
                     Field(0)};
    return;
  }
  constexpr size_t kMasks = kFileHeader + kInfoHeader;
  for (size_t c = 0; c < 3; ++c)
    header.fields[c] = Field(in.U32(kMasks + 4 * c));
  // Larger headers have one for alpha.
  if (header_size >= 56 || header.compression == kAlphaBitFields)
    header.fields[3] = Field(in.U32(kMasks + 12));
  if (header_size == kInfoHeader) {
    header.palette += header.compression == kAlphaBitFields ? 16 : 12;
  }
}

absl::Status CheckKind(const Header& header) {
  const uint32_t bits = header.bits;
  const bool known = bits == 1 || bits == 2 || bits == 4 || bits == 8 ||
                     bits == 16 || bits == 24 || bits == 32;
  const bool goes = header.compression == kPlain ||
                    (header.compression == kRle8 && bits == 8) ||
                    (header.compression == kRle4 && bits == 4) ||
                    ((header.compression == kBitFields ||
                      header.compression == kAlphaBitFields) &&
                     (bits == 16 || bits == 32));
  if (known && goes) return absl::OkStatus();
  return Broken(absl::StrCat(bits, " bits a pixel with compression ",
                             header.compression, " are not read here"));
}

absl::StatusOr<Header> ReadHeader(const Source& in) {
  if (in.size() < kFileHeader + kCoreHeader) return Broken("no header");
  Header header;
  header.pixels = in.U32(10);
  const uint32_t size = in.U32(14);
  header.palette = kFileHeader + size_t{size};
  if (size == kCoreHeader) {
    header.width = in.U16(18);
    header.height = in.U16(20);
    header.bits = in.U16(24);
    header.color_bytes = 3;
  } else {
    if (size < 16 || in.size() < kFileHeader + size) return Broken("no header");
    header.width = static_cast<int32_t>(in.U32(18));
    const int64_t height = static_cast<int32_t>(in.U32(22));
    header.top_down = height < 0;
    header.height = std::abs(height);
    header.bits = in.U16(28);
    if (size >= kInfoHeader) {
      header.compression = in.U32(30);
      header.colors = in.U32(46);
    }
  }
  if (header.width < 1 || header.height < 1) return Broken("no pixels");
  RETURN_IF_ERROR(CheckKind(header));
  ReadFields(in, size, header);
  const uint32_t most = header.bits <= 8 ? 1u << header.bits : 0;
  header.colors = header.colors == 0 ? most : std::min(header.colors, most);
  if (header.pixels > in.size()) return Broken("it ends before its pixels");
  return header;
}

// Red, green, blue a colour; black past the stated ones.
using Palette = std::array<std::array<uint8_t, 3>, 256>;

Palette ReadPalette(const Source& in, const Header& header) {
  Palette palette = {};
  for (uint32_t i = 0; i < header.colors; ++i) {
    const size_t at = header.palette + size_t{i} * header.color_bytes;
    for (size_t c = 0; c < 3; ++c)
      palette[i][c] = static_cast<uint8_t>(in.U8(at + 2 - c));
  }
  return palette;
}

// Palette indices of run lengths, line by line from the bottom; what no run
// covers is 0.
absl::Status Unroll(const Source& in, const Header& header,
                    std::vector<uint8_t>& indices) {
  const bool nibbles = header.compression == kRle4;
  const int64_t width = header.width, height = header.height;
  int64_t x = 0, y = 0;
  const auto put = [&](uint32_t index) {
    if (x < width && y < height)
      indices[static_cast<size_t>(y * width + x)] = static_cast<uint8_t>(index);
    ++x;
  };
  const auto nibble = [](uint32_t byte, uint32_t i) {
    return i % 2 == 0 ? byte >> 4 : byte & 15;
  };
  for (size_t at = header.pixels; y < height;) {
    if (at + 2 > in.size()) return Broken("it ends within its pixels");
    const uint32_t count = in.U8(at), value = in.U8(at + 1);
    at += 2;
    if (count > 0) {
      for (uint32_t i = 0; i < count; ++i)
        put(nibbles ? nibble(value, i) : value);
    } else if (value == 0) {
      x = 0;
      ++y;
    } else if (value == 1) {
      return absl::OkStatus();
    } else if (value == 2) {
      x += in.U8(at);
      y += in.U8(at + 1);
      at += 2;
    } else {
      for (uint32_t i = 0; i < value; ++i) {
        put(nibbles ? nibble(in.U8(at + i / 2), i) : in.U8(at + i));
      }
      const size_t bytes = nibbles ? (value + 1) / 2 : value;
      at += bytes + bytes % 2;
    }
  }
  return absl::OkStatus();
}

// Bytes of a stored line: whole groups of four.
uint64_t StrideOf(const Header& header) {
  return (static_cast<uint64_t>(header.width) * header.bits + 31) / 32 * 4;
}

uint32_t IndexAt(const Source& in, size_t line, uint32_t bits, int64_t x) {
  const size_t bit = static_cast<size_t>(x) * bits;
  return in.U8(line + bit / 8) >> (8 - bits - bit % 8) & ((1u << bits) - 1);
}

// A line of pixels that are stored one after the other.
void PutLine(const Source& in, const Header& header, const Palette& palette,
             size_t line, int channels, uint8_t* to) {
  for (int64_t x = 0; x < header.width; ++x, to += channels) {
    const size_t at = line + static_cast<size_t>(x) * (header.bits / 8);
    if (header.bits <= 8) {
      const auto& color = palette[IndexAt(in, line, header.bits, x)];
      std::copy(color.begin(), color.end(), to);
    } else if (header.bits == 24) {
      for (size_t c = 0; c < 3; ++c)
        to[c] = static_cast<uint8_t>(in.U8(at + 2 - c));
    } else {
      const uint32_t pixel = header.bits == 16 ? in.U16(at) : in.U32(at);
      for (size_t c = 0; c < 3; ++c) to[c] = header.fields[c].Of(pixel, 0);
      if (channels == 4) to[3] = header.fields[3].Of(pixel, 255);
    }
  }
}

// Programs that know no alpha leave it 0 everywhere.
void MakeOpaque(Image8& image) {
  for (size_t i = 3; i < image.pixels.size(); i += 4) {
    if (image.pixels[i] != 0) return;
  }
  for (size_t i = 3; i < image.pixels.size(); i += 4) image.pixels[i] = 255;
}

}  // namespace

absl::Status ReadBmpHeader(absl::string_view bytes, int64_t* width,
                           int64_t* height) {
  ASSIGN_OR_RETURN(const Header header, ReadHeader(Source(bytes)));
  *width = header.width;
  *height = header.height;
  return absl::OkStatus();
}

absl::StatusOr<Image8> DecodeBmp(absl::string_view bytes,
                                 const ImageInfo& info) {
  const Source in(bytes);
  ASSIGN_OR_RETURN(const Header header, ReadHeader(in));
  const Palette palette = ReadPalette(in, header);
  Image8 image{info.width, info.height, header.fields[3].max > 0 ? 4 : 3, {}};
  const size_t count = static_cast<size_t>(info.width) * info.height;
  const bool rolled =
      header.compression == kRle8 || header.compression == kRle4;
  const uint64_t stride = StrideOf(header);
  if (!rolled &&
      stride * static_cast<uint64_t>(info.height) > in.size() - header.pixels) {
    return Broken("it ends within its pixels");
  }
  image.pixels.resize(count * image.channels);
  std::vector<uint8_t> indices(rolled ? count : 0);
  if (rolled) RETURN_IF_ERROR(Unroll(in, header, indices));
  for (int64_t y = 0; y < info.height; ++y) {
    const int64_t stored = header.top_down ? y : info.height - 1 - y;
    uint8_t* to = image.pixels.data() +
                  static_cast<size_t>(y) * info.width * image.channels;
    if (!rolled) {
      PutLine(in, header, palette,
              header.pixels + static_cast<size_t>(stored) * stride,
              image.channels, to);
      continue;
    }
    for (int64_t x = 0; x < info.width; ++x, to += 3) {
      const auto& color =
          palette[indices[static_cast<size_t>(stored) * info.width + x]];
      std::copy(color.begin(), color.end(), to);
    }
  }
  if (image.channels == 4) MakeOpaque(image);
  return image;
}

}  // namespace phosphene
