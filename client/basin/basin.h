#pragma once

#include <cstdint>

namespace phosphene::client {

// The article's toy of shared parameterizations. Two values, each pulled to
// -1 or +1 by the loss (z^2 - 1)^2, start at a point of the plane:
//   x = u_x + w s,  y = u_y + w s,  minimize L(x) + L(y),
// u starts at (x, y), s at 0. With w = 0 they are independent and the four
// minima share the plane in quadrants; with w > 0 the basins of the aligned
// minima (same sign) grow. Reconstructed: the article (Distill 2018) published
// the figure, not the code.
struct BasinOptions {
  double shared_weight = 1;  // w
  double range = 1;          // starts in [-range, range]^2
  bool adam = false;         // else plain gradient descent
  double learning_rate = 0;  // 0: fitted, see LearningRate
  int steps = 4000;          // at most; ends early at a minimum
};

// Rate used: as given; else 0.05 for Adam, and for descent small enough to
// follow the gradient flow: 0.02 / ((1 + 2 w^2) max(1, range^2)).
double LearningRate(const BasinOptions& options);

// The minimum a start leads to: signs of x and y.
struct Minimum {
  bool x_positive = false;
  bool y_positive = false;
  bool aligned() const { return x_positive == y_positive; }
};
Minimum Descend(const BasinOptions& options, double x, double y);

// Share of `starts` starts, uniform in the range and keyed by `seed`, that end
// in an aligned minimum.
double AlignedFraction(const BasinOptions& options, int starts, uint64_t seed);

}  // namespace phosphene::client
