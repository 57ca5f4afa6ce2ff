#pragma once

#include <cstdint>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

// Quantized values are carried as floating-point numbers that are whole: what
// QuantizeLinear makes is 0, 1, ... 255 as floats, so that gradients flow on
// through pooling, joining and integer products, straight through the rounding.
// 8-bit values are exact in every floating-point type, sums of products below
// 2^24 in f32. Weights and zero points are integer tensors as the file has
// them.

// Whole numbers that a quantized type holds.
struct QuantizedRange {
  double lo = 0, hi = 255;
};

// That of an integer type; uint16, which is held as int32, for int32. Throws
// c10::Error for others.
QuantizedRange RangeOf(at::ScalarType type);

// The range of a zero point's type; of uint8 where there is none.
QuantizedRange RangeOfZero(const at::Tensor& zero);

// A scale or zero point made to broadcast with something like x: one number;
// one per element of `axis`; or, block > 0, one per block of so many along it.
at::Tensor SpreadOver(const at::Tensor& parameter, const at::Tensor& x,
                      int64_t axis, int64_t block = 0);

// clamp(round(x / scale) + zero) as whole numbers in x's type; halves round to
// even. `scale` and `zero` broadcast with x, zero may be undefined. Its
// gradient is 1 / scale where the rounded value is in the range, else 0.
at::Tensor Quantized(const at::Tensor& x, const at::Tensor& scale,
                     const at::Tensor& zero, const QuantizedRange& range);

// x - zero as numbers of `type`; zero may be undefined.
at::Tensor FromZero(const at::Tensor& x, const at::Tensor& zero,
                    at::ScalarType type);

// (x - zero) scale in the type of the scale.
at::Tensor Dequantized(const at::Tensor& x, const at::Tensor& scale,
                       const at::Tensor& zero);

// x quantized to uint8 by its own range, each row (axis 0) by its own where
// there are two or more axes, so that rows of a batch stay apart.
struct SelfQuantized {
  at::Tensor y;      // whole numbers
  at::Tensor scale;  // one number, or [N,1,...] for N > 1 rows
  at::Tensor zero;   // uint8, likewise
};
SelfQuantized QuantizedByItself(const at::Tensor& x);

}  // namespace phosphene::onnx
