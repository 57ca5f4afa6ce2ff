#include "client/view/pixels.h"

#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 28;

absl::Status CheckSize(int64_t width, int64_t height) {
  if (width > 0 && height > 0 && width * height <= kMaxPixels)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "an image of ", width, " x ", height, " is too large to show"));
}

absl::StatusOr<Pixels> DecodePng(absl::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) ==
      0) {
    return absl::InvalidArgumentError(
        absl::StrCat("damaged PNG: ", image.message));
  }
  const absl::Status size = CheckSize(image.width, image.height);
  if (!size.ok()) {
    png_image_free(&image);
    return size;
  }
  const bool alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  image.format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  Pixels out = Pixels::Make(static_cast<int>(image.width),
                            static_cast<int>(image.height), alpha ? 4 : 3);
  if (png_image_finish_read(&image, nullptr, out.data.data(), 0, nullptr) ==
      0) {
    return absl::InvalidArgumentError(
        absl::StrCat("damaged PNG: ", image.message));
  }
  return out;
}

// libjpeg reports by a callback that must not return.
struct JpegError {
  jpeg_error_mgr manager;
  jmp_buf back;
};

[[noreturn]] void OnJpegError(j_common_ptr info) {
  longjmp(reinterpret_cast<JpegError*>(info->err)->back, 1);
}

// Trivial types only between setjmp and longjmp, hence `out` from outside.
bool ReadJpeg(absl::string_view bytes, jpeg_decompress_struct* info,
              JpegError* error, Pixels* out, bool* too_large) {
  if (setjmp(error->back) != 0) return false;
  jpeg_create_decompress(info);
  jpeg_mem_src(info, reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
  jpeg_read_header(info, TRUE);
  info->out_color_space = JCS_RGB;
  *too_large = !CheckSize(info->image_width, info->image_height).ok();
  if (*too_large) return false;
  jpeg_start_decompress(info);
  *out = Pixels::Make(static_cast<int>(info->output_width),
                      static_cast<int>(info->output_height), 3);
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = out->At(0, static_cast<int>(info->output_scanline));
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);
  return true;
}

absl::StatusOr<Pixels> DecodeJpeg(absl::string_view bytes) {
  jpeg_decompress_struct info{};
  JpegError error{};
  info.err = jpeg_std_error(&error.manager);
  error.manager.error_exit = OnJpegError;
  error.manager.output_message = [](j_common_ptr) {};
  Pixels out;
  bool too_large = false;
  const bool ok = ReadJpeg(bytes, &info, &error, &out, &too_large);
  jpeg_destroy_decompress(&info);
  if (ok) return out;
  return absl::InvalidArgumentError(too_large ? "the JPEG is too large to show"
                                              : "damaged JPEG");
}

}  // namespace

Pixels Pixels::Make(int width, int height, int channels) {
  Pixels out;
  out.width = width;
  out.height = height;
  out.channels = channels;
  out.data.resize(static_cast<size_t>(width) * height * channels);
  return out;
}

absl::StatusOr<Pixels> DecodeImage(absl::string_view bytes) {
  if (bytes.size() > 8 && std::memcmp(bytes.data(), "\x89PNG", 4) == 0)
    return DecodePng(bytes);
  if (bytes.size() > 3 && std::memcmp(bytes.data(), "\xff\xd8\xff", 3) == 0) {
    return DecodeJpeg(bytes);
  }
  return absl::InvalidArgumentError("neither PNG nor JPEG");
}

std::string EncodePng(const Pixels& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(pixels.width);
  image.height = static_cast<png_uint_32>(pixels.height);
  image.format = pixels.channels == 4 ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data.data(), 0,
                            nullptr);
  out.resize(size);
  return out;
}

Pixels Resize(const Pixels& pixels, int width, int height) {
  Pixels out = Pixels::Make(width, height, pixels.channels);
  // Each pixel is the mean of the box it covers, at least one source pixel.
  const auto box = [](int i, int to, int from) {
    const int begin = static_cast<int>(static_cast<int64_t>(i) * from / to);
    const int end = static_cast<int>(static_cast<int64_t>(i + 1) * from / to);
    return std::make_pair(begin, std::max(end, begin + 1));
  };
  for (int y = 0; y < height; ++y) {
    const auto [top, bottom] = box(y, height, pixels.height);
    for (int x = 0; x < width; ++x) {
      const auto [left, right] = box(x, width, pixels.width);
      for (int c = 0; c < pixels.channels; ++c) {
        int64_t sum = 0;
        for (int v = top; v < bottom; ++v) {
          for (int u = left; u < right; ++u) sum += pixels.At(u, v)[c];
        }
        const int64_t count =
            static_cast<int64_t>(bottom - top) * (right - left);
        out.At(x, y)[c] = static_cast<uint8_t>((sum + count / 2) / count);
      }
    }
  }
  return out;
}

Pixels OverBoard(const Pixels& pixels) {
  if (pixels.channels == 3) return pixels;
  Pixels out = Pixels::Make(pixels.width, pixels.height, 3);
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) {
      const int board = (x / 8 + y / 8) % 2 == 0 ? 242 : 153;
      const uint8_t* from = pixels.At(x, y);
      for (int c = 0; c < 3; ++c) {
        const int mixed = from[c] * from[3] + board * (255 - from[3]);
        out.At(x, y)[c] = static_cast<uint8_t>((mixed + 127) / 255);
      }
    }
  }
  return out;
}

absl::StatusOr<Pixels> Stack(const std::vector<Pixels>& parts) {
  Pixels out;
  for (const Pixels& part : parts) {
    if (out.data.empty()) {
      out = part;
      continue;
    }
    if (part.width != out.width || part.channels != out.channels) {
      return absl::InvalidArgumentError(
          absl::StrCat("images of widths ", out.width, " and ", part.width,
                       " cannot be stacked"));
    }
    out.data.insert(out.data.end(), part.data.begin(), part.data.end());
    out.height += part.height;
  }
  return out;
}

}  // namespace phosphene::client
