#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "server/imaging/image.h"

namespace phosphene {

constexpr int kMaxColors = 256;

// A picture of at most kMaxColors colours.
struct IndexedImage {
  int width = 0;
  int height = 0;
  std::vector<std::array<uint8_t, 3>> colors;  // 1..kMaxColors, RGB
  int transparent = -1;  // index of what shows nothing; -1: there is none
  std::vector<uint8_t> indices;  // [height, width]
};

// A picture of 1 to 4 channels with the colours that suit it best: those it
// has, where they are few; else boxes of colours are cut at their means until
// there are enough (after Wu 1991), these settle by k-means, and what is
// between them is dithered (Floyd-Steinberg, lines forth and back). Alpha below
// 128 is transparent, above opaque. Equal pictures make equal palettes.
// REQUIRES: an image of 1 to 4 channels that is not empty.
IndexedImage ToPalette(const Image8& image);

}  // namespace phosphene
