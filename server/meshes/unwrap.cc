// New UVs: charts, turned, packed and checked.
#include "server/meshes/unwrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/meshes/charts.h"
#include "server/meshes/pack_charts.h"
#include "server/meshes/uv_raster.h"
#include "server/meshes/vector_math.h"

namespace phosphene {
namespace {

constexpr int kLargestRaster = 2048;
constexpr double kExpectedCover = .5;  // of the atlas; see unwrap_test
constexpr int kAngles = 15;            // tried within a quarter turn
constexpr int kMaxRepairs = 4;
constexpr int64_t kMaxWork = int64_t{1} << 28;
constexpr double kLeastTexels = 1;

using Flat = std::array<double, 2>;

// A chart laid flat: its corner begins at the origin.
struct FlatChart {
  std::vector<uint32_t> triangles;
  std::vector<uint32_t> positions;  // that its triangles use
  std::vector<Flat> points;         // of them
  ChartBox box;
};

class Unwrapper {
 public:
  Unwrapper(const Mesh& mesh, int atlas_size)
      : mesh_(mesh),
        atlas_(atlas_size),
        raster_(std::min(atlas_size, kLargestRaster)),
        slot_(mesh.positions.size(), 0),
        owner_(mesh.positions.size(), -1) {}

  Unwrapped Run() {
    for (Chart& chart : GrowCharts(mesh_, ExpectedScale()))
      Flatten(std::move(chart.triangles), ChartPlane(chart.axis));
    for (int repair = 0;; ++repair) {
      Pack();
      MakeUvs();
      if (repair == kMaxRepairs || !Repair()) break;
    }
    return Finish();
  }

 private:
  Point3 Corner(uint32_t triangle, int i) const {
    return Point3(mesh_.positions[mesh_.triangles[triangle].position[i]]);
  }
  Point3 Area(uint32_t triangle) const {
    return AreaVector(Corner(triangle, 0), Corner(triangle, 1),
                      Corner(triangle, 2));
  }

  // Texels for a unit that the checking raster will have, about.
  double ExpectedScale() const {
    double area = 0;
    Point3 low(HUGE_VAL, HUGE_VAL, HUGE_VAL), high = low * -1;
    for (uint32_t t = 0; t < mesh_.triangles.size(); ++t) {
      area += Length(Area(t)) / 2;
      for (int i = 0; i < 3; ++i) {
        const Point3 p = Corner(t, i);
        low = {std::min(low.x, p.x), std::min(low.y, p.y),
               std::min(low.z, p.z)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y),
                std::max(high.z, p.z)};
      }
    }
    const double by_area = raster_ * std::sqrt(kExpectedCover / area);
    return std::min(by_area, raster_ / Length(high - low));
  }

  // Adds the chart, turned so that its box is small and lies on its long side.
  void Flatten(std::vector<uint32_t> triangles, const ChartPlane& plane) {
    FlatChart chart;
    chart.triangles = std::move(triangles);
    const auto number = static_cast<int64_t>(charts_.size());
    const Point3 origin = Corner(chart.triangles[0], 0);
    for (uint32_t t : chart.triangles) {
      for (uint32_t at : mesh_.triangles[t].position) {
        if (std::exchange(owner_[at], number) == number) continue;
        const Point3 p = Point3(mesh_.positions[at]) - origin;
        chart.positions.push_back(at);
        chart.points.push_back({Dot(p, plane.right), Dot(p, plane.up)});
      }
    }
    TurnToSmallBox(&chart);
    if (chart.triangles.size() == 1) {
      chart.box.least_texels =
          std::min(kLeastTexels,
                   .25 * atlas_ /
                       std::sqrt(static_cast<double>(mesh_.triangles.size())));
    }
    charts_.push_back(std::move(chart));
  }

  static void TurnToSmallBox(FlatChart* chart) {
    double best_angle = chart->triangles.size() == 1 ? AngleOfLongest(*chart)
                                                     : BestAngle(*chart);
    auto [low, high] = BoundsAt(*chart, best_angle);
    if (high[1] - low[1] > high[0] - low[0]) {
      best_angle += M_PI / 2;
      std::tie(low, high) = BoundsAt(*chart, best_angle);
    }
    for (Flat& p : chart->points) {
      const Flat turned = Turned(p, best_angle);
      p = {turned[0] - low[0], turned[1] - low[1]};
    }
    chart->box.width = high[0] - low[0];
    chart->box.height = high[1] - low[1];
  }

  static double BestAngle(const FlatChart& chart) {
    double best_area = HUGE_VAL, best_angle = 0;
    for (int i = 0; i < kAngles; ++i) {
      const double angle = M_PI / 2 * i / kAngles;
      const auto [low, high] = BoundsAt(chart, angle);
      const double area = (high[0] - low[0]) * (high[1] - low[1]);
      if (area < best_area) {
        best_area = area;
        best_angle = angle;
      }
    }
    return best_angle;
  }

  // Lays a triangle's longest side down, so that a needle fills its box.
  static double AngleOfLongest(const FlatChart& chart) {
    double longest = -1, angle = 0;
    for (int i = 0; i < 3; ++i) {
      const Flat &a = chart.points[i], &b = chart.points[(i + 1) % 3];
      const double length = std::hypot(b[0] - a[0], b[1] - a[1]);
      if (length <= longest) continue;
      longest = length;
      angle = -std::atan2(b[1] - a[1], b[0] - a[0]);
    }
    return angle;
  }

  static Flat Turned(const Flat& p, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    return {c * p[0] - s * p[1], s * p[0] + c * p[1]};
  }

  static std::pair<Flat, Flat> BoundsAt(const FlatChart& chart, double angle) {
    const double c = std::cos(angle), s = std::sin(angle);
    Flat low = {HUGE_VAL, HUGE_VAL}, high = {-HUGE_VAL, -HUGE_VAL};
    for (const Flat& p : chart.points) {
      const Flat at = {c * p[0] - s * p[1], s * p[0] + c * p[1]};
      for (int axis = 0; axis < 2; ++axis) {
        low[axis] = std::min(low[axis], at[axis]);
        high[axis] = std::max(high[axis], at[axis]);
      }
    }
    return {low, high};
  }

  void Pack() {
    std::vector<ChartBox> boxes;
    boxes.reserve(charts_.size());
    for (const FlatChart& chart : charts_) boxes.push_back(chart.box);
    packing_ = PackCharts(boxes, atlas_);
  }

  void MakeUvs() {
    uvs_.clear();
    corners_.resize(mesh_.triangles.size());
    for (size_t i = 0; i < charts_.size(); ++i) {
      const FlatChart& chart = charts_[i];
      for (size_t k = 0; k < chart.points.size(); ++k) {
        Vec2 uv;
        uv.x = Coordinate(i, 0, chart.points[k][0], chart.box.width);
        uv.y = Coordinate(i, 1, chart.points[k][1], chart.box.height);
        slot_[chart.positions[k]] = static_cast<uint32_t>(uvs_.size());
        uvs_.push_back(uv);
      }
      for (uint32_t t : chart.triangles)
        for (int c = 0; c < 3; ++c)
          corners_[t][c] = slot_[mesh_.triangles[t].position[c]];
    }
  }

  // 0..1: where the chart was placed, plus its share of the box.
  float Coordinate(size_t chart, int axis, double at, double length) const {
    const double texel =
        packing_.origin[chart][axis] + packing_.size[chart][axis] * at / length;
    return static_cast<float>(std::clamp(texel / atlas_, 0.0, 1.0));
  }

  // Gives triangles that collapsed, or that hit a texel another has hit, charts
  // of their own. Whether there were any.
  bool Repair() {
    std::vector<bool> hit(static_cast<size_t>(raster_) * raster_, false);
    std::vector<uint32_t> outcasts;
    for (FlatChart& chart : charts_) {
      if (chart.triangles.size() == 1) continue;
      std::vector<uint32_t> kept;
      for (uint32_t t : chart.triangles) {
        const bool stays =
            outcasts.size() + 1 < mesh_.triangles.size() && IsSound(t, &hit);
        (stays ? kept : outcasts).push_back(t);
      }
      chart.triangles = std::move(kept);
    }
    if (outcasts.empty()) return false;
    std::vector<FlatChart> before = std::move(charts_);
    charts_.clear();
    std::fill(owner_.begin(), owner_.end(), -1);
    for (FlatChart& chart : before) {
      if (chart.triangles.empty()) continue;
      Keep(std::move(chart));
    }
    for (uint32_t t : outcasts) {
      const Point3 area = Area(t);
      Flatten({t}, ChartPlane(area * (1 / Length(area))));
    }
    return true;
  }

  bool IsSound(uint32_t t, std::vector<bool>* hit) {
    const Vec2 &a = uvs_[corners_[t][0]], &b = uvs_[corners_[t][1]],
               &c = uvs_[corners_[t][2]];
    if (!(SignedArea(a, b, c) > 0)) return false;
    bool free = true;
    const UvTriangle triangle = SnapToAtlas(a, b, c, raster_);
    for (const bool mark : {false, true}) {
      if (!free || work_ > kMaxWork) break;
      ForEachTexelRow(triangle, [&](int64_t y, int64_t begin, int64_t end) {
        work_ += 1 + end - begin;
        for (int64_t x = begin; x < end; ++x) {
          auto texel = (*hit)[static_cast<size_t>(y * raster_ + x)];
          if (mark)
            texel = true;
          else
            free = free && !texel;
        }
      });
    }
    return free;
  }

  // A chart that lost triangles; what is left lies as it lay.
  void Keep(FlatChart chart) {
    FlatChart left;
    left.box = chart.box;
    const auto number = static_cast<int64_t>(charts_.size());
    for (uint32_t t : chart.triangles)
      for (uint32_t at : mesh_.triangles[t].position) owner_[at] = number;
    for (size_t i = 0; i < chart.positions.size(); ++i) {
      if (owner_[chart.positions[i]] != number) continue;
      left.positions.push_back(chart.positions[i]);
      left.points.push_back(chart.points[i]);
    }
    left.triangles = std::move(chart.triangles);
    charts_.push_back(std::move(left));
  }

  Unwrapped Finish() {
    Unwrapped result;
    result.charts = static_cast<int64_t>(charts_.size());
    result.gutter = packing_.gutter;
    result.scale = packing_.scale;
    result.mesh = mesh_;
    for (size_t t = 0; t < mesh_.triangles.size(); ++t) {
      result.mesh.triangles[t].uv = corners_[t];
      result.covered += SignedArea(uvs_[corners_[t][0]], uvs_[corners_[t][1]],
                                   uvs_[corners_[t][2]]) /
                        2;
    }
    result.mesh.uvs = std::move(uvs_);
    result.mesh.notes.push_back(absl::StrCat(
        "UVs were made: ", result.charts,
        result.charts == 1 ? " chart" : " charts", ", which cover ",
        std::lround(100 * result.covered), " % of the texture"));
    return result;
  }

  const Mesh& mesh_;
  const int atlas_, raster_;
  std::vector<FlatChart> charts_;
  Packing packing_;
  std::vector<uint32_t> slot_;  // of a position's UV in the chart at hand
  std::vector<int64_t> owner_;  // the chart that a position was last put into
  std::vector<Vec2> uvs_;
  std::vector<std::array<uint32_t, 3>> corners_;
  int64_t work_ = 0;
};

}  // namespace

Unwrapped Unwrap(const Mesh& mesh, int atlas_size) {
  return Unwrapper(mesh, atlas_size).Run();
}

}  // namespace phosphene
