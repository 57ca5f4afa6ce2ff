// Merges positions by a hash of their bits, then by a grid of cells.
#include "server/meshes/weld.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace phosphene {
namespace {

constexpr uint32_t kNone = ~uint32_t{0};
// A cell is as wide as this many tolerances: first comers are at least one
// apart, so it holds at most 5^3 of them.
constexpr double kCellTolerances = 4;

using Point = std::array<float, 3>;

Point KeyOf(const Vec3& v) { return {v.x + 0.0f, v.y + 0.0f, v.z + 0.0f}; }

class Grid {
 public:
  Grid(const std::vector<Vec3>& points, double tolerance)
      : tolerance_(tolerance), cell_(kCellTolerances * tolerance) {
    for (int axis = 0; axis < 3; ++axis) {
      origin_[axis] = HUGE_VAL;
      for (const Vec3& point : points)
        origin_[axis] = std::min<double>(origin_[axis], KeyOf(point)[axis]);
    }
  }

  // The first comer close to `point`, or kNone.
  uint32_t Find(const Point& point, const std::vector<Vec3>& firsts) const {
    std::array<int64_t, 3> low, high;
    for (int axis = 0; axis < 3; ++axis) {
      low[axis] = Cell(point[axis] - tolerance_, axis);
      high[axis] = Cell(point[axis] + tolerance_, axis);
    }
    uint32_t best = kNone;
    for (int64_t x = low[0]; x <= high[0]; ++x)
      for (int64_t y = low[1]; y <= high[1]; ++y)
        for (int64_t z = low[2]; z <= high[2]; ++z)
          best = std::min(best, FindIn({x, y, z}, point, firsts));
    return best;
  }

  void Add(const Point& point, uint32_t first) {
    std::array<int64_t, 3> cell;
    for (int axis = 0; axis < 3; ++axis) cell[axis] = Cell(point[axis], axis);
    auto [head, fresh] = heads_.try_emplace(cell, first);
    next_.push_back(fresh ? kNone : std::exchange(head->second, first));
  }

 private:
  using CellKey = std::array<int64_t, 3>;

  int64_t Cell(double value, int axis) const {
    return static_cast<int64_t>(std::floor((value - origin_[axis]) / cell_));
  }

  uint32_t FindIn(const CellKey& cell, const Point& point,
                  const std::vector<Vec3>& firsts) const {
    const auto head = heads_.find(cell);
    if (head == heads_.end()) return kNone;
    uint32_t best = kNone;
    for (uint32_t at = head->second; at != kNone; at = next_[at]) {
      const Point other = KeyOf(firsts[at]);
      bool close = true;
      for (int axis = 0; axis < 3; ++axis) {
        const double apart = double{point[axis]} - double{other[axis]};
        close = close && std::abs(apart) < tolerance_;
      }
      if (close) best = std::min(best, at);
    }
    return best;
  }

  const double tolerance_, cell_;
  std::array<double, 3> origin_;
  absl::flat_hash_map<CellKey, uint32_t> heads_;  // newest first comer
  std::vector<uint32_t> next_;  // the one before it in its cell
};

}  // namespace

Welded WeldPositions(const std::vector<Vec3>& points, double tolerance) {
  Welded welded;
  welded.index.reserve(points.size());
  absl::flat_hash_map<Point, uint32_t> seen;
  seen.reserve(points.size() / 4);
  Grid grid(points, tolerance);
  for (const Vec3& point : points) {
    const Point key = KeyOf(point);
    auto [known, fresh] = seen.try_emplace(key, kNone);
    if (fresh) {
      const bool weld = tolerance > 0;
      uint32_t first = weld ? grid.Find(key, welded.positions) : kNone;
      if (first == kNone) {
        first = static_cast<uint32_t>(welded.positions.size());
        welded.positions.push_back(point);
        if (weld) grid.Add(key, first);
      }
      known->second = first;
    }
    welded.index.push_back(known->second);
  }
  return welded;
}

}  // namespace phosphene
