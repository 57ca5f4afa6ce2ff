// Pictures in the client: the server's, and their PNG.

#include "client/view/pixels.h"

#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "server/imaging/layout.h"

namespace phosphene::client {

Pixels Pixels::Make(int width, int height, int channels) {
  Pixels out;
  out.width = width;
  out.height = height;
  out.channels = channels;
  out.pixels.resize(static_cast<size_t>(width) * height * channels);
  return out;
}

absl::StatusOr<Pixels> DecodePixels(absl::string_view bytes) {
  ASSIGN_OR_RETURN(Image8 image, DecodeImage(bytes));
  if (image.channels >= 3) return Pixels(std::move(image));
  return Pixels(ConvertChannels(image, image.channels == 2 ? 4 : 3));
}

std::string PngOf(
    const Pixels& pixels,
    const std::vector<std::pair<std::string, std::string>>& text) {
  PngOptions options;
  options.text = text;
  absl::StatusOr<std::string> png = EncodePng(pixels, options);
  PHOSPHENE_CHECK(png.ok());
  return *std::move(png);
}

}  // namespace phosphene::client
