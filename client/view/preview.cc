// Pictures in a terminal: kitty, iTerm2, sixels or blocks.

#include "client/view/preview.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/imaging/layout.h"

namespace phosphene::client {
namespace {

std::string Base64(absl::string_view bytes) {
  return absl::Base64Escape(bytes);
}

// Kitty's graphics protocol: raw RGB in chunks of at most 4096 characters,
// always image 1, so that each frame replaces the one before.
std::string KittyPicture(const Pixels& rgb, int columns, int rows) {
  constexpr size_t kChunk = 4096;
  const std::string data = Base64(absl::string_view(
      reinterpret_cast<const char*>(rgb.pixels.data()), rgb.pixels.size()));
  std::string out;
  for (size_t at = 0; at < data.size(); at += kChunk) {
    const bool more = at + kChunk < data.size();
    const std::string control =
        at == 0 ? absl::StrFormat(
                      "a=T,f=24,i=1,p=1,q=2,C=1,s=%d,v=%d,c=%d,r=%d,m=%d",
                      rgb.width, rgb.height, columns, rows, more)
                : absl::StrFormat("m=%d", more);
    absl::StrAppend(&out, "\x1b_G", control, ";", data.substr(at, kChunk),
                    "\x1b\\");
  }
  return out;
}

// iTerm2's inline images; any format the terminal decodes.
std::string ItermPicture(const Pixels& rgb, int columns, int rows) {
  return absl::StrFormat(
      "\x1b]1337;File=inline=1;width=%d;height=%d;preserveAspectRatio=1:%s\a",
      columns, rows, Base64(PngOf(rgb)));
}

// Sixels: six rows a band, a 6 x 6 x 6 colour cube. A cell is taken as 10 x 20
// pixels, the VT340's.
std::string SixelPicture(const Pixels& rgb, int columns, int rows) {
  const Pixels small(Resize(rgb, columns * 10, rows * 20));
  const auto level = [](uint8_t value) { return (value * 5 + 127) / 255; };
  std::string out = "\x1bPq";
  for (int i = 0; i < 216; ++i) {
    absl::StrAppend(&out, absl::StrFormat("#%d;2;%d;%d;%d", i, i / 36 * 20,
                                          i / 6 % 6 * 20, i % 6 * 20));
  }
  for (int top = 0; top < small.height; top += 6) {
    // For each colour of the band, six bits a column.
    std::map<int, std::string> planes;
    for (int x = 0; x < small.width; ++x) {
      for (int bit = 0; bit < 6 && top + bit < small.height; ++bit) {
        const uint8_t* p = small.At(x, top + bit);
        std::string& plane =
            planes[level(p[0]) * 36 + level(p[1]) * 6 + level(p[2])];
        plane.resize(static_cast<size_t>(small.width), '\0');
        plane[static_cast<size_t>(x)] =
            static_cast<char>(plane[static_cast<size_t>(x)] | 1 << bit);
      }
    }
    for (const auto& [color, plane] : planes) {
      absl::StrAppend(&out, "#", color);
      for (size_t x = 0; x < plane.size();) {
        size_t run = x;
        while (run < plane.size() && plane[run] == plane[x]) ++run;
        const std::string symbol(1, static_cast<char>('?' + plane[x]));
        absl::StrAppend(&out, run - x > 3 ? absl::StrCat("!", run - x, symbol)
                                          : std::string(run - x, symbol[0]));
        x = run;
      }
      out += '$';
    }
    out += '-';
  }
  return out + "\x1b\\";
}

// Two pixels a cell: the upper half block in one colour on another.
std::string BlockPicture(const Pixels& rgb, int columns, int rows) {
  const Pixels small(Resize(rgb, columns, rows * 2));
  std::string out;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const uint8_t* a = small.At(x, 2 * y);
      const uint8_t* b = small.At(x, 2 * y + 1);
      absl::StrAppend(
          &out, absl::StrFormat("\x1b[38;2;%d;%d;%dm\x1b[48;2;%d;%d;%dm\u2580",
                                a[0], a[1], a[2], b[0], b[1], b[2]));
    }
    out += "\x1b[0m";
    if (y + 1 < rows) absl::StrAppend(&out, "\x1b[", columns, "D\x1b[1B");
  }
  return out;
}

}  // namespace

PictureProtocol DetectProtocol(
    const std::function<const char*(const char*)>& get) {
  const auto value = [&](const char* name) {
    const char* text = get(name);
    return absl::string_view(text == nullptr ? "" : text);
  };
  const absl::string_view said = value("PHOSPHENE_PREVIEW");
  if (said == "kitty") return PictureProtocol::kKitty;
  if (said == "iterm") return PictureProtocol::kIterm;
  if (said == "sixel") return PictureProtocol::kSixel;
  if (said == "blocks") return PictureProtocol::kBlocks;
  const absl::string_view term = value("TERM"), program = value("TERM_PROGRAM");
  // Multiplexers swallow pictures unless told otherwise.
  if (!value("TMUX").empty() || absl::StartsWith(term, "screen"))
    return PictureProtocol::kBlocks;
  if (!value("KITTY_WINDOW_ID").empty() || term == "xterm-kitty" ||
      term == "xterm-ghostty") {
    return PictureProtocol::kKitty;
  }
  if (program == "iTerm.app" || program == "WezTerm" ||
      value("LC_TERMINAL") == "iTerm2") {
    return PictureProtocol::kIterm;
  }
  if (absl::StartsWith(term, "foot") || term == "mlterm" ||
      absl::StrContains(term, "sixel")) {
    return PictureProtocol::kSixel;
  }
  return PictureProtocol::kBlocks;
}

std::string Picture(PictureProtocol protocol, const Pixels& pixels, int columns,
                    int rows) {
  const Pixels rgb(OverBackdrop(pixels, Backdrop::kCheckerboard));
  switch (protocol) {
    case PictureProtocol::kKitty:
      return KittyPicture(rgb, columns, rows);
    case PictureProtocol::kIterm:
      return ItermPicture(rgb, columns, rows);
    case PictureProtocol::kSixel:
      return SixelPicture(rgb, columns, rows);
    case PictureProtocol::kBlocks:
      break;
  }
  return BlockPicture(rgb, columns, rows);
}

std::string PictureBlock(PictureProtocol protocol, const Pixels& pixels,
                         int columns, int rows, bool again) {
  std::string out = "\r";
  if (!again) out += std::string(static_cast<size_t>(rows), '\n');
  // Up to the first line, save, draw, restore, down below the picture.
  return absl::StrCat(out, "\x1b[", rows, "A",
                      "\x1b"
                      "7",
                      Picture(protocol, pixels, columns, rows),
                      "\x1b"
                      "8",
                      "\x1b[", rows, "B");
}

std::pair<int, int> FitCells(int width, int height, int columns, int rows) {
  const double aspect =
      static_cast<double>(std::max(width, 1)) / std::max(height, 1);
  double w = columns, h = w / aspect / 2;
  if (h > rows) {
    h = rows;
    w = h * 2 * aspect;
  }
  return {std::clamp(static_cast<int>(std::lround(w)), 1, columns),
          std::clamp(static_cast<int>(std::lround(h)), 1, rows)};
}

}  // namespace phosphene::client
