#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/raster/raster.h"
#include "server/engine/raster/raster_mesh.h"

namespace phosphene {

// A bit for each texel of an atlas; row 0 is the top (v = 1).
// Thread-compatible.
class TexelMask {
 public:
  TexelMask(int64_t height, int64_t width);

  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  bool Get(int64_t y, int64_t x) const {
    return (words_[y * words_a_row_ + (x >> 6)] >> (x & 63)) & 1;
  }
  void Set(int64_t y, int64_t x) {
    words_[y * words_a_row_ + (x >> 6)] |= uint64_t{1} << (x & 63);
  }
  void Clear(int64_t y, int64_t x) {
    words_[y * words_a_row_ + (x >> 6)] &= ~(uint64_t{1} << (x & 63));
  }
  int64_t Count() const;
  // Texels set here and in `other`, which has the same size.
  int64_t CountBoth(const TexelMask& other) const;
  // Rows of words_a_row() words, texel x in bit x % 64 of word x / 64; bits
  // beyond the width are 0. For checkpoints.
  const std::vector<uint64_t>& words() const { return words_; }
  std::vector<uint64_t>& words() { return words_; }
  int64_t words_a_row() const { return words_a_row_; }

 private:
  int64_t height_, width_, words_a_row_;
  std::vector<uint64_t> words_;
};

// Sets the four texels about each fragment (those level 0 blends), at whatever
// level it is sampled. `views` on any device.
void AccumulateCoverage(const RasterViews& views, TexelMask* mask);

// Texels whose centres lie in a triangle of the mesh in UV space, wrapped. A
// triangle over more than kMaxUvRepeats atlases (uv_spans.h) sets all. Ends
// early when all are set.
TexelMask ChartMask(const RasterMesh& mesh, int64_t height, int64_t width);

}  // namespace phosphene
