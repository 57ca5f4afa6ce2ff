#pragma once

#include <array>
#include <vector>

namespace phosphene {

// A rectangle to place. Lengths are of one unit for all.
struct ChartBox {
  double width = 0, height = 0;
  // Side it has at least in the atlas, in texels, however small the scale.
  double least_texels = 0;
};

struct Packing {
  double scale = 0;   // texels for a unit
  double gutter = 0;  // texels between two boxes, also across the border
  std::vector<std::array<double, 2>> origin;  // lower left corner, in texels
  std::vector<std::array<double, 2>> size;    // in texels
};

// Places boxes in a square of `atlas` texels, tallest first, each as low as it
// goes (in shelves where there are over 4000), at the largest scale at which
// they fit. Gutters are 4 texels, less where those alone
// would fill a quarter of the square. Deterministic; O(n log n).
// REQUIRES: at least one box, widths and heights finite and above 0.
Packing PackCharts(const std::vector<ChartBox>& boxes, int atlas);

}  // namespace phosphene
