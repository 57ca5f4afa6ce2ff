#pragma once

// Plain loops of real Fourier transforms in two dimensions whose sides are
// powers of two; no torch here. Sixteen lines are transformed side by side, so
// that every loop is one over neighbours; each line's arithmetic is its own,
// and results depend neither on its company nor on the number of threads.

#include <cstdint>
#include <memory>

namespace phosphene {

inline constexpr int64_t kFftLanes = 16;
// Of a side; below it a transform is too short to be worth it.
inline constexpr int64_t kLeastFftSide = 256, kMostFftSide = 16384;

// Whether both sides are powers of two within the bounds.
bool IsFftSize(int64_t height, int64_t width);

// exp(-2 pi i k / n), k = 0..n-1, as pairs; made once, kept. Thread-safe.
const float* FftRoots(int64_t n);

// A plane [height,width] of real values and its half spectrum
// [height,width/2+1] of pairs; a scale for each pair may come between.
struct FftPlane {
  int64_t height = 0, width = 0;
  const float* roots_down = nullptr;    // FftRoots(height)
  const float* roots_across = nullptr;  // FftRoots(width)
  const float* roots_half = nullptr;    // FftRoots(width / 2)

  static FftPlane Of(int64_t height, int64_t width);
  int64_t columns() const { return width / 2 + 1; }
  int64_t column_blocks() const {
    return (columns() + kFftLanes - 1) / kFftLanes;
  }
  int64_t row_blocks() const { return height / kFftLanes; }
  // Floats of scratch that one thread needs.
  int64_t scratch() const {
    return 4 * kFftLanes * (height > width ? height : width);
  }
};

// The way to the image: columns of spectrum * scale into `half` (as the
// spectrum), then its rows into `image`, with the norm 1 / (height width).
// Imaginary parts of the first and last column, after the first pass, count as
// 0, as libraries have it.
void ColumnsToHalf(const FftPlane& plane, const float* spectrum,
                   const float* scale, int64_t block, float* scratch,
                   float* half);
void HalfToRows(const FftPlane& plane, const float* half, int64_t block,
                float* scratch, float* image);

// The way back, without a norm: rows of the image into `half`, then its columns
// into `spectrum`, times the scale.
void RowsToHalf(const FftPlane& plane, const float* image, int64_t block,
                float* scratch, float* half);
void HalfToColumns(const FftPlane& plane, const float* half, const float* scale,
                   int64_t block, float* scratch, float* spectrum);

}  // namespace phosphene
