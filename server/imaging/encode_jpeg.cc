// Pixels to JPEG, by libjpeg-turbo.

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs FILE, size_t declared before it.
#include <jpeglib.h>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/encode.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kFullChromaQuality = 90;  // from here on chroma is not halved

// Everything that must outlive a longjmp out of libjpeg.
struct Writer {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf fail;
  char message[JMSG_LENGTH_MAX] = "";
  unsigned char* out = nullptr;
  unsigned long size = 0;  // libjpeg's type
};

[[noreturn]] void Fail(j_common_ptr jpeg) {
  Writer* writer = static_cast<Writer*>(jpeg->client_data);
  (*jpeg->err->format_message)(jpeg, writer->message);
  std::longjmp(writer->fail, 1);
}

// False: libjpeg failed, and `message` says why.
bool Write(Writer* writer, const Image8& image, int quality) {
  jpeg_compress_struct& jpeg = writer->jpeg;
  jpeg.err = jpeg_std_error(&writer->errors);
  writer->errors.error_exit = Fail;
  jpeg.client_data = writer;
  if (setjmp(writer->fail) != 0) return false;
  jpeg_create_compress(&jpeg);
  jpeg.client_data = writer;
  jpeg_mem_dest(&jpeg, &writer->out, &writer->size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = image.channels;
  jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  if (image.channels == 3 && quality >= kFullChromaQuality) {
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  }
  jpeg_start_compress(&jpeg, TRUE);
  const size_t stride = static_cast<size_t>(image.width) * image.channels;
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row =
        const_cast<uint8_t*>(image.pixels.data()) + jpeg.next_scanline * stride;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

absl::StatusOr<std::string> EncodeJpeg(const Image8& image,
                                       const JpegOptions& options) {
  RETURN_IF_ERROR(CheckImage(image));
  if (options.quality < 1 || options.quality > 100) {
    return absl::InvalidArgumentError(absl::StrCat(
        "JPEG quality ", options.quality, " is out of range 1..100"));
  }
  const bool alpha = image.channels == 2 || image.channels == 4;
  Writer writer;
  const bool ok =
      Write(&writer, alpha ? OverBackdrop(image, Backdrop::kBlack) : image,
            options.quality);
  std::string out;
  if (ok) out.assign(reinterpret_cast<char*>(writer.out), writer.size);
  jpeg_destroy_compress(&writer.jpeg);
  std::free(writer.out);
  if (!ok)
    return absl::InvalidArgumentError(absl::StrCat("JPEG: ", writer.message));
  return out;
}

}  // namespace phosphene
