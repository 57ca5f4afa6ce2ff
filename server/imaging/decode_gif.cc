// GIF to pixels, by giflib: the first frame.

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/gif_bytes.h"

namespace phosphene {
namespace {

// Where a file stands before the pixels of its first frame.
struct Frame {
  int64_t width = 0, height = 0;  // of the whole picture
  int transparent = NO_TRANSPARENT_COLOR;
};

absl::Status ReadExtension(GifBytes& file, Frame& frame) {
  int code = 0;
  GifByteType* block = nullptr;
  if (DGifGetExtension(file.handle(), &code, &block) == GIF_ERROR)
    return file.Error();
  while (block != nullptr) {
    // A block is its length and that many bytes.
    if (code == GRAPHICS_EXT_FUNC_CODE && block[0] >= 4)
      frame.transparent = (block[1] & 1) ? block[4] : NO_TRANSPARENT_COLOR;
    if (DGifGetExtensionNext(file.handle(), &block) == GIF_ERROR)
      return file.Error();
  }
  return absl::OkStatus();
}

// Reads up to the pixels. As browsers do, a first frame that is larger than the
// screen it is said to be on makes the screen larger.
absl::StatusOr<Frame> FindFirst(GifBytes& file) {
  Frame frame;
  GifRecordType record = UNDEFINED_RECORD_TYPE;
  while (record != IMAGE_DESC_RECORD_TYPE) {
    if (DGifGetRecordType(file.handle(), &record) == GIF_ERROR)
      return file.Error();
    if (record == EXTENSION_RECORD_TYPE)
      RETURN_IF_ERROR(ReadExtension(file, frame));
    if (record == TERMINATE_RECORD_TYPE)
      return absl::InvalidArgumentError("broken GIF image: it has no frame");
  }
  if (DGifGetImageDesc(file.handle()) == GIF_ERROR) return file.Error();
  const GifImageDesc& own = file.handle()->Image;
  if (own.Left < 0 || own.Top < 0 || own.Width < 1 || own.Height < 1)
    return absl::InvalidArgumentError("broken GIF image: a frame of no pixels");
  frame.width =
      std::max<int64_t>(file.handle()->SWidth, int64_t{own.Left} + own.Width);
  frame.height =
      std::max<int64_t>(file.handle()->SHeight, int64_t{own.Top} + own.Height);
  return frame;
}

// The lines of a frame in the order they are stored.
std::vector<int> LineOrder(int height, bool interlaced) {
  std::vector<int> order;
  if (!interlaced) {
    for (int y = 0; y < height; ++y) order.push_back(y);
    return order;
  }
  constexpr int kStart[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
  for (int pass = 0; pass < 4; ++pass) {
    for (int y = kStart[pass]; y < height; y += kStep[pass]) order.push_back(y);
  }
  return order;
}

// A line of palette indices to its place; colours past the palette are black.
void PutLine(const std::vector<GifPixelType>& line, const ColorMapObject& map,
             int transparent, int channels, uint8_t* to) {
  for (const GifPixelType index : line) {
    const bool clear = index == transparent;
    if (!clear && index < map.ColorCount) {
      to[0] = map.Colors[index].Red;
      to[1] = map.Colors[index].Green;
      to[2] = map.Colors[index].Blue;
    }
    if (channels == 4) to[3] = clear ? 0 : 255;
    to += channels;
  }
}

}  // namespace

absl::Status ReadGifHeader(absl::string_view bytes, int64_t* width,
                           int64_t* height) {
  const auto file = GifBytes::Read(bytes);
  if (file->handle() == nullptr) return file->Error();
  ASSIGN_OR_RETURN(const Frame frame, FindFirst(*file));
  *width = frame.width;
  *height = frame.height;
  return absl::OkStatus();
}

absl::StatusOr<Image8> DecodeGif(absl::string_view bytes,
                                 const ImageInfo& info) {
  const auto file = GifBytes::Read(bytes);
  if (file->handle() == nullptr) return file->Error();
  ASSIGN_OR_RETURN(const Frame frame, FindFirst(*file));
  const GifImageDesc& own = file->handle()->Image;
  const ColorMapObject* map =
      own.ColorMap != nullptr ? own.ColorMap : file->handle()->SColorMap;
  if (map == nullptr)
    return absl::InvalidArgumentError("broken GIF image: no palette");
  if (frame.width != info.width || frame.height != info.height)
    return absl::InvalidArgumentError(
        "broken GIF image: two headers that differ");
  // What the frame does not cover shows through.
  const bool covers = own.Width == info.width && own.Height == info.height;
  Image8 image;
  image.width = info.width;
  image.height = info.height;
  image.channels = covers && frame.transparent < 0 ? 3 : 4;
  image.pixels.resize(static_cast<size_t>(info.width) * info.height *
                      image.channels);
  std::vector<GifPixelType> line(own.Width);
  for (const int y : LineOrder(own.Height, own.Interlace)) {
    if (DGifGetLine(file->handle(), line.data(), own.Width) == GIF_ERROR)
      return file->Error();
    const size_t at = static_cast<size_t>(own.Top + y) * image.width + own.Left;
    PutLine(line, *map, frame.transparent, image.channels,
            image.pixels.data() + at * image.channels);
  }
  return image;
}

}  // namespace phosphene
