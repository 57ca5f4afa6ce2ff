// Reads the text of a PNG, bounded in all.

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "server/imaging/encode.h"
#include "server/imaging/format.h"

namespace phosphene {
namespace {

// Of all chunks together, inflated.
constexpr size_t kMaxText = 16 << 20;
constexpr size_t kMaxEntries = 256;

// What is left to read, advanced by libpng, and what was read: libpng leaves by
// longjmp, so it lives outside of what calls it.
struct Reading {
  absl::string_view rest;
  size_t budget = kMaxText;
  std::vector<std::pair<std::string, std::string>> out;
};

// Inflates to the end of the stream; false: broken, or above `limit` bytes.
bool Inflate(absl::string_view packed, size_t limit, std::string* out) {
  z_stream stream = {};
  if (inflateInit(&stream) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  char buffer[1 << 14];
  int result = Z_OK;
  while (result == Z_OK && out->size() <= limit) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof(buffer);
    result = inflate(&stream, Z_NO_FLUSH);
    out->append(buffer, sizeof(buffer) - stream.avail_out);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END && out->size() <= limit;
}

// Takes what stands before the next zero byte off `bytes`; false: none.
bool TakeWord(absl::string_view* bytes, absl::string_view* word) {
  const size_t end = bytes->find('\0');
  if (end == absl::string_view::npos) return false;
  *word = bytes->substr(0, end);
  bytes->remove_prefix(end + 1);
  return true;
}

// The text of a chunk behind its key: plain (tEXt), deflated (zTXt), or either
// behind a language and a translated key (iTXt). False: broken or too long.
bool TextOf(absl::string_view type, absl::string_view bytes, size_t limit,
            std::string* out) {
  bool packed = type == "zTXt";
  if (packed || type == "iTXt") {
    const size_t flags = packed ? 1 : 2;
    if (bytes.size() < flags) return false;
    if (!packed) packed = bytes[0] != 0;
    if (packed && bytes[flags - 1] != 0) return false;  // no such method
    bytes.remove_prefix(flags);
  }
  absl::string_view ignored;
  if (type == "iTXt" &&
      !(TakeWord(&bytes, &ignored) && TakeWord(&bytes, &ignored))) {
    return false;
  }
  if (packed) return Inflate(bytes, limit, out);
  if (bytes.size() > limit) return false;
  out->assign(bytes.data(), bytes.size());
  return true;
}

// Called by libpng for each text chunk; 1: dealt with.
int KeepText(png_structp png, png_unknown_chunkp chunk) {
  Reading* reading = static_cast<Reading*>(png_get_user_chunk_ptr(png));
  if (reading->out.size() >= kMaxEntries || chunk->data == nullptr) return 1;
  absl::string_view bytes(reinterpret_cast<const char*>(chunk->data),
                          chunk->size);
  absl::string_view key;
  std::string text;
  if (!TakeWord(&bytes, &key) || key.empty() ||
      !TextOf(reinterpret_cast<const char*>(chunk->name), bytes,
              reading->budget, &text)) {
    return 1;
  }
  reading->budget -= text.size();
  reading->out.emplace_back(std::string(key), std::move(text));
  return 1;
}

void Take(png_structp png, png_bytep to, size_t size) {
  Reading* reading = static_cast<Reading*>(png_get_io_ptr(png));
  if (size > reading->rest.size()) png_error(png, "truncated");
  std::memcpy(to, reading->rest.data(), size);
  reading->rest.remove_prefix(size);
}
void Ignore(png_structp, png_const_charp) {}
[[noreturn]] void Fail(png_structp png, png_const_charp) {
  std::longjmp(png_jmpbuf(png), 1);
}

// Reads chunks up to the pixels. What stands before a fault is kept.
void ReadHead(png_structp png, png_infop info, Reading* reading) {
  static constexpr png_byte kChunks[] = "tEXt\0zTXt\0iTXt";
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_read_fn(png, reading, Take);
  png_set_chunk_malloc_max(png, kMaxText);
  png_set_chunk_cache_max(png, 1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, kChunks, 3);
  png_set_read_user_chunk_fn(png, reading, KeepText);
  png_read_info(png, info);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ReadPngText(
    absl::string_view bytes) {
  Reading reading;
  if (SniffFormat(bytes) != ImageFormat::kPng) return {};
  reading.rest = bytes;
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, Fail, Ignore);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info != nullptr) ReadHead(png, info, &reading);
  png_destroy_read_struct(&png, &info, nullptr);
  return std::move(reading.out);
}

}  // namespace phosphene
