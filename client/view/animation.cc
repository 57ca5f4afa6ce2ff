// Frames to an animation, by a file's extension.

#include "client/view/animation.h"

#include "server/imaging/encode.h"

namespace phosphene::client {
namespace {

constexpr int kQuality = 80;  // of webp

}  // namespace

bool IsAnimationExtension(absl::string_view extension) {
  return extension == "webp" || extension == "gif" || extension == "apng";
}

absl::StatusOr<std::string> EncodeAnimation(absl::string_view extension,
                                            const std::vector<Image8>& frames,
                                            int frames_per_second) {
  if (extension == "gif") {
    GifOptions gif;
    gif.frames_per_second = frames_per_second;
    return EncodeGif(frames, gif);
  }
  if (extension == "apng") {
    ApngOptions apng;
    apng.frames_per_second = frames_per_second;
    return EncodeApng(frames, apng);
  }
  AnimatedWebpOptions webp;
  webp.quality = kQuality;
  webp.frames_per_second = frames_per_second;
  return EncodeAnimatedWebp(frames, webp);
}

}  // namespace phosphene::client
