// Pixels to PNG, by libpng.

#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

// Everything that must outlive a longjmp out of libpng.
struct Writer {
  std::string out;
  std::string message;
  std::vector<png_text> text;
  std::vector<uint8_t> row;
  absl::Status status;
};

void Append(png_structp png, png_bytep data, size_t size) {
  static_cast<Writer*>(png_get_io_ptr(png))
      ->out.append(reinterpret_cast<char*>(data), size);
}
void Flush(png_structp) {}
void Ignore(png_structp, png_const_charp) {}
[[noreturn]] void Fail(png_structp png, png_const_charp message) {
  static_cast<Writer*>(png_get_error_ptr(png))->message = message;
  std::longjmp(png_jmpbuf(png), 1);
}

constexpr size_t kCompressFrom = 1024;  // bytes of text

// Short text as it is, long text deflated.
std::vector<png_text> TextChunks(const PngOptions& options) {
  std::vector<png_text> chunks;
  for (const auto& [key, value] : options.text) {
    png_text chunk = {};
    chunk.compression = value.size() >= kCompressFrom
                            ? PNG_ITXT_COMPRESSION_zTXt
                            : PNG_ITXT_COMPRESSION_NONE;
    chunk.key = const_cast<char*>(key.c_str());
    chunk.text = const_cast<char*>(value.c_str());
    chunk.itxt_length = value.size();
    chunks.push_back(chunk);
  }
  return chunks;
}

constexpr int kColorTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                               PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};

// False: libpng failed, and `message` says why, or a row could not be had, and
// `status` says why.
bool Write(png_structp png, png_infop info, const PixelRows& image,
           const PngOptions& options, Writer* writer) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, writer, Append, Flush);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(png, options.compression);
  png_set_IHDR(png, info, image.width, image.height, image.bits,
               kColorTypes[image.channels - 1], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  if (!writer->text.empty()) {
    png_set_text(png, info, writer->text.data(),
                 static_cast<int>(writer->text.size()));
  }
  png_write_info(png, info);
  // PNG has the high byte first.
  if (image.bits == 16 && std::endian::native == std::endian::little)
    png_set_swap(png);
  for (int y = 0; y < image.height; ++y) {
    writer->status = image.read(y, y + 1, writer->row.data());
    if (!writer->status.ok()) return false;
    png_write_row(png, writer->row.data());
  }
  png_write_end(png, nullptr);
  return true;
}

template <typename Image>
PixelRows RowsOfAny(const Image& image) {
  constexpr size_t kBytes = sizeof(image.pixels[0]);
  PixelRows rows;
  rows.width = image.width;
  rows.height = image.height;
  rows.channels = image.channels;
  rows.bits = 8 * kBytes;
  rows.read = [&image](int begin, int end, uint8_t* pixels) {
    const size_t stride = static_cast<size_t>(image.width) * image.channels;
    std::memcpy(pixels, image.pixels.data() + begin * stride,
                (end - begin) * stride * kBytes);
    return absl::OkStatus();
  };
  return rows;
}

template <typename Image>
absl::Status CheckPixels(const Image& image) {
  RETURN_IF_ERROR(CheckSize(RowsOf(image)));
  const size_t size =
      static_cast<size_t>(image.width) * image.height * image.channels;
  if (image.pixels.size() != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("image has ", image.pixels.size(),
                     " values of pixels instead of ", size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSize(const PixelRows& image) {
  if (image.width < 1 || image.height < 1 || image.channels < 1 ||
      image.channels > 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("no image of ", image.width, " x ", image.height, " with ",
                     image.channels, " channels"));
  }
  return absl::OkStatus();
}

absl::Status CheckImage(const Image8& image) { return CheckPixels(image); }
absl::Status CheckImage(const Image16& image) { return CheckPixels(image); }

PixelRows RowsOf(const Image8& image) { return RowsOfAny(image); }
PixelRows RowsOf(const Image16& image) { return RowsOfAny(image); }

absl::StatusOr<std::string> EncodePng(const Image8& image,
                                      const PngOptions& options) {
  RETURN_IF_ERROR(CheckImage(image));
  return EncodePng(RowsOf(image), options);
}

absl::StatusOr<std::string> EncodePng(const Image16& image,
                                      const PngOptions& options) {
  RETURN_IF_ERROR(CheckImage(image));
  return EncodePng(RowsOf(image), options);
}

absl::StatusOr<std::string> EncodePng(const PixelRows& image,
                                      const PngOptions& options) {
  RETURN_IF_ERROR(CheckSize(image));
  Writer writer;
  writer.text = TextChunks(options);
  writer.row.resize(static_cast<size_t>(image.width) * image.channels *
                    (image.bits / 8));
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, Fail, Ignore);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  const bool ok = info != nullptr && Write(png, info, image, options, &writer);
  png_destroy_write_struct(&png, &info);
  RETURN_IF_ERROR(writer.status);
  if (!ok)
    return absl::InvalidArgumentError(absl::StrCat("PNG: ", writer.message));
  return std::move(writer.out);
}

}  // namespace phosphene
