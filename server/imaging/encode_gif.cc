// Pixels to animated GIF, by giflib.

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/animation.h"
#include "server/imaging/encode.h"
#include "server/imaging/gif_bytes.h"
#include "server/imaging/palette.h"

namespace phosphene {
namespace {

constexpr int kMaxSide = 65535;
// Browsers take shorter delays than two hundredths for ten.
constexpr int kMaxFramesPerSecond = 50;

using Colors = std::unique_ptr<ColorMapObject, void (*)(ColorMapObject*)>;

// Palettes have a power of two of colours.
Colors ColorsOf(const IndexedImage& frame) {
  int size = 2;
  while (size < static_cast<int>(frame.colors.size())) size *= 2;
  Colors map(GifMakeMapObject(size, nullptr), GifFreeMapObject);
  if (map == nullptr) return map;
  for (size_t i = 0; i < frame.colors.size(); ++i) {
    map->Colors[i] = {frame.colors[i][0], frame.colors[i][1],
                      frame.colors[i][2]};
  }
  return map;
}

// Screen, and that the frames are shown again and again (an extension of
// Netscape's that all programs know).
bool WriteHead(GifFileType* gif, const IndexedImage& first,
               const std::string& comment) {
  EGifSetGifVersion(gif, true);
  constexpr std::array<uint8_t, 3> kForever = {1, 0, 0};
  return EGifPutScreenDesc(gif, first.width, first.height, 8, 0, nullptr) ==
             GIF_OK &&
         EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
         EGifPutExtensionBlock(gif, 11, "NETSCAPE2.0") == GIF_OK &&
         EGifPutExtensionBlock(gif, kForever.size(), kForever.data()) ==
             GIF_OK &&
         EGifPutExtensionTrailer(gif) == GIF_OK &&
         (comment.empty() || EGifPutComment(gif, comment.c_str()) == GIF_OK);
}

// A frame for `delay` hundredths of a second; one with holes is taken away
// before the next.
bool WriteFrame(GifFileType* gif, const IndexedImage& frame, int delay) {
  const GraphicsControlBlock control = {
      frame.transparent < 0 ? DISPOSE_DO_NOT : DISPOSE_BACKGROUND, false, delay,
      frame.transparent < 0 ? NO_TRANSPARENT_COLOR : frame.transparent};
  std::array<GifByteType, 4> bytes;
  EGifGCBToExtension(&control, bytes.data());
  const Colors colors = ColorsOf(frame);
  if (colors == nullptr ||
      EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, bytes.size(),
                       bytes.data()) == GIF_ERROR ||
      EGifPutImageDesc(gif, 0, 0, frame.width, frame.height, false,
                       colors.get()) == GIF_ERROR) {
    return false;
  }
  std::vector<GifPixelType> line(frame.width);
  for (int y = 0; y < frame.height; ++y) {
    const auto* from =
        frame.indices.data() + static_cast<size_t>(y) * frame.width;
    line.assign(from, from + frame.width);
    if (EGifPutLine(gif, line.data(), frame.width) == GIF_ERROR) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> EncodeGif(const std::vector<Image8>& frames,
                                      const GifOptions& options) {
  RETURN_IF_ERROR(
      CheckFrames(frames, options.frames_per_second, kMaxFramesPerSecond));
  if (frames[0].width > kMaxSide || frames[0].height > kMaxSide) {
    return absl::InvalidArgumentError(
        absl::StrCat("GIF holds at most ", kMaxSide, " pixels on a side, not ",
                     frames[0].width, " x ", frames[0].height));
  }
  const auto file = GifBytes::Write();
  if (file->handle() == nullptr) return file->Error();
  std::vector<IndexedImage> indexed(frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    indexed[i] = ToPalette(frames[i]);
  }
  if (!WriteHead(file->handle(), indexed[0], options.comment))
    return file->Error();
  // Ends of frames are rounded, not their lengths, so that none gets lost.
  const auto shown_until = [&](int64_t frame) {
    return static_cast<int>((frame * 200 / options.frames_per_second + 1) / 2);
  };
  int64_t shown = 0;
  for (const size_t i : ShownOrder(frames.size(), options.ping_pong)) {
    const int delay = shown_until(shown + 1) - shown_until(shown);
    if (!WriteFrame(file->handle(), indexed[i], delay)) return file->Error();
    ++shown;
  }
  return file->Finish();
}

}  // namespace phosphene
