#pragma once

#include <cstdint>
#include <vector>

#include "server/imaging/image.h"

namespace phosphene {

// Pictures of pictures: pure, deterministic integer or double arithmetic.

// Size after shrinking to at most `max_side` on the longest side, aspect kept,
// at least 1 x 1; unchanged when it fits.
struct ImageSize {
  int width = 0;
  int height = 0;
};
ImageSize FitWithin(int width, int height, int max_side);

// Resampled with a triangle filter, widened when shrinking (antialiased);
// colours are weighted by alpha, so transparent pixels do not bleed.
// REQUIRES: width, height >= 1 and a non-empty image.
Image8 Resize(const Image8& image, int width, int height);

// The image with `channels` channels (1..4): grey is spread over RGB, RGB is
// reduced to luma (BT.601), alpha is dropped or added opaque.
Image8 ConvertChannels(const Image8& image, int channels);

// What shows through.
enum class Backdrop { kKeep, kBlack, kWhite, kCheckerboard, kBoard };

// Composites an image with alpha over a backdrop and drops alpha; returns it
// unchanged when it has none or for kKeep. Blends the stored values, as
// browsers show a PNG. The checkerboard has 8 fields on its longest side, of
// 0.95 and 0.6. kBoard is four pictures, 2 x 2: over black, over white, over
// the checkerboard, and alpha as grey.
Image8 OverBackdrop(const Image8& image, Backdrop backdrop);
Image16 OverBackdrop(const Image16& image, Backdrop backdrop);

struct GridOptions {
  int columns = 0;  // 0: near-square
  int gap = 0;      // pixels between images and none around
  // Of gaps and empty cells, every channel, of 255; of 16 bits likewise.
  uint8_t fill = 255;
};
// Images in rows, each centred in a cell of the largest one's size. Channels
// hold what any image has, colour and alpha. REQUIRES: images not empty.
Image8 Grid(const std::vector<Image8>& images, const GridOptions& options = {});
Image16 Grid(const std::vector<Image16>& images,
             const GridOptions& options = {});

// Columns of a near-square grid of `count`.
int NearSquareColumns(int count);

}  // namespace phosphene
