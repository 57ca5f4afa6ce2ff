#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// An image in memory, rows top to bottom, 8 bits a channel.
struct Pixels {
  int width = 0;
  int height = 0;
  int channels = 3;           // 3: RGB, 4: RGB and straight alpha
  std::vector<uint8_t> data;  // [height, width, channels]

  static Pixels Make(int width, int height, int channels);
  uint8_t* At(int x, int y) { return &data[Offset(x, y)]; }
  const uint8_t* At(int x, int y) const { return &data[Offset(x, y)]; }

 private:
  size_t Offset(int x, int y) const {
    return (static_cast<size_t>(y) * width + x) * channels;
  }
};

// Decodes a PNG or JPEG a server made. INVALID_ARGUMENT: neither, damaged, or
// more than 2^28 pixels.
absl::StatusOr<Pixels> DecodeImage(absl::string_view bytes);

// PNG, 8 bits a channel.
std::string EncodePng(const Pixels& pixels);

// Averages down (or repeats up) to a size; for looking at.
Pixels Resize(const Pixels& pixels, int width, int height);

// Alpha shown over a grey board of 8-pixel fields; RGB stays as it is.
Pixels OverBoard(const Pixels& pixels);

// One above the other; widths and channels must agree.
absl::StatusOr<Pixels> Stack(const std::vector<Pixels>& parts);

}  // namespace phosphene::client
