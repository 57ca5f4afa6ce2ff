#pragma once

#include <cstdint>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// The half-plane real spectrum of images [.., H, W], as lucid's fft_image has
// it: an odd width W is transformed at W+1 and cut, so that the spectrum has
//   columns = W/2+1 (W even) or W/2+2 (W odd).
// H, W >= 1. Free functions; thread-safe.
//
// On the CPU, sides that are both powers of two from 256 to 16384 go through
// transforms of our own (fft_kernels.h), all others through PyTorch's: the same
// to rounding. MKL's are generic code on processors of other makers, and share
// out three planes over two threads as two and one.
int64_t SpectrumColumns(int64_t width);

// 1/max(f, 1/max(W,H))^decay, [H, columns] f32, where f is the frequency in
// cycles per pixel; the constant term counts as the lowest frequency.
at::Tensor PowerLaw(int64_t height, int64_t width, double decay);

// How often each column counts in the real image: 1 for the constant and the
// Nyquist column, 2 between, where the other half-plane mirrors it. [columns]
// f32.
at::Tensor ColumnMultiplicity(int64_t width);

// irfft2 of spectrum * scale, with the norm 1/(H*W'), W' the even width.
// spectrum [N,C,H,columns,2] and scale [H,columns,1] f32 -> [N,C,H,width]. No
// gradient is recorded by itself; see fourier.cc.
at::Tensor SpectrumToImage(const at::Tensor& spectrum, const at::Tensor& scale,
                           int64_t width);

// How an odd width is filled up to the even one of the transform.
enum class Seam {
  kZero,  // what was cut off gets no gradient
  kMean,  // mean of the first and the last column: the image is periodic
};

// rfft2 of image [N,C,H,W] f32, times factor [H,columns,1]:
// [N,C,H,columns,2] f32. With kMean and factor 1/scale it is a right inverse
// of SpectrumToImage; with kZero and a suitable factor its transpose.
at::Tensor ImageToSpectrum(const at::Tensor& image, const at::Tensor& factor,
                           Seam seam);

}  // namespace phosphene
