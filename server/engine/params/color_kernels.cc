// Plain loops from optimized values to colour and back, each bit the same in
// any company.
#include "server/engine/params/color_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/engine/raster/clones.h"

namespace phosphene {
namespace {

// exp(x) for |x| <= 87: x = n ln2 + r, a polynomial for e^r (Cephes expf) and
// n put into the exponent. Adding 1.5*2^23 rounds to an integer whose bits are
// the sum's lowest, all in plain float operations that vectorize.
PHOSPHENE_RASTER_INLINE float Exp(float x) {
  constexpr float kRound = 12582912.0f;
  const float shifted = x * 1.44269504088896341f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float e = (p * (r * r) + r) + 1.0f;
  const int32_t exponent =
      std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound);
  return e * std::bit_cast<float>((exponent + 127) << 23);
}

}  // namespace

PHOSPHENE_RASTER_CLONES
void MixPlanes(const double* matrix, const float* in, float* out, int64_t plane,
               int64_t begin, int64_t end) {
  float m[9];
  for (int i = 0; i < 9; ++i) m[i] = static_cast<float>(matrix[i]);
  const float* __restrict a = in;
  const float* __restrict b = in + plane;
  const float* __restrict c = in + 2 * plane;
  for (int i = 0; i < 3; ++i) {
    float* __restrict to = out + i * plane;
    const float ma = m[3 * i], mb = m[3 * i + 1], mc = m[3 * i + 2];
    for (int64_t k = begin; k < end; ++k)
      to[k] = ma * a[k] + mb * b[k] + mc * c[k];
  }
}

PHOSPHENE_RASTER_CLONES
void SigmoidInPlace(float* x, int64_t count) {
  for (int64_t k = 0; k < count; ++k) {
    // NaN comes through: both comparisons are false for it.
    float t = x[k] > 87.0f ? 87.0f : x[k];
    t = t < -87.0f ? -87.0f : t;
    x[k] = 1.0f / (1.0f + Exp(-t));
  }
}

PHOSPHENE_RASTER_CLONES
void SigmoidGradient(const float* __restrict grad, const float* __restrict y,
                     float* __restrict out, int64_t count) {
  for (int64_t k = 0; k < count; ++k) out[k] = grad[k] * (y[k] * (1.0f - y[k]));
}

void LogitInPlace(float* x, int64_t count, double margin) {
  for (int64_t k = 0; k < count; ++k) {
    const double p = std::clamp(static_cast<double>(x[k]), margin, 1 - margin);
    x[k] = static_cast<float>(std::log(p / (1 - p)));
  }
}

}  // namespace phosphene
