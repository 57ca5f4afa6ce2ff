#pragma once

#include <cstdint>

namespace phosphene {

// The colour map's loops on the CPU. Unlike ATen's vectorized functions, which
// treat the last elements of a chunk by another formula, an element's result
// depends on that element alone: not on its place, the batch or the number of
// threads. Thread-safe; ranges may be split freely.

// Three planes of `plane` floats each through the row-major 3x3 `matrix`:
// out_i = sum_j matrix[i][j] in_j for pixels begin..end-1. In and out differ.
void MixPlanes(const double* matrix, const float* in, float* out, int64_t plane,
               int64_t begin, int64_t end);

// x <- 1/(1+exp(-x)), within 2 ulp.
void SigmoidInPlace(float* x, int64_t count);

// out = grad * y * (1-y), where y is the sigmoid's value.
void SigmoidGradient(const float* grad, const float* y, float* out,
                     int64_t count);

// x <- log(x/(1-x)) of x taken into margin..1-margin.
void LogitInPlace(float* x, int64_t count, double margin);

}  // namespace phosphene
