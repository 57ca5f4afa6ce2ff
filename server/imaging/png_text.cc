// Reads the text of a PNG.

#include <png.h>

#include <csetjmp>
#include <cstring>

#include "server/imaging/encode.h"
#include "server/imaging/format.h"

namespace phosphene {
namespace {

constexpr size_t kMaxText = 16 << 20;

// What is left to read, advanced by libpng.
struct Source {
  absl::string_view rest;
};

void Take(png_structp png, png_bytep to, size_t size) {
  Source* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->rest.size()) png_error(png, "truncated");
  std::memcpy(to, source->rest.data(), size);
  source->rest.remove_prefix(size);
}
void Ignore(png_structp, png_const_charp) {}
[[noreturn]] void Fail(png_structp png, png_const_charp) {
  std::longjmp(png_jmpbuf(png), 1);
}

// Reads chunks up to the pixels into `info`.
bool ReadHead(png_structp png, png_infop info, Source* source) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, source, Take);
  png_set_chunk_malloc_max(png, kMaxText);
  png_set_chunk_cache_max(png, 64);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, info);
  return true;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ReadPngText(
    absl::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> out;
  if (SniffFormat(bytes) != ImageFormat::kPng) return out;
  Source source{bytes};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, Fail, Ignore);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info != nullptr && ReadHead(png, info, &source)) {
    png_textp text = nullptr;
    int count = 0;
    png_get_text(png, info, &text, &count);
    for (int i = 0; i < count; ++i) {
      out.emplace_back(text[i].key,
                       text[i].text == nullptr ? "" : text[i].text);
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  return out;
}

}  // namespace phosphene
