// Pixels to WebP, still and animated, by libwebp.

#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/animation.h"
#include "server/imaging/codecs.h"
#include "server/imaging/encode.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kMaxFramesPerSecond = 60;

// Frees libwebp's buffers.
class Picture {
 public:
  Picture() { valid_ = WebPPictureInit(&picture_) != 0; }
  ~Picture() { WebPPictureFree(&picture_); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  absl::Status Import(const Image8& image) {
    if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
      return absl::InvalidArgumentError(absl::StrCat(
          "WebP holds at most ", WEBP_MAX_DIMENSION, " pixels on a side, not ",
          image.width, " x ", image.height));
    }
    const bool alpha = image.channels == 2 || image.channels == 4;
    const Image8 rgb = ConvertChannels(image, alpha ? 4 : 3);
    picture_.use_argb = 1;
    picture_.width = image.width;
    picture_.height = image.height;
    const auto import = alpha ? WebPPictureImportRGBA : WebPPictureImportRGB;
    if (!valid_ ||
        !import(&picture_, rgb.pixels.data(), rgb.width * rgb.channels)) {
      return absl::ResourceExhaustedError("WebP: no memory for the picture");
    }
    return absl::OkStatus();
  }
  WebPPicture* get() { return &picture_; }

 private:
  WebPPicture picture_;
  bool valid_ = false;
};

absl::StatusOr<WebPConfig> Config(int quality, bool lossless) {
  if (quality < 1 || quality > 100) {
    return absl::InvalidArgumentError(
        absl::StrCat("WebP quality ", quality, " is out of range 1..100"));
  }
  WebPConfig config;
  if (!WebPConfigInit(&config))
    return absl::InternalError("libwebp of another version");
  config.quality = static_cast<float>(quality);
  if (lossless) {
    WebPConfigLosslessPreset(&config, 6);
    config.exact = 1;  // also the colour of what is transparent
  }
  return config;
}

}  // namespace

absl::StatusOr<std::string> EncodeWebp(const Image8& image,
                                       const WebpOptions& options) {
  RETURN_IF_ERROR(CheckImage(image));
  ASSIGN_OR_RETURN(WebPConfig config,
                   Config(options.quality, options.lossless));
  Picture picture;
  RETURN_IF_ERROR(picture.Import(image));
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.get()->writer = WebPMemoryWrite;
  picture.get()->custom_ptr = &writer;
  const bool ok = WebPEncode(&config, picture.get());
  std::string out(reinterpret_cast<char*>(writer.mem), writer.size);
  WebPMemoryWriterClear(&writer);
  if (!ok) {
    return absl::InternalError(
        absl::StrCat("WebP: error ", picture.get()->error_code));
  }
  return out;
}

absl::StatusOr<std::string> EncodeAnimatedWebp(
    const std::vector<Image8>& frames, const AnimatedWebpOptions& options) {
  RETURN_IF_ERROR(
      CheckFrames(frames, options.frames_per_second, kMaxFramesPerSecond));
  ASSIGN_OR_RETURN(WebPConfig config, Config(options.quality, false));
  WebPAnimEncoderOptions animation;
  WebPAnimEncoderOptionsInit(&animation);
  const std::unique_ptr<WebPAnimEncoder, void (*)(WebPAnimEncoder*)> encoder(
      WebPAnimEncoderNew(frames[0].width, frames[0].height, &animation),
      WebPAnimEncoderDelete);
  if (encoder == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no WebP animation of ", frames[0].width, " x ", frames[0].height));
  }
  const auto failed = [&encoder] {
    return absl::InternalError(
        absl::StrCat("WebP: ", WebPAnimEncoderGetError(encoder.get())));
  };
  int64_t shown = 0;
  const auto timestamp = [&] {
    return static_cast<int>(shown * 1000 / options.frames_per_second);
  };
  for (const size_t index : ShownOrder(frames.size(), options.ping_pong)) {
    Picture picture;
    RETURN_IF_ERROR(picture.Import(frames[index]));
    if (!WebPAnimEncoderAdd(encoder.get(), picture.get(), timestamp(), &config))
      return failed();
    ++shown;
  }
  WebPData data;
  WebPDataInit(&data);
  if (!WebPAnimEncoderAdd(encoder.get(), nullptr, timestamp(), nullptr) ||
      !WebPAnimEncoderAssemble(encoder.get(), &data)) {
    return failed();
  }
  std::string out(reinterpret_cast<const char*>(data.bytes), data.size);
  WebPDataClear(&data);
  return out;
}

}  // namespace phosphene
