// Fourier transforms of sixteen lines at once: Stockham's, radix 4.
#include "server/engine/params/fft_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <numbers>
#include <utility>
#include <vector>

#include "server/engine/raster/clones.h"

namespace phosphene {
namespace {

constexpr int64_t kLanes = kFftLanes;
// A point of all lanes: their real parts, then their imaginary ones.
constexpr int64_t kPoint = 2 * kLanes;

// All lanes of a part, wherever it lies; split by the compiler where the
// machine has no vectors so wide.
typedef float Lanes
    __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));
PHOSPHENE_RASTER_INLINE const Lanes* At(const float* at) {
  return reinterpret_cast<const Lanes*>(at);
}
PHOSPHENE_RASTER_INLINE Lanes* To(float* at) {
  return reinterpret_cast<Lanes*>(at);
}

// One pass over n points in groups that lie s apart, from x to y.
PHOSPHENE_RASTER_INLINE void Pass4(int64_t n, int64_t s, const float* roots,
                                   const float* __restrict x,
                                   float* __restrict y) {
  const int64_t quarter = n / 4 * s * kPoint, step = s * kPoint;
  for (int64_t p = 0; p < n / 4; ++p) {
    const float w1r = roots[2 * p * s], w1i = roots[2 * p * s + 1];
    const float w2r = roots[4 * p * s], w2i = roots[4 * p * s + 1];
    const float w3r = roots[6 * p * s], w3i = roots[6 * p * s + 1];
    for (int64_t q = 0; q < s; ++q) {
      const float* __restrict from = x + (q + s * p) * kPoint;
      float* __restrict to = y + (q + s * 4 * p) * kPoint;
      const Lanes ar = At(from)[0], ai = At(from)[1];
      const Lanes br = At(from + quarter)[0], bi = At(from + quarter)[1];
      const Lanes cr = At(from + 2 * quarter)[0];
      const Lanes ci = At(from + 2 * quarter)[1];
      const Lanes dr = At(from + 3 * quarter)[0];
      const Lanes di = At(from + 3 * quarter)[1];
      const Lanes sr = ar + cr, si = ai + ci, er = ar - cr, ei = ai - ci;
      const Lanes tr = br + dr, ti = bi + di;
      const Lanes fr = di - bi, fi = br - dr;  // i (b - d)
      To(to)[0] = sr + tr;
      To(to)[1] = si + ti;
      const Lanes r1 = er - fr, i1 = ei - fi;
      To(to + step)[0] = w1r * r1 - w1i * i1;
      To(to + step)[1] = w1r * i1 + w1i * r1;
      const Lanes r2 = sr - tr, i2 = si - ti;
      To(to + 2 * step)[0] = w2r * r2 - w2i * i2;
      To(to + 2 * step)[1] = w2r * i2 + w2i * r2;
      const Lanes r3 = er + fr, i3 = ei + fi;
      To(to + 3 * step)[0] = w3r * r3 - w3i * i3;
      To(to + 3 * step)[1] = w3r * i3 + w3i * r3;
    }
  }
}

PHOSPHENE_RASTER_INLINE void Pass2(int64_t s, const float* __restrict x,
                                   float* __restrict y) {
  const int64_t count = s * kPoint;
  for (int64_t i = 0; i < count; ++i) {
    y[i] = x[i] + x[count + i];
    y[count + i] = x[i] - x[count + i];
  }
}

// Transforms the n points at a, over to b and back; returns where the result,
// in order, is.
PHOSPHENE_RASTER_CLONES float* Transform(int64_t n, const float* roots,
                                         float* a, float* b) {
  int64_t s = 1;
  for (; n >= 4; n /= 4, s *= 4) {
    Pass4(n, s, roots, a, b);
    std::swap(a, b);
  }
  if (n == 2) {
    Pass2(s, a, b);
    std::swap(a, b);
  }
  return a;
}

struct Pair {
  float r, i;
};

// Whole blocks of columns; the last may have fewer. `swap`: real and imaginary
// parts change places, which makes a transform its inverse.
template <bool kSwap>
PHOSPHENE_RASTER_INLINE void LoadColumns(const float* from, const float* scale,
                                         int64_t height, int64_t columns,
                                         int64_t first, float* to) {
  const int64_t lanes = std::min(kLanes, columns - first);
  if (lanes < kLanes) std::fill_n(to, height * kPoint, 0.0f);
  for (int64_t y = 0; y < height; ++y, to += kPoint) {
    const float* __restrict row = from + 2 * (y * columns + first);
    float* __restrict re = to + (kSwap ? kLanes : 0);
    float* __restrict im = to + (kSwap ? 0 : kLanes);
    if (scale != nullptr) {
      const float* __restrict by = scale + y * columns + first;
      for (int64_t l = 0; l < lanes; ++l) {
        re[l] = row[2 * l] * by[l];
        im[l] = row[2 * l + 1] * by[l];
      }
    } else {
      for (int64_t l = 0; l < lanes; ++l) {
        re[l] = row[2 * l];
        im[l] = row[2 * l + 1];
      }
    }
  }
}

template <bool kSwap>
PHOSPHENE_RASTER_INLINE void StoreColumns(const float* from, const float* scale,
                                          int64_t height, int64_t columns,
                                          int64_t first, float* to) {
  const int64_t lanes = std::min(kLanes, columns - first);
  for (int64_t y = 0; y < height; ++y, from += kPoint) {
    float* __restrict row = to + 2 * (y * columns + first);
    const float* __restrict re = from + (kSwap ? kLanes : 0);
    const float* __restrict im = from + (kSwap ? 0 : kLanes);
    if (scale != nullptr) {
      const float* __restrict by = scale + y * columns + first;
      for (int64_t l = 0; l < lanes; ++l) {
        row[2 * l] = re[l] * by[l];
        row[2 * l + 1] = im[l] * by[l];
      }
    } else {
      for (int64_t l = 0; l < lanes; ++l) {
        row[2 * l] = re[l];
        row[2 * l + 1] = im[l];
      }
    }
  }
}

// Pairs of 16 lines, `stride` floats apart, to points and back.
PHOSPHENE_RASTER_CLONES void LinesToPoints(const float* from, int64_t stride,
                                           int64_t pairs, float* to) {
  for (int64_t k = 0; k < pairs; ++k, to += kPoint) {
    for (int64_t l = 0; l < kLanes; ++l) {
      to[l] = from[l * stride + 2 * k];
      to[kLanes + l] = from[l * stride + 2 * k + 1];
    }
  }
}
PHOSPHENE_RASTER_CLONES void PointsToLines(const float* from, int64_t stride,
                                           int64_t pairs, float* to) {
  constexpr int64_t kTogether = 8;  // pairs of a line written at once
  for (int64_t k = 0; k < pairs; k += kTogether) {
    const int64_t many = std::min(kTogether, pairs - k);
    for (int64_t l = 0; l < kLanes; ++l) {
      float* line = to + l * stride + 2 * k;
      for (int64_t j = 0; j < many; ++j) {
        line[2 * j] = from[(k + j) * kPoint + l];
        line[2 * j + 1] = from[(k + j) * kPoint + kLanes + l];
      }
    }
  }
}

// The half spectrum of real lines, points 0..n at `out`, from the transform z
// of their pairs, n points (Press et al., realft):
// 2 X[k] = z[k] + z*[n-k] - i w^k (z[k] - z*[n-k]).
PHOSPHENE_RASTER_CLONES void PairsToHalf(const float* __restrict z, int64_t n,
                                         const float* roots,
                                         float* __restrict out) {
  for (int64_t k = 0; k <= n; ++k) {
    const float wr = k < n ? roots[2 * k] : -1.0f;
    const float wi = k < n ? roots[2 * k + 1] : 0.0f;
    const float* __restrict a = z + (k % n) * kPoint;
    const float* __restrict b = z + ((n - k) % n) * kPoint;
    float* __restrict to = out + k * kPoint;
    const Lanes sr = At(a)[0] + At(b)[0], si = At(a)[1] - At(b)[1];
    const Lanes dr = At(a)[0] - At(b)[0], di = At(a)[1] + At(b)[1];
    To(to)[0] = 0.5f * (sr + (wr * di + wi * dr));
    To(to)[1] = 0.5f * (si - (wr * dr - wi * di));
  }
}

// Its inverse times 2 norm, with real and imaginary parts swapped:
// z[k] = x[k] + x*[n-k] + i w^-k (x[k] - x*[n-k]).
PHOSPHENE_RASTER_CLONES void HalfToPairs(float* __restrict x, int64_t n,
                                         const float* roots, float norm,
                                         float* __restrict out) {
  std::fill_n(x + kLanes, kLanes, 0.0f);
  std::fill_n(x + n * kPoint + kLanes, kLanes, 0.0f);
  for (int64_t k = 0; k < n; ++k) {
    const float wr = roots[2 * k], wi = -roots[2 * k + 1];
    const float* __restrict a = x + k * kPoint;
    const float* __restrict b = x + (n - k) * kPoint;
    float* __restrict to = out + k * kPoint;
    const Lanes sr = At(a)[0] + At(b)[0], si = At(a)[1] - At(b)[1];
    const Lanes dr = At(a)[0] - At(b)[0], di = At(a)[1] + At(b)[1];
    To(to)[1] = norm * (sr - (wr * di + wi * dr));
    To(to)[0] = norm * (si + (wr * dr - wi * di));
  }
}

PHOSPHENE_RASTER_CLONES void LoadSwapped(const FftPlane& plane,
                                         const float* from, const float* scale,
                                         int64_t block, float* to) {
  LoadColumns<true>(from, scale, plane.height, plane.columns(), block * kLanes,
                    to);
}
PHOSPHENE_RASTER_CLONES void StoreSwapped(const FftPlane& plane,
                                          const float* from, int64_t block,
                                          float* to) {
  StoreColumns<true>(from, nullptr, plane.height, plane.columns(),
                     block * kLanes, to);
}
PHOSPHENE_RASTER_CLONES void Load(const FftPlane& plane, const float* from,
                                  int64_t block, float* to) {
  LoadColumns<false>(from, nullptr, plane.height, plane.columns(),
                     block * kLanes, to);
}
PHOSPHENE_RASTER_CLONES void Store(const FftPlane& plane, const float* from,
                                   const float* scale, int64_t block,
                                   float* to) {
  StoreColumns<false>(from, scale, plane.height, plane.columns(),
                      block * kLanes, to);
}

}  // namespace

bool IsFftSize(int64_t height, int64_t width) {
  const auto fits = [](int64_t side) {
    return side >= kLeastFftSide && side <= kMostFftSide &&
           std::has_single_bit(static_cast<uint64_t>(side));
  };
  return fits(height) && fits(width);
}

const float* FftRoots(int64_t n) {
  constexpr int kSizes = 16;
  struct Tables {
    std::once_flag made[kSizes];
    std::vector<float> table[kSizes];
  };
  static auto* const tables = new Tables;
  const int size = std::countr_zero(static_cast<uint64_t>(n));
  std::call_once(tables->made[size], [&] {
    std::vector<float>& table = tables->table[size];
    for (int64_t k = 0; k < n; ++k) {
      const double turn = -2 * std::numbers::pi * static_cast<double>(k) /
                          static_cast<double>(n);
      table.push_back(static_cast<float>(std::cos(turn)));
      table.push_back(static_cast<float>(std::sin(turn)));
    }
  });
  return tables->table[size].data();
}

FftPlane FftPlane::Of(int64_t height, int64_t width) {
  return {height, width, FftRoots(height), FftRoots(width),
          FftRoots(width / 2)};
}

void ColumnsToHalf(const FftPlane& plane, const float* spectrum,
                   const float* scale, int64_t block, float* scratch,
                   float* half) {
  float* other = scratch + plane.height * kPoint;
  LoadSwapped(plane, spectrum, scale, block, scratch);
  StoreSwapped(plane, Transform(plane.height, plane.roots_down, scratch, other),
               block, half);
}

void HalfToRows(const FftPlane& plane, const float* half, int64_t block,
                float* scratch, float* image) {
  const int64_t n = plane.width / 2, stride = 2 * plane.columns();
  // n + 1 points, then n for each of two buffers.
  float* pairs = scratch + (n + 1) * kPoint;
  LinesToPoints(half + block * kLanes * stride, stride, n + 1, scratch);
  const float norm = 1.0f / (static_cast<float>(plane.width) *
                             static_cast<float>(plane.height));
  HalfToPairs(scratch, n, plane.roots_across, norm, pairs);
  float* done = Transform(n, plane.roots_half, pairs, scratch);
  // Parts are swapped still.
  for (int64_t k = 0; k < n; ++k) {
    std::swap_ranges(done + k * kPoint, done + k * kPoint + kLanes,
                     done + k * kPoint + kLanes);
  }
  PointsToLines(done, plane.width, n, image + block * kLanes * plane.width);
}

void RowsToHalf(const FftPlane& plane, const float* image, int64_t block,
                float* scratch, float* half) {
  const int64_t n = plane.width / 2, stride = 2 * plane.columns();
  float* other = scratch + (n + 1) * kPoint;
  LinesToPoints(image + block * kLanes * plane.width, plane.width, n, scratch);
  float* done = Transform(n, plane.roots_half, scratch, other);
  float* out = done == scratch ? other : scratch;
  PairsToHalf(done, n, plane.roots_across, out);
  PointsToLines(out, stride, n + 1, half + block * kLanes * stride);
}

void HalfToColumns(const FftPlane& plane, const float* half, const float* scale,
                   int64_t block, float* scratch, float* spectrum) {
  float* other = scratch + plane.height * kPoint;
  Load(plane, half, block, scratch);
  Store(plane, Transform(plane.height, plane.roots_down, scratch, other), scale,
        block, spectrum);
}

}  // namespace phosphene
