// Grows charts over faces that look the same way.
#include "server/meshes/charts.h"

#include <cmath>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/meshes/topology.h"
#include "server/meshes/uv_raster.h"

namespace phosphene {
namespace {

constexpr double kGrowCosine = .5;  // 60 degrees
constexpr int64_t kMaxDrift = 20;   // times the triangles
constexpr int64_t kMaxWork = int64_t{1} << 28;

Point3 Unit(const Point3& v) {
  const double length = Length(v);
  return length > 0 ? v * (1 / length) : Point3(0, 0, 1);
}

class Grower {
 public:
  Grower(const Mesh& mesh, double texels_per_unit)
      : mesh_(mesh),
        texels_per_unit_(texels_per_unit),
        neighbours_(Neighbours(mesh)),
        area_(mesh.triangles.size()),
        taken_(mesh.triangles.size(), false),
        seen_by_(mesh.triangles.size(), 0) {
    for (size_t t = 0; t < mesh.triangles.size(); ++t)
      area_[t] = AreaVector(Corner(t, 0), Corner(t, 1), Corner(t, 2));
  }

  std::vector<Chart> Grow() {
    std::vector<Chart> charts;
    std::deque<uint32_t> waiting;
    for (uint32_t t = 0; t < mesh_.triangles.size(); ++t) waiting.push_back(t);
    while (!waiting.empty()) {
      const uint32_t seed = waiting.front();
      waiting.pop_front();
      if (taken_[seed]) continue;
      charts.push_back(ChartAlong(AxisFrom(seed), seed));
      // Those found but not taken may have been seeds before.
      for (uint32_t t : refused_) waiting.push_back(t);
    }
    return charts;
  }

 private:
  Point3 Corner(size_t triangle, int i) const {
    return Point3(mesh_.positions[mesh_.triangles[triangle].position[i]]);
  }

  // Appends the neighbours that are free, look along the axis and were not
  // looked at in this run.
  void Spread(uint32_t triangle, const Point3& axis,
              std::vector<uint32_t>* found) {
    for (int32_t next : neighbours_[triangle]) {
      if (next < 0 || taken_[next] || seen_by_[next] == run_) continue;
      if (Dot(Unit(area_[next]), axis) < kGrowCosine) continue;
      seen_by_[next] = run_;
      found->push_back(static_cast<uint32_t>(next));
    }
  }

  // The mean normal of what grows from the seed while the mean drifts; the
  // seed's own where it ends up looking elsewhere. What is found here may be
  // left and found again, so the sum of all rounds is bounded.
  Point3 AxisFrom(uint32_t seed) {
    const Point3 normal = Unit(area_[seed]);
    if (drifted_ > kMaxDrift * static_cast<int64_t>(area_.size()) ||
        work_ > kMaxWork)
      return normal;
    seen_by_[seed] = ++run_;
    std::vector<uint32_t> found = {seed};
    Point3 sum;
    for (size_t i = 0; i < found.size(); ++i) {
      sum = sum + area_[found[i]];
      Spread(found[i], Unit(sum), &found);
    }
    drifted_ += static_cast<int64_t>(found.size());
    const Point3 mean = Unit(sum);
    return Dot(mean, normal) >= kGrowCosine ? mean : normal;
  }

  // What grows from the seed without a double hit. Beyond a triangle that is
  // refused nothing is looked at, so a run costs what it takes.
  Chart ChartAlong(const Point3& axis, uint32_t seed) {
    Chart chart;
    chart.axis = axis;
    const ChartPlane plane(axis);
    origin_ = Corner(seed, 0);
    hits_.clear();
    refused_.clear();
    seen_by_[seed] = ++run_;
    std::vector<uint32_t> found = {seed};
    for (size_t i = 0; i < found.size(); ++i) {
      const uint32_t t = found[i];
      if (work_ > kMaxWork ? i > 0 : !Draw(t, plane)) {
        refused_.push_back(t);
        continue;
      }
      taken_[t] = true;
      chart.triangles.push_back(t);
      Spread(t, axis, &found);
    }
    return chart;
  }

  // Marks a triangle's texels, unless one of them is marked.
  bool Draw(uint32_t triangle, const ChartPlane& plane) {
    std::array<std::array<double, 2>, 3> at;
    for (int i = 0; i < 3; ++i) {
      const Point3 p = (Corner(triangle, i) - origin_) * texels_per_unit_;
      at[i] = {Dot(p, plane.right), Dot(p, plane.up)};
    }
    const UvTriangle snapped = SnapToTexels(at);
    bool free = true;
    drawn_.clear();
    ForEachTexelRow(snapped, [&](int64_t y, int64_t begin, int64_t end) {
      work_ += 1 + (free ? end - begin : 0);
      for (int64_t x = begin; x < end && free; ++x) {
        drawn_.push_back(std::pair(x, y));
        free = !hits_.contains(drawn_.back());
      }
    });
    ++work_;
    if (free) hits_.insert(drawn_.begin(), drawn_.end());
    return free;
  }

  const Mesh& mesh_;
  const double texels_per_unit_;
  const std::vector<std::array<int32_t, 3>> neighbours_;
  std::vector<Point3> area_;  // vectors
  std::vector<bool> taken_;
  std::vector<uint32_t> seen_by_;  // the run that looked at it last
  std::vector<uint32_t> refused_;  // by the last chart
  uint32_t run_ = 0;
  Point3 origin_;  // of the chart at hand
  int64_t work_ = 0, drifted_ = 0;
  std::vector<std::pair<int64_t, int64_t>> drawn_;
  absl::flat_hash_set<std::pair<int64_t, int64_t>> hits_;
};

}  // namespace

ChartPlane::ChartPlane(const Point3& axis) {
  const Point3 other =
      std::abs(axis.x) < .6 ? Point3(1, 0, 0) : Point3(0, 1, 0);
  right = Unit(Cross(other, axis));
  up = Cross(axis, right);
}

std::vector<Chart> GrowCharts(const Mesh& mesh, double texels_per_unit) {
  return Grower(mesh, texels_per_unit).Grow();
}

}  // namespace phosphene
