#pragma once

#include <array>
#include <cstdint>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Row-major 3x3, from z to RGB.
using Matrix3 = std::array<double, 9>;

// The basis of a colour space; DECORRELATED where unspecified.
Matrix3 BasisMatrix(const v1::ColorSpace& spec);
// Finite, and far enough from singular that f32 colours survive the way back.
bool IsInvertible(const Matrix3& matrix);
Matrix3 Inverse(const Matrix3& matrix);  // REQUIRES: IsInvertible(matrix)

// The map from values z to an image in 0..1 and back. With 3 or 4 channels the
// first three go through the basis; a fourth is alpha and always a sigmoid.
// With any other count every channel is squashed by itself. Thread-compatible;
// cheap to copy.
class ColorMap {
 public:
  // REQUIRES: CheckColor(spec, channels) found nothing.
  ColorMap(const v1::ColorSpace& spec, int64_t channels);

  // [N,C,H,W] -> [N,C,H,W] in 0..1, differentiable. SIGMOID: 1/(1+exp(-x)).
  // CLIP: x + mean, clamped to 0..1; the gradient of a loss to be minimized is
  // zero only where descent would push a value at the edge further out, so
  // that no pixel stays stuck there (lucid's constrain_L_inf).
  at::Tensor ToImage(const at::Tensor& values) const;
  // The values that ToImage maps to `image`, no gradient. SIGMOID takes the
  // image into 1e-3..1-1e-3 first, where its inverse is finite.
  at::Tensor FromImage(const at::Tensor& image) const;
  // The basis' inverse alone: RGB [N,3,H,W] of any range -> z.
  at::Tensor FromRgb(const at::Tensor& rgb) const;

 private:
  int64_t channels_;
  bool clip_;
  bool mixes_;  // whether matrix_ is not the identity
  Matrix3 matrix_;
};

}  // namespace phosphene
