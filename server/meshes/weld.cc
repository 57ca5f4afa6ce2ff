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
// apart, so it holds at most 9^3 of them.
constexpr double kCellTolerances = 8;

using Point = std::array<float, 3>;

Point KeyOf(const Vec3& v) { return {v.x + 0.0f, v.y + 0.0f, v.z + 0.0f}; }

class Grid {
 public:
  Grid(const std::vector<Vec3>& points, double tolerance)
      : tolerance_(tolerance), cell_(kCellTolerances * tolerance) {
    heads_.reserve(points.size());
    next_.reserve(points.size());
    for (int axis = 0; axis < 3; ++axis) {
      origin_[axis] = HUGE_VAL;
      for (const Vec3& point : points)
        origin_[axis] = std::min<double>(origin_[axis], KeyOf(point)[axis]);
    }
  }

  // The first comer close to `point`, or kNone.
  uint32_t Find(const Point& point, const std::vector<Vec3>& firsts) const {
    std::array<uint64_t, 3> low, high;
    for (int axis = 0; axis < 3; ++axis) {
      low[axis] = Cell(point[axis] - tolerance_, axis);
      high[axis] = Cell(point[axis] + tolerance_, axis);
    }
    uint32_t best = kNone;
    for (uint64_t x = low[0]; x <= high[0]; ++x)
      for (uint64_t y = low[1]; y <= high[1]; ++y)
        for (uint64_t z = low[2]; z <= high[2]; ++z)
          best = std::min(best, FindIn(Packed(x, y, z), point, firsts));
    return best;
  }

  void Add(const Point& point, uint32_t first) {
    const uint64_t cell =
        Packed(Cell(point[0], 0), Cell(point[1], 1), Cell(point[2], 2));
    auto [head, fresh] = heads_.try_emplace(cell, first);
    next_.push_back(fresh ? kNone : std::exchange(head->second, first));
  }

 private:
  // From 1 on, below 2^21.
  uint64_t Cell(double value, int axis) const {
    return static_cast<uint64_t>((value - origin_[axis]) / cell_ + 1);
  }
  static uint64_t Packed(uint64_t x, uint64_t y, uint64_t z) {
    return x << 42 | y << 21 | z;
  }

  uint32_t FindIn(uint64_t cell, const Point& point,
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
  absl::flat_hash_map<uint64_t, uint32_t> heads_;  // newest first comer
  std::vector<uint32_t> next_;  // the one before it in its cell
};

// Points of the same bits become one.
Welded MergeEqual(const std::vector<Vec3>& points) {
  Welded merged;
  merged.index.reserve(points.size());
  absl::flat_hash_map<Point, uint32_t> seen;
  for (const Vec3& point : points) {
    const auto [known, fresh] = seen.try_emplace(
        KeyOf(point), static_cast<uint32_t>(merged.positions.size()));
    if (fresh) merged.positions.push_back(point);
    merged.index.push_back(known->second);
  }
  return merged;
}

}  // namespace

Welded WeldPositions(const std::vector<Vec3>& points, double tolerance) {
  Welded merged = MergeEqual(points);
  if (!(tolerance > 0)) return merged;
  Welded welded;
  std::vector<uint32_t> first_of;  // each merged point
  first_of.reserve(merged.positions.size());
  Grid grid(merged.positions, tolerance);
  for (const Vec3& point : merged.positions) {
    const Point key = KeyOf(point);
    uint32_t first = grid.Find(key, welded.positions);
    if (first == kNone) {
      first = static_cast<uint32_t>(welded.positions.size());
      welded.positions.push_back(point);
      grid.Add(key, first);
    }
    first_of.push_back(first);
  }
  welded.index = std::move(merged.index);
  for (uint32_t& index : welded.index) index = first_of[index];
  return welded;
}

}  // namespace phosphene
