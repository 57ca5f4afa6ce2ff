// The gradient of a ReLU or a ReLU6, plain or redirected, in one pass.

#include <atomic>
#include <cmath>
#include <cstring>
#include <vector>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/kernels/vector.h"

namespace phosphene::onnx {
namespace {

// A positive number of either type; what a NaN is counts as its sign says.
PHOSPHENE_INLINE bool Positive(float y) { return !(y <= 0.0f); }
PHOSPHENE_INLINE bool Positive(Bf16 y) {
  return static_cast<int16_t>(y.bits) > 0;
}
PHOSPHENE_INLINE uint32_t Magnitude(float g) {
  uint32_t bits;
  std::memcpy(&bits, &g, sizeof(bits));
  return bits & 0x7fffffff;
}
PHOSPHENE_INLINE uint16_t Magnitude(Bf16 g) { return g.bits & 0x7fff; }

// out = g where the gate is open, else 0; returns whether anything passed.
template <typename T>
PHOSPHENE_INLINE bool Pass(int64_t n, const T* g, const T* y, T* out) {
  decltype(Magnitude(T{})) passed = 0;
  for (int64_t c = 0; c < n; ++c) {
    const T value = Positive(y[c]) ? g[c] : T{};
    passed |= Magnitude(value);
    out[c] = value;
  }
  return passed != 0;
}

// Likewise for an activation with an upper bound: closed from `max` on.
template <typename T>
PHOSPHENE_INLINE bool PassBelow(int64_t n, float max, const T* g, const T* y,
                                T* out) {
  decltype(Magnitude(T{})) passed = 0;
  for (int64_t c = 0; c < n; ++c) {
    const T value = Positive(y[c]) && !(Load(y[c]) >= max) ? g[c] : T{};
    passed |= Magnitude(value);
    out[c] = value;
  }
  return passed != 0;
}

// Pixels begin..end-1, counted over the batch; marks items where anything
// passed.
template <typename T>
PHOSPHENE_INLINE void PassPixels(const GateParams& p, int64_t begin,
                                 int64_t end, const T* g, const T* y, T* out,
                                 std::atomic<bool>* alive) {
  const bool bounded = !std::isinf(p.max);
  for (int64_t pixel = begin; pixel < end;) {
    const int64_t item = pixel / p.pixels;
    const int64_t stop =
        end < (item + 1) * p.pixels ? end : (item + 1) * p.pixels;
    bool passed = false;
    for (; pixel < stop; ++pixel) {
      const T* const from = g + pixel * p.g_stride;
      const T* const at = y + pixel * p.y_stride;
      T* const to = out + pixel * p.out_stride;
      passed |= bounded ? PassBelow(p.channels, p.max, from, at, to)
                        : Pass(p.channels, from, at, to);
    }
    if (passed) alive[item].store(true, std::memory_order_relaxed);
  }
}

// lucid's redirected_relu_grad: where nothing of an item passes, gradients that
// would move a dead unit back to life do (below 0 upwards, above max downwards;
// objectives are minimized here, so signs are those of the loss).
template <typename T>
PHOSPHENE_INLINE void RedirectPixels(const GateParams& p, int64_t begin,
                                     int64_t end, const T* g, const T* y,
                                     T* out) {
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    const T* const from = g + pixel * p.g_stride;
    const T* const at = y + pixel * p.y_stride;
    T* const to = out + pixel * p.out_stride;
    for (int64_t c = 0; c < p.channels; ++c) {
      const float value = Load(from[c]), state = Load(at[c]);
      const bool blocked =
          (state <= 0 && value > 0) || (state >= p.max && value < 0);
      to[c] = blocked ? T{} : from[c];
    }
  }
}

PHOSPHENE_CLONES void PassF32(const GateParams& p, int64_t begin, int64_t end,
                              const float* g, const float* y, float* out,
                              std::atomic<bool>* alive) {
  PassPixels(p, begin, end, g, y, out, alive);
}
PHOSPHENE_CLONES void PassBf16(const GateParams& p, int64_t begin, int64_t end,
                               const Bf16* g, const Bf16* y, Bf16* out,
                               std::atomic<bool>* alive) {
  PassPixels(p, begin, end, g, y, out, alive);
}
PHOSPHENE_CLONES void RedirectF32(const GateParams& p, int64_t begin,
                                  int64_t end, const float* g, const float* y,
                                  float* out) {
  RedirectPixels(p, begin, end, g, y, out);
}
PHOSPHENE_CLONES void RedirectBf16(const GateParams& p, int64_t begin,
                                   int64_t end, const Bf16* g, const Bf16* y,
                                   Bf16* out) {
  RedirectPixels(p, begin, end, g, y, out);
}

// Plain first; items where nothing passed again, redirected.
template <typename T, typename PassFn, typename RedirectFn>
void Gate(const GateParams& p, const T* g, const T* y, T* out, PassFn pass,
          RedirectFn redirect) {
  std::vector<std::atomic<bool>> alive(p.items);
  OverRows(p.items * p.pixels, p.threads, [&](int64_t begin, int64_t end) {
    pass(p, begin, end, g, y, out, alive.data());
  });
  if (!p.redirect) return;
  for (int64_t item = 0; item < p.items; ++item) {
    if (alive[item].load(std::memory_order_relaxed)) continue;
    OverRows(p.pixels, p.threads, [&](int64_t begin, int64_t end) {
      redirect(p, item * p.pixels + begin, item * p.pixels + end, g, y, out);
    });
  }
}

}  // namespace

template <>
void GateGradient<float>(const GateParams& p, const float* g, const float* y,
                         float* out) {
  Gate(p, g, y, out, PassF32, RedirectF32);
}
template <>
void GateGradient<Bf16>(const GateParams& p, const Bf16* g, const Bf16* y,
                        Bf16* out) {
  Gate(p, g, y, out, PassBf16, RedirectBf16);
}

}  // namespace phosphene::onnx
