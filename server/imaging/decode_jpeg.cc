// JPEG to pixels, by libjpeg-turbo.

#include <csetjmp>
#include <cstdio>

// jpeglib.h needs FILE, size_t declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "server/imaging/codecs.h"

namespace phosphene {
namespace {

// Everything that must outlive a longjmp out of libjpeg: nothing with a
// destructor may live in the frames it leaves.
struct Reader {
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf fail;
  char message[JMSG_LENGTH_MAX] = "";
  int max_scans = 0;
  std::vector<uint8_t> cmyk_row;
};

Reader* ReaderOf(j_common_ptr jpeg) {
  return static_cast<Reader*>(jpeg->client_data);
}

[[noreturn]] void Fail(j_common_ptr jpeg) {
  Reader* reader = ReaderOf(jpeg);
  (*jpeg->err->format_message)(jpeg, reader->message);
  std::longjmp(reader->fail, 1);
}

// libjpeg makes up pixels for what is missing and warns; a truncated file is an
// error here. Other warnings (stray bytes) are harmless.
void OnMessage(j_common_ptr jpeg, int level) {
  if (level != -1) return;
  const int code = jpeg->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) Fail(jpeg);
}

// A small progressive file may hold thousands of scans, each as costly as the
// whole image.
void OnProgress(j_common_ptr jpeg) {
  Reader* reader = ReaderOf(jpeg);
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number >
      reader->max_scans) {
    std::snprintf(reader->message, sizeof(reader->message),
                  "more than %d scans", reader->max_scans);
    std::longjmp(reader->fail, 1);
  }
}

// Adobe programs store CMYK inverted, and say so by their marker.
void CmykToRgb(const uint8_t* cmyk, int width, bool inverted, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int black = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int ink = inverted ? cmyk[c] : 255 - cmyk[c];
      rgb[c] = static_cast<uint8_t>((ink * black + 127) / 255);
    }
  }
}

// Reads the header and chooses grey, RGB or CMYK by it.
void Prepare(Reader* reader, absl::string_view bytes) {
  jpeg_decompress_struct& jpeg = reader->jpeg;
  jpeg_create_decompress(&jpeg);
  jpeg.client_data = reader;
  reader->progress.progress_monitor = OnProgress;
  jpeg.progress = &reader->progress;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  switch (jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE:
      jpeg.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      jpeg.out_color_space = JCS_CMYK;
      break;
    default:
      jpeg.out_color_space = JCS_RGB;
  }
}

void ReadRows(Reader* reader, Image8* image) {
  jpeg_decompress_struct& jpeg = reader->jpeg;
  jpeg_start_decompress(&jpeg);
  const bool cmyk = jpeg.out_color_space == JCS_CMYK;
  if (cmyk) reader->cmyk_row.resize(static_cast<size_t>(image->width) * 4);
  const size_t stride = static_cast<size_t>(image->width) * image->channels;
  while (jpeg.output_scanline < jpeg.output_height) {
    uint8_t* row = image->pixels.data() + jpeg.output_scanline * stride;
    JSAMPROW target = cmyk ? reader->cmyk_row.data() : row;
    jpeg_read_scanlines(&jpeg, &target, 1);
    if (cmyk) CmykToRgb(target, image->width, jpeg.saw_Adobe_marker, row);
  }
  jpeg_finish_decompress(&jpeg);
}

// False on an error, whose text is in reader->message.
bool Decode(Reader* reader, absl::string_view bytes, const ImageInfo& info,
            Image8* image) {
  reader->jpeg.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = Fail;
  reader->errors.emit_message = OnMessage;
  reader->jpeg.client_data = reader;
  if (setjmp(reader->fail) != 0) return false;
  Prepare(reader, bytes);
  if (static_cast<int>(reader->jpeg.image_width) != info.width ||
      static_cast<int>(reader->jpeg.image_height) != info.height) {
    std::snprintf(reader->message, sizeof(reader->message),
                  "two frame headers that differ");
    return false;
  }
  image->width = info.width;
  image->height = info.height;
  image->channels = reader->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  image->pixels.resize(static_cast<size_t>(image->width) * image->height *
                       image->channels);
  ReadRows(reader, image);
  return true;
}

}  // namespace

absl::StatusOr<Image8> DecodeJpeg(absl::string_view bytes,
                                  const ImageInfo& info,
                                  const ImageLimits& limits) {
  Reader reader;
  reader.max_scans = limits.max_jpeg_scans;
  Image8 image;
  const bool ok = Decode(&reader, bytes, info, &image);
  jpeg_destroy_decompress(&reader.jpeg);
  if (!ok)
    return absl::InvalidArgumentError(
        absl::StrCat("broken JPEG image: ", reader.message));
  return image;
}

}  // namespace phosphene
