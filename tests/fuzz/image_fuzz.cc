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

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace phosphene {
namespace {

Image8 Picture(int channels) {
  Image8 image{37, 23, channels, {}};
  for (int i = 0; i < 37 * 23 * channels; ++i)
    image.pixels.push_back(static_cast<uint8_t>(i * 7 + i / 37));
  return image;
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
    return seeds;
  }();
  return *kSeeds;
}

}  // namespace
}  // namespace phosphene

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  phosphene::DecodeOptions options;
  options.limits.max_pixels = 1 << 18;
  const auto image = phosphene::DecodeImage(
      {reinterpret_cast<const char*>(data), size}, options);
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
