#include "client/view/animation.h"

#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

absl::Status AddFrame(WebPAnimEncoder* encoder, const WebPConfig& config,
                      const Pixels& frame, int milliseconds) {
  WebPPicture picture;
  if (!WebPPictureInit(&picture))
    return absl::InternalError("libwebp of another version");
  picture.use_argb = 1;
  picture.width = frame.width;
  picture.height = frame.height;
  const auto import =
      frame.channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB;
  const bool added =
      import(&picture, frame.data.data(), frame.width * frame.channels) &&
      WebPAnimEncoderAdd(encoder, &picture, milliseconds, &config);
  WebPPictureFree(&picture);
  if (added) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("WebP: ", WebPAnimEncoderGetError(encoder)));
}

}  // namespace

absl::StatusOr<std::string> EncodeAnimation(const std::vector<Pixels>& frames,
                                            int frames_per_second,
                                            int quality) {
  if (frames.empty())
    return absl::InvalidArgumentError("an animation needs a frame");
  const int width = frames[0].width, height = frames[0].height;
  WebPConfig config;
  WebPAnimEncoderOptions options;
  if (!WebPConfigInit(&config) || !WebPAnimEncoderOptionsInit(&options))
    return absl::InternalError("libwebp of another version");
  config.quality = static_cast<float>(quality);
  const std::unique_ptr<WebPAnimEncoder, void (*)(WebPAnimEncoder*)> encoder(
      WebPAnimEncoderNew(width, height, &options), WebPAnimEncoderDelete);
  if (encoder == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("no WebP animation of ", width, " x ", height));
  }
  const auto shown_at = [frames_per_second](size_t frame) {
    return static_cast<int>(frame * 1000 /
                            static_cast<size_t>(frames_per_second));
  };
  for (size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].width != width || frames[i].height != height) {
      return absl::InvalidArgumentError(
          "frames of an animation must have one size");
    }
    const absl::Status added =
        AddFrame(encoder.get(), config, frames[i], shown_at(i));
    if (!added.ok()) return added;
  }
  WebPData data;
  WebPDataInit(&data);
  if (!WebPAnimEncoderAdd(encoder.get(), nullptr, shown_at(frames.size()),
                          nullptr) ||
      !WebPAnimEncoderAssemble(encoder.get(), &data)) {
    return absl::InternalError(
        absl::StrCat("WebP: ", WebPAnimEncoderGetError(encoder.get())));
  }
  std::string out(reinterpret_cast<const char*>(data.bytes), data.size);
  WebPDataClear(&data);
  return out;
}

}  // namespace phosphene::client
