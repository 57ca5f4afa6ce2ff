#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/image.h"

namespace phosphene::client {

// A picture as the server has them, with its places at hand.
struct Pixels : Image8 {
  Pixels() = default;
  explicit Pixels(Image8 image) : Image8(std::move(image)) {}
  // All zero.
  static Pixels Make(int width, int height, int channels);

  uint8_t* At(int x, int y) { return &pixels[Offset(x, y)]; }
  const uint8_t* At(int x, int y) const { return &pixels[Offset(x, y)]; }

 private:
  size_t Offset(int x, int y) const {
    return (static_cast<size_t>(y) * width + x) * channels;
  }
};

// Decodes a picture as RGB or RGBA, grey spread over the three. Errors as
// DecodeImage of server/imaging.
absl::StatusOr<Pixels> DecodePixels(absl::string_view bytes);

// PNG, 8 bits a channel, with text chunks (PngOptions::text). REQUIRES: a
// picture that is not empty.
std::string PngOf(
    const Pixels& pixels,
    const std::vector<std::pair<std::string, std::string>>& text = {});

}  // namespace phosphene::client
