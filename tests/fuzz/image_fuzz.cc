// libFuzzer target: an image file of any format is decoded, or refused, in
// bounded memory.
//
//   ./tests/run.sh fuzz          60 seconds
//   build/fuzz/bin/image_fuzz CORPUS_FOLDER [-max_total_time=3600]

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "server/imaging/whole.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace phosphene {
namespace {

Image8 Picture(int channels) {
  Image8 image{37, 23, channels, {}};
  for (int i = 0; i < 37 * 23 * channels; ++i)
    image.pixels.push_back(static_cast<uint8_t>(i * 7 + i / 37));
  return image;
}

std::string Little(uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i)
    out.push_back(i < 4 ? static_cast<char>(value >> (8 * i)) : '\0');
  return out;
}

// 9 x 7 pixels of BMP in a header of 40 bytes, with room for any palette and
// masks; run lengths end where they end.
std::string Bmp(uint32_t bits, uint32_t compression) {
  std::string out = "BM" + Little(0, 8) + Little(14 + 40 + 1024, 4) +
                    Little(40, 4) + Little(9, 4) + Little(7, 4) + Little(1, 2) +
                    Little(bits, 2) + Little(compression, 4) + Little(0, 20);
  for (int i = 0; i < 1024 + 9 * 7 * 4 + 16; ++i)
    out.push_back(static_cast<char>(i * 7 + i / 37));
  return out;
}

// What a run without a corpus starts from.
const std::vector<std::string>& Seeds() {
  static const auto* const kSeeds = [] {
    auto* seeds = new std::vector<std::string>();
    for (const int channels : {1, 2, 3, 4}) {
      seeds->push_back(*EncodeTiff(Picture(channels)));
      seeds->push_back(*EncodePng(Picture(channels)));
    }
    seeds->push_back(*EncodeJpeg(Picture(3)));
    seeds->push_back(*EncodeWebp(Picture(4)));
    seeds->push_back(*EncodeGif({Picture(3)}));
    seeds->push_back(*EncodeGif({Picture(4), Picture(4)}));
    seeds->push_back(*EncodeApng({Picture(3), Picture(3)}));
    for (const int bits : {1, 4, 8, 16, 24, 32}) seeds->push_back(Bmp(bits, 0));
    seeds->push_back(Bmp(8, 1));
    seeds->push_back(Bmp(4, 2));
    seeds->push_back(Bmp(16, 3));
    seeds->push_back(Bmp(32, 6));
    return seeds;
  }();
  return *kSeeds;
}

}  // namespace
}  // namespace phosphene

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  phosphene::DecodeOptions options;
  options.limits.max_pixels = 1 << 18;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  // What is done when a job is made, and when it runs.
  (void)phosphene::TryImage(bytes, options.limits);
  const auto image = phosphene::DecodeImage(bytes, options);
  if (!image.ok()) return 0;
  const size_t expected = static_cast<size_t>(image->width) * image->height *
                          static_cast<size_t>(image->channels);
  if (image->pixels.size() != expected) __builtin_trap();
  return 0;
}

// Every hundredth change begins anew from a whole file.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  const auto& seeds = phosphene::Seeds();
  const std::string& start = seeds[seed / 100 % seeds.size()];
  if ((seed % 100 == 0 || size < 8) && start.size() <= max_size) {
    std::memcpy(data, start.data(), start.size());
    size = start.size();
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
