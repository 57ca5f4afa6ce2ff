// Local response normalization over channels, forward and backward.

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/kernels/vector.h"

namespace phosphene::onnx {
namespace {

// factor = base^-beta; square roots for the two betas in use (0.75 in Caffe's
// and AlexNet's networks, 0.5 in lucid's), powf for others.
PHOSPHENE_INLINE void NegativePower(int64_t n, float beta, const float* base,
                                    float* factor) {
  if (beta == 0.75f) {
    for (int64_t c = 0; c < n; ++c) {
      const float root = std::sqrt(base[c]);
      factor[c] = 1.0f / (root * std::sqrt(root));
    }
  } else if (beta == 0.5f) {
    for (int64_t c = 0; c < n; ++c) factor[c] = 1.0f / std::sqrt(base[c]);
  } else {
    for (int64_t c = 0; c < n; ++c) factor[c] = std::pow(base[c], -beta);
  }
}

// out[c] = sum of padded[c .. c+size-1].
PHOSPHENE_INLINE void WindowSums(int64_t n, int64_t size, const float* padded,
                                 float* out) {
  for (int64_t c = 0; c < n; ++c) out[c] = padded[c];
  for (int64_t j = 1; j < size; ++j) {
    for (int64_t c = 0; c < n; ++c) out[c] += padded[c + j];
  }
}

// base = bias + alpha/size * window sum of x^2; factor = base^-beta.
template <typename T>
PHOSPHENE_INLINE void Normalizer(const LrnParams& p, const T* x, float* padded,
                                 float* base, float* factor) {
  const int64_t n = p.channels, before = (p.size - 1) / 2;
  for (int64_t c = 0; c < n; ++c) padded[before + c] = Load(x[c]) * Load(x[c]);
  WindowSums(n, p.size, padded, base);
  const float scale = p.alpha / static_cast<float>(p.size);
  for (int64_t c = 0; c < n; ++c) base[c] = p.bias + scale * base[c];
  NegativePower(n, p.beta, base, factor);
}

// Sums run over buffers with zeros on both sides, so windows need no bounds.
template <typename T>
PHOSPHENE_INLINE void ForwardRows(const LrnParams& p, int64_t begin,
                                  int64_t end, const T* x, T* y) {
  const int64_t n = p.channels;
  std::vector<float> padded(n + p.size, 0.0f), base(n), factor(n);
  for (int64_t row = begin; row < end; ++row) {
    const T* in = x + row * n;
    T* out = y + row * n;
    Normalizer(p, in, padded.data(), base.data(), factor.data());
    for (int64_t c = 0; c < n; ++c) Store(Load(in[c]) * factor[c], out + c);
  }
}

// dx_i = dy_i f_i - 2 alpha beta / size * x_i * sum over windows that hold i
// of dy_j x_j f_j / base_j.
template <typename T>
PHOSPHENE_INLINE void BackwardRows(const LrnParams& p, int64_t begin,
                                   int64_t end, const T* x, const T* dy,
                                   T* dx) {
  const int64_t n = p.channels;
  const int64_t after = p.size - 1 - (p.size - 1) / 2;
  const float scale = 2 * p.alpha * p.beta / static_cast<float>(p.size);
  std::vector<float> squares(n + p.size, 0.0f), terms(n + p.size, 0.0f),
      base(n), factor(n);
  for (int64_t row = begin; row < end; ++row) {
    const T* in = x + row * n;
    const T* g = dy + row * n;
    T* out = dx + row * n;
    Normalizer(p, in, squares.data(), base.data(), factor.data());
    float* t = terms.data() + after;
    for (int64_t c = 0; c < n; ++c)
      t[c] = Load(g[c]) * Load(in[c]) * factor[c] / base[c];
    WindowSums(n, p.size, terms.data(), base.data());
    for (int64_t c = 0; c < n; ++c) {
      Store(Load(g[c]) * factor[c] - scale * Load(in[c]) * base[c], out + c);
    }
  }
}

PHOSPHENE_CLONES void ForwardF32(const LrnParams& p, int64_t begin, int64_t end,
                                 const float* x, float* y) {
  ForwardRows(p, begin, end, x, y);
}
PHOSPHENE_CLONES void ForwardBf16(const LrnParams& p, int64_t begin,
                                  int64_t end, const Bf16* x, Bf16* y) {
  ForwardRows(p, begin, end, x, y);
}
PHOSPHENE_CLONES void BackwardF32(const LrnParams& p, int64_t begin,
                                  int64_t end, const float* x, const float* dy,
                                  float* dx) {
  BackwardRows(p, begin, end, x, dy, dx);
}
PHOSPHENE_CLONES void BackwardBf16(const LrnParams& p, int64_t begin,
                                   int64_t end, const Bf16* x, const Bf16* dy,
                                   Bf16* dx) {
  BackwardRows(p, begin, end, x, dy, dx);
}

}  // namespace

template <>
void LrnForward<float>(const LrnParams& p, const float* x, float* y) {
  OverRows(p.pixels, p.threads, [&](int64_t begin, int64_t end) {
    ForwardF32(p, begin, end, x, y);
  });
}
template <>
void LrnForward<Bf16>(const LrnParams& p, const Bf16* x, Bf16* y) {
  OverRows(p.pixels, p.threads, [&](int64_t begin, int64_t end) {
    ForwardBf16(p, begin, end, x, y);
  });
}
template <>
void LrnBackward<float>(const LrnParams& p, const float* x, const float* dy,
                        float* dx) {
  OverRows(p.pixels, p.threads, [&](int64_t begin, int64_t end) {
    BackwardF32(p, begin, end, x, dy, dx);
  });
}
template <>
void LrnBackward<Bf16>(const LrnParams& p, const Bf16* x, const Bf16* dy,
                       Bf16* dx) {
  OverRows(p.pixels, p.threads, [&](int64_t begin, int64_t end) {
    BackwardBf16(p, begin, end, x, dy, dx);
  });
}

}  // namespace phosphene::onnx
