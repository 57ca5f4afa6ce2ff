// Images as frames that fit a message.

#include "server/scheduler/frame_encoder.h"

#include <string>
#include <utility>

#include "server/base/status_macros.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

constexpr int kDefaultQuality = 85;
// Frames are looked at once; speed counts for more than size.
constexpr int kPngCompression = 1;

}  // namespace

absl::StatusOr<v1::Frame> EncodeFrame(int64_t step, const Image8& image,
                                      int quality) {
  const bool alpha = image.channels == 2 || image.channels == 4;
  std::string bytes;
  if (alpha) {
    ASSIGN_OR_RETURN(bytes, EncodePng(image, {.compression = kPngCompression}));
  } else {
    ASSIGN_OR_RETURN(
        bytes, EncodeJpeg(image, {.quality = quality > 0 ? quality
                                                         : kDefaultQuality}));
  }
  v1::Frame frame;
  frame.set_step(step);
  frame.set_image(std::move(bytes));
  frame.set_media_type(alpha ? "image/png" : "image/jpeg");
  frame.set_width(image.width);
  frame.set_height(image.height);
  return frame;
}

}  // namespace phosphene
