#pragma once

#include <cstdint>

namespace phosphene {

// The size of a batch of images, [rows,channels,height,width].
struct Canvas {
  int64_t rows = 1;
  int64_t channels = 3;  // of the image: 1, 3, 4 (rgba) or n
  int64_t height = 224;
  int64_t width = 224;
};

}  // namespace phosphene
