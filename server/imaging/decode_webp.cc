// WebP to pixels, by libwebp; the first frame of an animation.

#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "server/imaging/codecs.h"

namespace phosphene {
namespace {

absl::Status Broken() {
  return absl::InvalidArgumentError("broken or truncated WebP image");
}

Image8 Empty(const ImageInfo& info, int channels) {
  Image8 image;
  image.width = info.width;
  image.height = info.height;
  image.channels = channels;
  image.pixels.resize(static_cast<size_t>(info.width) * info.height * channels);
  return image;
}

// Composited by libwebp, always with alpha.
absl::StatusOr<Image8> FirstFrame(const WebPData& data, const ImageInfo& info) {
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, nullptr), WebPAnimDecoderDelete);
  if (decoder == nullptr) return Broken();
  uint8_t* rgba = nullptr;
  int timestamp = 0;
  if (!WebPAnimDecoderGetNext(decoder.get(), &rgba, &timestamp))
    return Broken();
  Image8 image = Empty(info, 4);
  image.pixels.assign(rgba, rgba + image.pixels.size());
  return image;
}

}  // namespace

absl::StatusOr<Image8> DecodeWebp(absl::string_view bytes,
                                  const ImageInfo& info) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK ||
      features.width != info.width || features.height != info.height) {
    return Broken();
  }
  if (features.has_animation) return FirstFrame({data, bytes.size()}, info);
  Image8 image = Empty(info, features.has_alpha ? 4 : 3);
  const auto decode =
      features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  const uint8_t* done =
      decode(data, bytes.size(), image.pixels.data(), image.pixels.size(),
             image.width * image.channels);
  if (done == nullptr) return Broken();
  return image;
}

}  // namespace phosphene
