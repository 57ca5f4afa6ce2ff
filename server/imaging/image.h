#pragma once

#include <cstdint>
#include <vector>

namespace phosphene {

// A picture in memory: rows top to bottom, channels interleaved, 8 bits each;
// 1 = grey, 2 = grey+alpha, 3 = RGB, 4 = RGB + straight alpha, all sRGB.
// Thread-compatible.
struct Image8 {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// The same with 16 bits each, 0..65535.
struct Image16 {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint16_t> pixels;  // [height, width, channels]
};

}  // namespace phosphene
