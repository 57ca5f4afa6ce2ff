// Max pooling that remembers the winner of each window, and its gradient.

#include <algorithm>
#include <limits>
#include <vector>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/kernels/vector.h"

namespace phosphene::onnx {
namespace {

// Largest value so far and its number in the window, over all channels of one
// output position.
template <typename T>
PHOSPHENE_INLINE void Compete(int64_t n, const T* x, uint8_t number,
                              float* best, uint8_t* winner) {
  for (int64_t c = 0; c < n; ++c) {
    const float value = Load(x[c]);
    // NaN wins, so that it is seen.
    const bool wins = value > best[c] || value != value;
    best[c] = wins ? value : best[c];
    winner[c] = wins ? number : winner[c];
  }
}

// The window at one output position, all channels side by side; what lies in
// the padding does not compete.
template <typename T>
PHOSPHENE_INLINE void PoolPosition(const MaxPoolParams& p, const T* image,
                                   int64_t oy, int64_t ox, float* best,
                                   uint8_t* number) {
  std::fill(best, best + p.channels, -std::numeric_limits<float>::infinity());
  std::fill(number, number + p.channels, uint8_t{0});
  for (int64_t ky = 0; ky < p.kernel_h; ++ky) {
    const int64_t y = oy * p.stride_h - p.pad_top + ky * p.dilation_h;
    if (y < 0 || y >= p.height) continue;
    for (int64_t kx = 0; kx < p.kernel_w; ++kx) {
      const int64_t x = ox * p.stride_w - p.pad_left + kx * p.dilation_w;
      if (x < 0 || x >= p.width) continue;
      Compete(p.channels, image + (y * p.width + x) * p.channels,
              static_cast<uint8_t>(ky * p.kernel_w + kx), best, number);
    }
  }
}

// Output rows begin..end-1, counted over the batch.
template <typename T>
PHOSPHENE_INLINE void ForwardRows(const MaxPoolParams& p, int64_t begin,
                                  int64_t end, const T* x, T* y,
                                  uint8_t* winner) {
  std::vector<float> best(p.channels);
  std::vector<uint8_t> number(p.channels);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t item = row / p.out_height, oy = row % p.out_height;
    const T* image = x + item * p.height * p.width * p.channels;
    for (int64_t ox = 0; ox < p.out_width; ++ox) {
      PoolPosition(p, image, oy, ox, best.data(), number.data());
      const int64_t at = (row * p.out_width + ox) * p.channels;
      for (int64_t c = 0; c < p.channels; ++c) Store(best[c], y + at + c);
      if (winner != nullptr)
        std::copy(number.begin(), number.end(), winner + at);
    }
  }
}

// The gradient of an output goes to the element of that number, if it won.
template <typename T>
PHOSPHENE_INLINE void AddWhereWinner(int64_t n, const T* dy,
                                     const uint8_t* winner, uint8_t number,
                                     float* sum) {
  for (int64_t c = 0; c < n; ++c)
    sum[c] += winner[c] == number ? Load(dy[c]) : 0.0f;
}

// Adds to one input row what the window row `ky` of an output row sends it.
template <typename T>
PHOSPHENE_INLINE void GatherRow(const MaxPoolParams& p, int64_t out_row,
                                int64_t ky, const T* dy, const uint8_t* winner,
                                float* sums) {
  for (int64_t ox = 0; ox < p.out_width; ++ox) {
    const int64_t at = (out_row * p.out_width + ox) * p.channels;
    for (int64_t kx = 0; kx < p.kernel_w; ++kx) {
      const int64_t x = ox * p.stride_w - p.pad_left + kx * p.dilation_w;
      if (x < 0 || x >= p.width) continue;
      AddWhereWinner(p.channels, dy + at, winner + at,
                     static_cast<uint8_t>(ky * p.kernel_w + kx),
                     sums + x * p.channels);
    }
  }
}

// Input rows begin..end-1, counted over the batch: each gathers from the
// windows that hold it, so threads never write to the same place.
template <typename T>
PHOSPHENE_INLINE void BackwardRows(const MaxPoolParams& p, int64_t begin,
                                   int64_t end, const T* dy,
                                   const uint8_t* winner, T* dx) {
  std::vector<float> sums(p.width * p.channels);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t item = row / p.height, y = row % p.height;
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (int64_t ky = p.kernel_h - 1; ky >= 0; --ky) {
      const int64_t top = y + p.pad_top - ky * p.dilation_h;
      if (top < 0 || top % p.stride_h != 0 || top / p.stride_h >= p.out_height)
        continue;
      GatherRow(p, item * p.out_height + top / p.stride_h, ky, dy, winner,
                sums.data());
    }
    T* out = dx + row * p.width * p.channels;
    for (int64_t i = 0; i < p.width * p.channels; ++i) Store(sums[i], out + i);
  }
}

PHOSPHENE_CLONES void ForwardF32(const MaxPoolParams& p, int64_t begin,
                                 int64_t end, const float* x, float* y,
                                 uint8_t* winner) {
  ForwardRows(p, begin, end, x, y, winner);
}
PHOSPHENE_CLONES void ForwardBf16(const MaxPoolParams& p, int64_t begin,
                                  int64_t end, const Bf16* x, Bf16* y,
                                  uint8_t* winner) {
  ForwardRows(p, begin, end, x, y, winner);
}
PHOSPHENE_CLONES void BackwardF32(const MaxPoolParams& p, int64_t begin,
                                  int64_t end, const float* dy,
                                  const uint8_t* winner, float* dx) {
  BackwardRows(p, begin, end, dy, winner, dx);
}
PHOSPHENE_CLONES void BackwardBf16(const MaxPoolParams& p, int64_t begin,
                                   int64_t end, const Bf16* dy,
                                   const uint8_t* winner, Bf16* dx) {
  BackwardRows(p, begin, end, dy, winner, dx);
}

}  // namespace

template <>
void MaxPoolForward<float>(const MaxPoolParams& p, const float* x, float* y,
                           uint8_t* winner) {
  OverRows(p.batch * p.out_height, p.threads, [&](int64_t begin, int64_t end) {
    ForwardF32(p, begin, end, x, y, winner);
  });
}
template <>
void MaxPoolForward<Bf16>(const MaxPoolParams& p, const Bf16* x, Bf16* y,
                          uint8_t* winner) {
  OverRows(p.batch * p.out_height, p.threads, [&](int64_t begin, int64_t end) {
    ForwardBf16(p, begin, end, x, y, winner);
  });
}
template <>
void MaxPoolBackward<float>(const MaxPoolParams& p, const float* dy,
                            const uint8_t* winner, float* dx) {
  OverRows(p.batch * p.height, p.threads, [&](int64_t begin, int64_t end) {
    BackwardF32(p, begin, end, dy, winner, dx);
  });
}
template <>
void MaxPoolBackward<Bf16>(const MaxPoolParams& p, const Bf16* dy,
                           const uint8_t* winner, Bf16* dx) {
  OverRows(p.batch * p.height, p.threads, [&](int64_t begin, int64_t end) {
    BackwardBf16(p, begin, end, dy, winner, dx);
  });
}

}  // namespace phosphene::onnx
