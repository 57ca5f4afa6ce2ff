#pragma once

namespace phosphene {

// A line search for the strong Wolfe conditions (Nocedal & Wright 2006,
// algorithms 3.5 and 3.6, cubic interpolation), turned inside out: it names a
// trial step and is told what was found there. So many searches, one per row,
// share each evaluation of the batch. c1 = 1e-4, c2 = 0.9. Thread-compatible.
//
//   WolfeSearch search(f0, slope0, 1.0);
//   while (!search.done()) search.Report(f(search.trial()),
//   df(search.trial()));
class WolfeSearch {
 public:
  // Value and slope (< 0) at 0, and the first step to try (> 0).
  WolfeSearch(double value, double slope, double first_trial);

  double trial() const { return trial_; }
  bool done() const { return done_; }
  // What was found at trial(). A value that is not finite counts as too far.
  // Returns true when it is the best so far and lower enough than the start.
  bool Report(double value, double slope);
  // The best step so far, 0 when none was lower enough than the start.
  double best() const { return best_.step; }

 private:
  struct Point {
    double step, value, slope;
  };
  bool LowerEnough(const Point& p) const;
  bool Flat(const Point& p) const;
  void Bracket(const Point& p);
  void Zoom(const Point& p);
  void NextInside();
  static double CubicMinimum(const Point& a, const Point& b, double lo,
                             double hi);

  Point start_;
  Point previous_;    // while bracketing
  Point low_, high_;  // while zooming; low_ is the better end
  Point best_;
  double trial_;
  double longest_;  // step tried so far
  bool zooming_ = false;
  bool done_ = false;
};

}  // namespace phosphene
