#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "server/imaging/image.h"

namespace phosphene {

// A smooth picture whose corners differ, so that turns and mirrors show.
inline Image8 Gradient(int width, int height, int channels) {
  Image8 image{width, height, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int values[] = {x * 255 / std::max(1, width - 1),
                            y * 255 / std::max(1, height - 1),
                            (x + y) * 255 / std::max(1, width + height - 2),
                            255 - x * 200 / std::max(1, width - 1)};
      for (int c = 0; c < channels; ++c) {
        const bool alpha = channels % 2 == 0 && c == channels - 1;
        image.pixels.push_back(static_cast<uint8_t>(values[alpha ? 3 : c]));
      }
    }
  }
  return image;
}

inline Image8 Flat(int width, int height, std::vector<uint8_t> pixel) {
  Image8 image{width, height, static_cast<int>(pixel.size()), {}};
  for (int i = 0; i < width * height; ++i) {
    image.pixels.insert(image.pixels.end(), pixel.begin(), pixel.end());
  }
  return image;
}

// Largest difference of a value; 256 when the shapes differ.
inline int MaxDifference(const Image8& a, const Image8& b) {
  if (a.width != b.width || a.height != b.height || a.channels != b.channels)
    return 256;
  int worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return worst;
}

inline std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes; i-- > 0;)
    out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

// A TIFF directory that holds an orientation alone.
inline std::string ExifOf(int orientation) {
  using std::string;
  return string("MM\0\x2a\0\0\0\x08", 8) + BigEndian(1, 2) +
         BigEndian(0x0112, 2) + BigEndian(3, 2) + BigEndian(1, 4) +
         BigEndian(orientation, 2) + BigEndian(0, 2) + BigEndian(0, 4);
}

// The JPEG with an EXIF segment after its first marker.
inline std::string WithExif(const std::string& jpeg, int orientation) {
  const std::string body = std::string("Exif\0\0", 6) + ExifOf(orientation);
  return jpeg.substr(0, 2) + "\xFF\xE1" + BigEndian(body.size() + 2, 2) + body +
         jpeg.substr(2);
}

}  // namespace phosphene
