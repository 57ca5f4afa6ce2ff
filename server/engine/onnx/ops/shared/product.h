#pragma once

#include <memory>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/onednn.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// ATen's products go to MKL, which on processors of other makers runs at a
// third of their rate, and below a tenth for small matrices. These do not.

// Rows times a constant matrix, plus a constant bias: on CPU a 1x1 convolution
// by oneDNN whose pixels are the rows, with the matrix laid out once for either
// direction. Gradient of the rows alone. Thread-safe.
class FrozenLinear : public std::enable_shared_from_this<FrozenLinear> {
 public:
  // Whether it is the faster way for this matrix.
  static bool Suits(const at::Tensor& matrix, const OpOptions& options);

  // matrix [K,M]; bias [M] or undefined. REQUIRES: Suits.
  FrozenLinear(const at::Tensor& matrix, at::Tensor bias);

  // [...,K] to [...,M]. Throws c10::Error where K is another.
  at::Tensor Run(const at::Tensor& x);

 private:
  at::Tensor Apply(const at::Tensor& x, PackedWeight* weight,
                   const at::Tensor& bias, int64_t columns) const;

  const at::Tensor forward_, backward_;  // [M,K,1,1], [K,M,1,1]
  const at::Tensor bias_;
  PackedWeight packed_, packed_turned_;
};

// at::matmul; batches of equally many f32 matrices on CPU by an own kernel.
at::Tensor Product(const at::Tensor& a, const at::Tensor& b);

}  // namespace phosphene::onnx
