// Real 2-D Fourier transforms of image batches, and the 1/f scale.
#include "server/engine/params/spectrum.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "server/engine/params/fft_kernels.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// Frequency of bin k of a transform of n, in cycles per pixel, without sign.
double Frequency(int64_t k, int64_t n) {
  return static_cast<double>(std::min(k, n - k)) / static_cast<double>(n);
}

// A factor for each pair of a half spectrum, contiguous.
at::Tensor ForEachPair(const at::Tensor& factor, const FftPlane& plane) {
  return factor.detach()
      .squeeze(-1)
      .expand({plane.height, plane.columns()})
      .contiguous();
}

// Blocks shared out over threads, with scratch of their own.
void OverBlocks(const FftPlane& plane, int64_t blocks,
                const std::function<void(int64_t, float*)>& fn) {
  WideFor(blocks, 1, [&](int64_t begin, int64_t end) {
    const at::Tensor scratch = at::empty({plane.scratch()}, at::kFloat);
    float* own = scratch.mutable_data_ptr<float>();
    for (int64_t block = begin; block < end; ++block) fn(block, own);
  });
}

// SpectrumToImage by own transforms; [planes,H,columns,2] -> [planes,H,W].
void PlanesToImage(const at::Tensor& spectrum, const at::Tensor& scale,
                   int64_t height, int64_t width, at::Tensor& image) {
  const FftPlane plane = FftPlane::Of(height, width);
  const at::Tensor factor = ForEachPair(scale, plane);
  const float* by = factor.const_data_ptr<float>();
  const int64_t pairs = 2 * height * plane.columns();
  const at::Tensor between = at::empty({pairs}, at::kFloat);
  float* half = between.mutable_data_ptr<float>();
  const float* from = spectrum.const_data_ptr<float>();
  float* to = image.mutable_data_ptr<float>();
  const int64_t planes = image.numel() / (height * width);
  for (int64_t i = 0; i < planes; ++i) {
    OverBlocks(plane, plane.column_blocks(), [&](int64_t block, float* own) {
      ColumnsToHalf(plane, from + i * pairs, by, block, own, half);
    });
    OverBlocks(plane, plane.row_blocks(), [&](int64_t block, float* own) {
      HalfToRows(plane, half, block, own, to + i * height * width);
    });
  }
}

// ImageToSpectrum likewise.
void PlanesToSpectrum(const at::Tensor& image, const at::Tensor& factor,
                      int64_t height, int64_t width, at::Tensor& spectrum) {
  const FftPlane plane = FftPlane::Of(height, width);
  const at::Tensor each = ForEachPair(factor, plane);
  const float* by = each.const_data_ptr<float>();
  const int64_t pairs = 2 * height * plane.columns();
  const at::Tensor between = at::empty({pairs}, at::kFloat);
  float* half = between.mutable_data_ptr<float>();
  const float* from = image.const_data_ptr<float>();
  float* to = spectrum.mutable_data_ptr<float>();
  const int64_t planes = image.numel() / (height * width);
  for (int64_t i = 0; i < planes; ++i) {
    OverBlocks(plane, plane.row_blocks(), [&](int64_t block, float* own) {
      RowsToHalf(plane, from + i * height * width, block, own, half);
    });
    OverBlocks(plane, plane.column_blocks(), [&](int64_t block, float* own) {
      HalfToColumns(plane, half, by, block, own, to + i * pairs);
    });
  }
}

}  // namespace

int64_t SpectrumColumns(int64_t width) { return (width + 1) / 2 + 1; }

at::Tensor PowerLaw(int64_t height, int64_t width, double decay) {
  const int64_t columns = SpectrumColumns(width);
  at::Tensor law = at::empty({height, columns}, at::kFloat);
  float* out = law.data_ptr<float>();
  const double lowest = 1.0 / static_cast<double>(std::max(height, width));
  for (int64_t y = 0; y < height; ++y) {
    const double fy = Frequency(y, height);
    for (int64_t x = 0; x < columns; ++x) {
      const double f = std::hypot(fy, Frequency(x, width));
      *out++ = static_cast<float>(std::pow(std::max(f, lowest), -decay));
    }
  }
  return law;
}

at::Tensor ColumnMultiplicity(int64_t width) {
  at::Tensor count = at::full({SpectrumColumns(width)}, 2, at::kFloat);
  count[0].fill_(1);
  count[-1].fill_(1);
  return count;
}

at::Tensor SpectrumToImage(const at::Tensor& leaf, const at::Tensor& scale,
                           int64_t width) {
  const at::Tensor spectrum = leaf.detach();
  const int64_t n = spectrum.size(0), c = spectrum.size(1),
                h = spectrum.size(2);
  const int64_t even = width + width % 2;
  const auto transform = [&](const at::Tensor& part) {
    return at::fft_irfft2(at::view_as_complex(part * scale),
                          at::OptionalIntArrayRef({h, even}))
        .narrow(-1, 0, width);
  };
  if (!spectrum.is_cpu()) return transform(spectrum).contiguous();
  at::Tensor image = at::empty({n, c, h, width}, spectrum.options());
  if (IsFftSize(h, width)) {
    PlanesToImage(spectrum.contiguous(), scale, h, width, image);
    return image;
  }
  const at::Tensor from = spectrum.flatten(0, 1), to = image.flatten(0, 1);
  EachAlone(n * c, [&](int64_t i) { to[i].copy_(transform(from[i])); });
  return image;
}

at::Tensor ImageToSpectrum(const at::Tensor& image, const at::Tensor& factor,
                           Seam seam) {
  const at::Tensor detached = image.detach().contiguous();
  const int64_t n = image.size(0), c = image.size(1), h = image.size(2),
                width = image.size(3);
  const auto transform = [&](const at::Tensor& part) {
    at::Tensor even = part.clone();
    if (width % 2 == 1) {
      const at::Tensor first = part.narrow(-1, 0, 1),
                       last = part.narrow(-1, width - 1, 1);
      even = at::cat({part, seam == Seam::kMean ? (first + last) / 2
                                                : at::zeros_like(first)},
                     -1);
    }
    return at::view_as_real(at::fft_rfft2(even)).mul(factor);
  };
  if (!detached.is_cpu()) return transform(detached);
  at::Tensor spectrum =
      at::empty({n, c, h, SpectrumColumns(width), 2}, detached.options());
  if (IsFftSize(h, width)) {
    PlanesToSpectrum(detached, factor, h, width, spectrum);
    return spectrum;
  }
  const at::Tensor from = detached.flatten(0, 1), to = spectrum.flatten(0, 1);
  EachAlone(n * c, [&](int64_t i) { to[i].copy_(transform(from[i])); });
  return spectrum;
}

}  // namespace phosphene
