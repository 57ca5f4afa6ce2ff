// The toy of shared parameters: gradient descent into one of four minima.

#include "client/basin/basin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace phosphene::client {
namespace {

// d/dz (z^2 - 1)^2.
double Slope(double z) { return 4 * z * (z * z - 1); }

constexpr double kDone = 1e-4;

// Kingma & Ba's defaults.
class Adam {
 public:
  double Step(double gradient, int t) {
    constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
    mean_ = kBeta1 * mean_ + (1 - kBeta1) * gradient;
    square_ = kBeta2 * square_ + (1 - kBeta2) * gradient * gradient;
    const double mean = mean_ / (1 - std::pow(kBeta1, t));
    const double square = square_ / (1 - std::pow(kBeta2, t));
    return mean / (std::sqrt(square) + kEpsilon);
  }

 private:
  double mean_ = 0;
  double square_ = 0;
};

}  // namespace

double LearningRate(const BasinOptions& options) {
  if (options.learning_rate > 0) return options.learning_rate;
  if (options.adam) return 0.05;
  const double w = options.shared_weight;
  return 0.02 /
         ((1 + 2 * w * w) * std::max(1.0, options.range * options.range));
}

Minimum Descend(const BasinOptions& options, double x, double y) {
  const double rate = LearningRate(options), w = options.shared_weight;
  std::array<double, 3> params = {x, y, 0};  // u_x, u_y, s
  std::array<Adam, 3> adam;
  for (int t = 1; t <= options.steps; ++t) {
    const double gx = Slope(params[0] + w * params[2]);
    const double gy = Slope(params[1] + w * params[2]);
    const bool at_minimum = std::fabs(gx) < kDone && std::fabs(gy) < kDone &&
                            std::fabs(params[0] + w * params[2]) > 0.5 &&
                            std::fabs(params[1] + w * params[2]) > 0.5;
    if (at_minimum) break;
    const std::array<double, 3> gradient = {gx, gy, w * (gx + gy)};
    for (size_t i = 0; i < 3; ++i) {
      params[i] -=
          rate * (options.adam ? adam[i].Step(gradient[i], t) : gradient[i]);
    }
  }
  return {params[0] + w * params[2] > 0, params[1] + w * params[2] > 0};
}

double AlignedFraction(const BasinOptions& options, int starts, uint64_t seed) {
  std::mt19937_64 random(seed);
  // 53 bits in [0, 1): the same on every platform, unlike the distributions.
  const auto draw = [&] {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    return (2 * unit - 1) * options.range;
  };
  int aligned = 0;
  for (int i = 0; i < starts; ++i) {
    const double x = draw();
    const double y = draw();
    aligned += Descend(options, x, y).aligned();
  }
  return static_cast<double>(aligned) / starts;
}

}  // namespace phosphene::client
