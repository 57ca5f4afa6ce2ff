#pragma once

// Hand-written CPU loops over channels_last memory: plain pointers, no torch,
// so that they are compiled with their own flags (see CMakeLists.txt). Each is
// compiled for several instruction sets; the loader picks the machine's best.
// Results do not depend on `threads`.

#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHOSPHENE_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PHOSPHENE_CLONES
#endif
#define PHOSPHENE_INLINE inline __attribute__((always_inline))

namespace phosphene::onnx {

// bf16 as its bits; arithmetic happens in f32.
struct Bf16 {
  uint16_t bits;
};

// y = x * (bias + alpha/size * sum of x^2 over `size` neighbouring
// channels)^-beta for `pixels` rows of `channels` values. The window of channel
// c is [c - (size-1)/2, c + size/2], cut at the ends, as ONNX has it.
struct LrnParams {
  int64_t pixels = 0;
  int64_t channels = 0;
  int64_t size = 5;
  float alpha = 1e-4f;
  float beta = 0.75f;
  float bias = 1.0f;
  int threads = 1;
};
template <typename T>
void LrnForward(const LrnParams& p, const T* x, T* y);
// dx from dy and the input.
template <typename T>
void LrnBackward(const LrnParams& p, const T* x, const T* dy, T* dx);

// Max-pooling of [batch, height, width, channels]. `winner` holds, for each
// output, the number ky*kernel_w+kx of the first largest element of its
// window, so a window may have at most 256 elements.
struct MaxPoolParams {
  int64_t batch = 0, channels = 0;
  int64_t height = 0, width = 0;  // of the input
  int64_t out_height = 0, out_width = 0;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1, pad_top = 0, pad_left = 0;
  int threads = 1;
};
// `winner` may be null when no gradient will be asked for.
template <typename T>
void MaxPoolForward(const MaxPoolParams& p, const T* x, T* y, uint8_t* winner);
// Overwrites dx.
template <typename T>
void MaxPoolBackward(const MaxPoolParams& p, const T* dy, const uint8_t* winner,
                     T* dx);

// Gradient of a ReLU (or of a clip to 0..max) of `items` pictures of `pixels`
// pixels of `channels` neighbouring values, the next pixel being a stride away:
// out = g where 0 < y < max, else 0. With `redirect`, an item where that is 0
// everywhere gets g but where y <= 0 and g > 0, or y >= max and g < 0.
struct GateParams {
  int64_t items = 0, pixels = 0, channels = 0;
  int64_t g_stride = 0, y_stride = 0, out_stride = 0;  // in elements
  float max = 0;                                       // infinity for a ReLU
  bool redirect = false;
  int threads = 1;
};
template <typename T>
void GateGradient(const GateParams& p, const T* g, const T* y, T* out);

// c[i] = a[i] b[i] for `count` pairs of small matrices, as attention has them:
// a[i] [m,k] begins at a + a_starts[i], b[i] [k,n] likewise; c is dense.
// Strides are in elements, and may be those of transposed matrices.
struct BatchProductParams {
  int64_t count = 0, m = 0, n = 0, k = 0;
  int64_t a_row = 0, a_column = 1, b_row = 0, b_column = 1;
  int threads = 1;
};
void BatchProduct(const BatchProductParams& p, const float* a,
                  const int64_t* a_starts, const float* b,
                  const int64_t* b_starts, float* c);

}  // namespace phosphene::onnx
