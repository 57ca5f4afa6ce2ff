// A line search to the strong Wolfe conditions (Nocedal & Wright 2006,
// 3.5-3.6).

#include "server/engine/optimizers/wolfe.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace phosphene {
namespace {

constexpr double kSufficientDecrease = 1e-4;  // c1
constexpr double kCurvature = 0.9;            // c2
constexpr double kMargin = 0.1;  // of the bracket, kept from its ends
constexpr double kGrow = 10;     // largest growth of the step
constexpr double kNarrowest =
    1e-9;  // bracket given up on, of the longest step tried

}  // namespace

WolfeSearch::WolfeSearch(double value, double slope, double first_trial)
    : start_{0, value, slope},
      previous_(start_),
      low_(start_),
      high_(start_),
      best_(start_),
      trial_(first_trial),
      longest_(first_trial) {}

// f(t) <= f(0) + c1 t f'(0).
bool WolfeSearch::LowerEnough(const Point& p) const {
  return p.value <= start_.value + kSufficientDecrease * p.step * start_.slope;
}

// |f'(t)| <= c2 |f'(0)|.
bool WolfeSearch::Flat(const Point& p) const {
  return std::abs(p.slope) <= -kCurvature * start_.slope;
}

bool WolfeSearch::Report(double value, double slope) {
  if (done_) return false;
  const bool finite = std::isfinite(value) && std::isfinite(slope);
  const Point p{trial_,
                finite ? value : std::numeric_limits<double>::infinity(),
                finite ? slope : 0};
  const bool better = LowerEnough(p) && p.value < best_.value;
  if (better) best_ = p;
  zooming_ ? Zoom(p) : Bracket(p);
  return better;
}

// Algorithm 3.5: steps grow until two of them hold a minimum between them.
void WolfeSearch::Bracket(const Point& p) {
  if (!LowerEnough(p) || (previous_.step > 0 && p.value >= previous_.value)) {
    low_ = previous_;
    high_ = p;
    zooming_ = true;
    return NextInside();
  }
  if (Flat(p)) {
    done_ = true;
    return;
  }
  if (p.slope >= 0) {
    low_ = p;
    high_ = previous_;
    zooming_ = true;
    return NextInside();
  }
  const double least = p.step + 0.01 * (p.step - previous_.step);
  trial_ = CubicMinimum(previous_, p, least, p.step * kGrow);
  longest_ = std::max(longest_, trial_);
  previous_ = p;
}

// Algorithm 3.6: the bracket shrinks around the minimum. `low_` always is the
// best end that decreases enough.
void WolfeSearch::Zoom(const Point& p) {
  if (!LowerEnough(p) || p.value >= low_.value) {
    high_ = p;
  } else {
    if (Flat(p)) {
      done_ = true;
      return;
    }
    if (p.slope * (high_.step - low_.step) >= 0) high_ = low_;
    low_ = p;
  }
  NextInside();
}

void WolfeSearch::NextInside() {
  const double lo = std::min(low_.step, high_.step),
               hi = std::max(low_.step, high_.step);
  if (hi - lo <= kNarrowest * longest_) {
    done_ = true;
    return;
  }
  const double margin = kMargin * (hi - lo);
  trial_ = std::isfinite(high_.value)
               ? CubicMinimum(low_, high_, lo + margin, hi - margin)
               : (lo + hi) / 2;
}

// Minimum of the cubic through two values and slopes, kept within [lo, hi]
// (Nocedal & Wright, equation 3.59); their middle where there is none.
double WolfeSearch::CubicMinimum(const Point& a, const Point& b, double lo,
                                 double hi) {
  const Point& left = a.step <= b.step ? a : b;
  const Point& right = a.step <= b.step ? b : a;
  const double width = right.step - left.step;
  const double d1 =
      left.slope + right.slope - 3 * (right.value - left.value) / width;
  const double square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (lo + hi) / 2;
  const double d2 = std::sqrt(square);
  const double at = right.step - width * (right.slope + d2 - d1) /
                                     (right.slope - left.slope + 2 * d2);
  return std::isfinite(at) ? std::clamp(at, lo, hi) : (lo + hi) / 2;
}

}  // namespace phosphene
