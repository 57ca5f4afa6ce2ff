// Packing by skyline, or in shelves where boxes are many.
#include "server/meshes/pack_charts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace phosphene {
namespace {

constexpr double kGutter = 4;
constexpr size_t kMaxSkyline = 4000;  // boxes; time grows with their square
constexpr int kTries = 30;            // halvings of the range of scales

class Packer {
 public:
  Packer(const std::vector<ChartBox>& boxes, double atlas, double gutter)
      : boxes_(boxes), atlas_(atlas), gutter_(gutter), order_(boxes.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
      return boxes[a].height > boxes[b].height;
    });
  }

  // Fills `packing` when given; whether all fit.
  bool Place(double scale, Packing* packing) const {
    return boxes_.size() <= kMaxSkyline ? OnSkyline(scale, packing)
                                        : InShelves(scale, packing);
  }

 private:
  // The skyline's step from x to the next one's x, at height y.
  struct Step {
    double x = 0, y = 0;
  };

  double Width(uint32_t box, double scale) const {
    return std::max(boxes_[box].width * scale, boxes_[box].least_texels) +
           gutter_;
  }
  double Height(uint32_t box, double scale) const {
    return std::max(boxes_[box].height * scale, boxes_[box].least_texels) +
           gutter_;
  }
  void Put(uint32_t box, double x, double y, double width, double height,
           Packing* packing) const {
    if (packing == nullptr) return;
    packing->origin[box] = {x + gutter_ / 2, y + gutter_ / 2};
    packing->size[box] = {width - gutter_, height - gutter_};
  }

  bool InShelves(double scale, Packing* packing) const {
    double x = 0, y = 0, shelf = 0;
    for (uint32_t box : order_) {
      const double width = Width(box, scale), height = Height(box, scale);
      if (x + width > atlas_) {
        y += shelf;
        x = shelf = 0;
      }
      shelf = std::max(shelf, height);
      if (width > atlas_ || y + height > atlas_) return false;
      Put(box, x, y, width, height, packing);
      x += width;
    }
    return true;
  }

  // Each box where its top comes to lie lowest, leftmost among equals.
  bool OnSkyline(double scale, Packing* packing) const {
    std::vector<Step> steps = {{0, 0}};
    for (uint32_t box : order_) {
      const double width = Width(box, scale), height = Height(box, scale);
      size_t best = steps.size();
      double best_y = atlas_;
      for (size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].x + width > atlas_) break;
        double y = 0;
        for (size_t k = i; k < steps.size() && steps[k].x < steps[i].x + width;
             ++k)
          y = std::max(y, steps[k].y);
        if (y < best_y && y + height <= atlas_) {
          best_y = y;
          best = i;
        }
      }
      if (best == steps.size()) return false;
      Put(box, steps[best].x, best_y, width, height, packing);
      Raise(best, width, best_y + height, &steps);
    }
    return true;
  }

  // The skyline stands at y from steps[first].x on, `width` wide.
  void Raise(size_t first, double width, double y,
             std::vector<Step>* steps) const {
    const double left = (*steps)[first].x, right = left + width;
    size_t end = first;
    double last = y;
    while (end < steps->size() && (*steps)[end].x < right)
      last = (*steps)[end++].y;
    const double next = end < steps->size() ? (*steps)[end].x : atlas_;
    steps->erase(steps->begin() + first, steps->begin() + end);
    if (right < next) steps->insert(steps->begin() + first, {right, last});
    steps->insert(steps->begin() + first, {left, y});
  }

  const std::vector<ChartBox>& boxes_;
  const double atlas_, gutter_;
  std::vector<uint32_t> order_;
};

}  // namespace

Packing PackCharts(const std::vector<ChartBox>& boxes, int atlas) {
  const auto count = static_cast<double>(boxes.size());
  Packing packing;
  packing.gutter = std::min(kGutter, .5 * atlas / std::sqrt(count));
  packing.origin.resize(boxes.size());
  packing.size.resize(boxes.size());
  double area = 0;
  for (const ChartBox& box : boxes) area += box.width * box.height;
  const Packer packer(boxes, atlas, packing.gutter);
  double fits = 0, beyond = atlas / std::sqrt(area);
  for (int i = 0; i < kTries; ++i) {
    const double scale = (fits + beyond) / 2;
    (packer.Place(scale, nullptr) ? fits : beyond) = scale;
  }
  packing.scale = fits;
  packer.Place(fits, &packing);
  return packing;
}

}  // namespace phosphene
