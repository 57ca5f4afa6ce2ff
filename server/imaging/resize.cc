// Resizes pictures by a triangle filter.

#include <algorithm>
#include <cmath>

#include "server/imaging/layout.h"

namespace phosphene {
namespace {

// Weights of the source positions [first, first + weights) of one output
// position; they sum to 1.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

// Triangle filter of half-width max(1, in/out), pixel centres at .5.
std::vector<Taps> TriangleTaps(int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double support = std::max(1.0, scale);
  std::vector<Taps> taps(out);
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int first =
        std::max(0, static_cast<int>(std::floor(center - support)));
    const int last =
        std::min(in, static_cast<int>(std::ceil(center + support)));
    double sum = 0;
    std::vector<double> raw;
    for (int j = first; j < last; ++j) {
      raw.push_back(std::max(0.0, 1 - std::abs(j + 0.5 - center) / support));
      sum += raw.back();
    }
    taps[i].first = first;
    for (const double weight : raw)
      taps[i].weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

// One row as floats, colours premultiplied by alpha (0..255 * 0..1).
void LoadRow(const Image8& image, int y, std::vector<float>* row) {
  const int channels = image.channels;
  const bool alpha = channels == 2 || channels == 4;
  const uint8_t* in =
      &image.pixels[static_cast<size_t>(y) * image.width * channels];
  row->assign(in, in + static_cast<size_t>(image.width) * channels);
  if (!alpha) return;
  for (int x = 0; x < image.width; ++x) {
    float* pixel = row->data() + static_cast<size_t>(x) * channels;
    for (int c = 0; c + 1 < channels; ++c)
      pixel[c] *= pixel[channels - 1] / 255.f;
  }
}

// Rounded, alpha divided out again.
void StorePixel(const float* in, int channels, uint8_t* out) {
  const bool alpha = channels == 2 || channels == 4;
  const float opacity = alpha ? in[channels - 1] / 255.f : 1.f;
  for (int c = 0; c < channels; ++c) {
    const bool color = !alpha || c + 1 < channels;
    const float value = !color ? in[c] : opacity > 0 ? in[c] / opacity : 0;
    out[c] = static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L));
  }
}

}  // namespace

// Along lines first, then along columns: the filter is separable.
Image8 Resize(const Image8& image, int width, int height) {
  if (width == image.width && height == image.height) return image;
  const int channels = image.channels;
  const std::vector<Taps> across = TriangleTaps(image.width, width);
  const std::vector<Taps> down = TriangleTaps(image.height, height);
  // [image.height, width, channels]
  const size_t stride = static_cast<size_t>(width) * channels;
  std::vector<float> narrow(stride * image.height, 0.f);
  std::vector<float> row;
  for (int y = 0; y < image.height; ++y) {
    LoadRow(image, y, &row);
    for (int x = 0; x < width; ++x) {
      float* to = &narrow[y * stride + static_cast<size_t>(x) * channels];
      const float* from =
          row.data() + static_cast<size_t>(across[x].first) * channels;
      for (const float weight : across[x].weights) {
        for (int c = 0; c < channels; ++c) to[c] += weight * *from++;
      }
    }
  }
  Image8 out;
  out.width = width;
  out.height = height;
  out.channels = channels;
  out.pixels.resize(stride * height);
  for (int y = 0; y < height; ++y) {
    row.assign(stride, 0.f);
    for (size_t j = 0; j < down[y].weights.size(); ++j) {
      const float* from = &narrow[(down[y].first + j) * stride];
      for (size_t k = 0; k < stride; ++k)
        row[k] += down[y].weights[j] * from[k];
    }
    for (int x = 0; x < width; ++x) {
      const size_t at = static_cast<size_t>(x) * channels;
      StorePixel(&row[at], channels, &out.pixels[y * stride + at]);
    }
  }
  return out;
}

}  // namespace phosphene
