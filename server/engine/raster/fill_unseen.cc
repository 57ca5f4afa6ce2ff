// Pull-push (Grossman & Dally 1998): means of what is known at ever coarser
// levels, then back down into what is not.

#include "server/engine/raster/fill_unseen.h"

#include <algorithm>

namespace phosphene {
namespace {

// A level: sums are means already; known where count > 0. Channels are planes.
struct FillLevel {
  int64_t height = 0, width = 0;
  std::vector<float> value;  // [C,h,w]
  std::vector<float> known;  // [h,w]: share of known texels below, 0: none
};

// Means of the known of 2x2 texels each, weighted by their share; sides are
// halved upwards, so that every texel has a parent.
FillLevel Pull(const FillLevel& fine, int64_t channels) {
  FillLevel out;
  out.height = (fine.height + 1) / 2;
  out.width = (fine.width + 1) / 2;
  const int64_t plane = out.height * out.width;
  out.value.assign(channels * plane, 0.0f);
  out.known.assign(plane, 0.0f);
  const int64_t fine_plane = fine.height * fine.width;
  for (int64_t y = 0; y < fine.height; ++y) {
    for (int64_t x = 0; x < fine.width; ++x) {
      const int64_t from = y * fine.width + x;
      const float share = fine.known[from];
      if (share == 0) continue;
      const int64_t to = y / 2 * out.width + x / 2;
      out.known[to] += share;
      for (int64_t c = 0; c < channels; ++c) {
        out.value[c * plane + to] += share * fine.value[c * fine_plane + from];
      }
    }
  }
  for (int64_t i = 0; i < plane; ++i) {
    if (out.known[i] == 0) continue;
    for (int64_t c = 0; c < channels; ++c)
      out.value[c * plane + i] /= out.known[i];
    out.known[i] /= 4;
  }
  return out;
}

// Unknown texels take their parent's value.
void Push(const FillLevel& coarse, int64_t channels, FillLevel* fine) {
  const int64_t plane = fine->height * fine->width;
  const int64_t coarse_plane = coarse.height * coarse.width;
  for (int64_t y = 0; y < fine->height; ++y) {
    for (int64_t x = 0; x < fine->width; ++x) {
      const int64_t to = y * fine->width + x;
      if (fine->known[to] != 0) continue;
      const int64_t from = y / 2 * coarse.width + x / 2;
      for (int64_t c = 0; c < channels; ++c) {
        fine->value[c * plane + to] = coarse.value[c * coarse_plane + from];
      }
    }
  }
}

FillLevel WholeOf(const at::Tensor& image, const TexelMask& mask) {
  FillLevel out;
  out.height = image.size(1);
  out.width = image.size(2);
  const float* from = image.const_data_ptr<float>();
  out.value.assign(from, from + image.numel());
  out.known.resize(out.height * out.width);
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x)
      out.known[y * out.width + x] = mask.Get(y, x) ? 1.0f : 0.0f;
  }
  return out;
}

}  // namespace

at::Tensor FillUnseen(const at::Tensor& image, const TexelMask& mask) {
  TORCH_CHECK(
      image.dim() == 3 && image.is_cpu() && image.dtype() == at::kFloat &&
          image.size(1) == mask.height() && image.size(2) == mask.width(),
      "an image to fill is [C,", mask.height(), ",", mask.width(),
      "] f32 on the CPU, not ", image.sizes());
  const at::Tensor plain = image.detach().contiguous();
  const int64_t channels = plain.size(0);
  if (mask.Count() == 0 || plain.numel() == 0) return plain.clone();
  std::vector<FillLevel> levels;
  levels.push_back(WholeOf(plain, mask));
  while (levels.back().height > 1 || levels.back().width > 1)
    levels.push_back(Pull(levels.back(), channels));
  for (size_t l = levels.size() - 1; l > 0; --l)
    Push(levels[l], channels, &levels[l - 1]);
  at::Tensor out = at::empty_like(plain);
  std::copy(levels[0].value.begin(), levels[0].value.end(),
            out.mutable_data_ptr<float>());
  return out;
}

}  // namespace phosphene
