#pragma once

#include <cstdint>
#include <cstring>

#include "server/engine/onnx/kernels/cpu.h"

namespace phosphene::onnx {

PHOSPHENE_INLINE float Load(float value) { return value; }
PHOSPHENE_INLINE float Load(Bf16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

PHOSPHENE_INLINE void Store(float value, float* to) { *to = value; }
// Rounds to nearest even, as ATen does.
PHOSPHENE_INLINE void Store(float value, Bf16* to) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  to->bits = static_cast<uint16_t>(nan ? 0x7fc0 : rounded);
}

// Splits 0..rows-1 evenly over threads; fn(begin, end) does one share.
template <typename Fn>
void OverRows(int64_t rows, int threads, const Fn& fn) {
  const int chunks = threads > 1 ? threads : 1;
#pragma omp parallel for num_threads(chunks) if (chunks > 1)
  for (int i = 0; i < chunks; ++i)
    fn(rows * i / chunks, rows * (i + 1) / chunks);
}

}  // namespace phosphene::onnx
