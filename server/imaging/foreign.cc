// Names files that are no image read here, with the way to one.

#include "server/imaging/foreign.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

constexpr size_t kHead = 1024;

// One kind of file: what it is called, and what makes a PNG of it ("" where
// nothing does).
struct Kind {
  absl::string_view name;
  absl::string_view command;
};

constexpr Kind kVideo = {"a video", "ffmpeg -i in.mp4 -frames:v 1 picture.png"};
constexpr Kind kMovie = {"a QuickTime video",
                         "ffmpeg -i in.mov -frames:v 1 picture.png"};
constexpr Kind kHeic = {"HEIC, as phones store photos",
                        "magick photo.heic photo.png"};
constexpr Kind kAvif = {"AVIF", "magick picture.avif picture.png"};
constexpr Kind kRaw = {"a camera's raw photo", "magick photo.cr3 photo.png"};

// First bytes that tell a kind.
struct Magic {
  absl::string_view bytes;
  Kind kind;
};

template <size_t N>
constexpr absl::string_view Bytes(const char (&text)[N]) {
  return {text, N - 1};
}

const std::vector<Magic>& Magics() {
  static const std::vector<Magic> magics = {
      {Bytes("\xFF\x0A"), {"JPEG XL", "djxl picture.jxl picture.png"}},
      {Bytes("\0\0\0\x0CJXL "), {"JPEG XL", "djxl picture.jxl picture.png"}},
      {Bytes("\0\0\0\x0CjP  "),
       {"JPEG 2000", "magick picture.jp2 picture.png"}},
      {Bytes("\xFF\x4F\xFF\x51"),
       {"JPEG 2000", "magick picture.j2k picture.png"}},
      {Bytes("8BPS"),
       {"a Photoshop document", "magick 'in.psd[0]' picture.png"}},
      {Bytes("%PDF"), {"PDF", "pdftoppm -png -singlefile in.pdf picture"}},
      {Bytes("%!PS"), {"PostScript", "magick in.eps picture.png"}},
      {Bytes("\x76\x2F\x31\x01"),
       {"OpenEXR", "magick in.exr -auto-level picture.png"}},
      {Bytes("#?R"),
       {"a Radiance picture", "magick in.hdr -auto-level picture.png"}},
      {Bytes("\x1A\x45\xDF\xA3"),
       {"a video", "ffmpeg -i in.webm -frames:v 1 picture.png"}},
      {Bytes("\0\0\x01\0"), {"an icon", "magick 'in.ico[0]' picture.png"}},
      {Bytes("gimp xcf"), {"a GIMP document", "magick in.xcf picture.png"}},
      {Bytes("qoif"), {"QOI", "magick in.qoi picture.png"}},
      {Bytes("DDS "), {"a DDS texture", "magick in.dds picture.png"}},
      {Bytes("SIMPLE  ="), {"FITS", "magick in.fits -auto-level picture.png"}},
      {Bytes("FUJIFILMCCD-RAW"),
       {"a camera's raw photo", "magick photo.raf photo.png"}},
      {Bytes("IIRO"), {"a camera's raw photo", "magick photo.orf photo.png"}},
      {Bytes("IIU\0"), {"a camera's raw photo", "magick photo.rw2 photo.png"}},
      {Bytes("PK\x03\x04"), {"a ZIP archive", "unzip in.zip"}},
      {Bytes("\x1F\x8B"), {"a gzip file", "gunzip picture.png.gz"}},
      {Bytes("\x93NUMPY"), {"a NumPy array", ""}},
      {Bytes("version https://git-lfs"),
       {"a pointer of Git LFS instead of the file", "git lfs pull"}},
  };
  return magics;
}

// The ISO base media family: what it is says its brand.
Kind KindOfBrand(absl::string_view brand) {
  if (brand == "avif" || brand == "avis") return kAvif;
  for (const char* heif :
       {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}) {
    if (brand == heif) return kHeic;
  }
  if (brand == "crx ") return kRaw;
  return brand == "qt  " ? kMovie : kVideo;
}

// "P1".."P7" and white space.
bool IsNetpbm(absl::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' &&
         bytes[1] <= '7' && absl::ascii_isspace(bytes[2]);
}

bool IsText(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](unsigned char c) {
    return c >= ' ' || absl::ascii_isspace(c);
  });
}

Kind KindOfText(absl::string_view bytes) {
  const std::string lower = absl::AsciiStrToLower(bytes);
  if (absl::StrContains(lower, "<svg"))
    return {"SVG", "rsvg-convert in.svg -o picture.png"};
  if (absl::StrContains(lower, "<html") ||
      absl::StrContains(lower, "<!doctype html")) {
    return {"a page of the web, such as a site answers instead of the file",
            ""};
  }
  return {"text", ""};
}

Kind KindOf(absl::string_view bytes) {
  for (const Magic& magic : Magics()) {
    if (absl::StartsWith(bytes, magic.bytes)) return magic.kind;
  }
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp")
    return KindOfBrand(bytes.substr(8, 4));
  if (absl::StartsWith(bytes, "RIFF") && bytes.size() >= 12 &&
      bytes.substr(8, 4) == "AVI ") {
    return {"a video", "ffmpeg -i in.avi -frames:v 1 picture.png"};
  }
  if (IsNetpbm(bytes)) return {"a Netpbm picture", "magick in.ppm picture.png"};
  if (!bytes.empty() && IsText(bytes)) return KindOfText(bytes);
  return {};
}

}  // namespace

std::string LooksLike(absl::string_view bytes) {
  const Kind kind = KindOf(bytes.substr(0, kHead));
  if (kind.name.empty()) return "";
  if (kind.command.empty()) return absl::StrCat("it looks like ", kind.name);
  return absl::StrCat("it looks like ", kind.name, "; first: ", kind.command);
}

}  // namespace phosphene
