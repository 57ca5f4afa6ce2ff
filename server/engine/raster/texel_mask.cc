// Which texels of an atlas are meant: seen so far, or within a chart.

#include "server/engine/raster/texel_mask.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/engine/cuda/raster_math.h"
#include "server/engine/cuda/sample_math.h"

namespace phosphene {
namespace {

int64_t Wrapped(int64_t at, int64_t size) {
  const int64_t rest = at % size;
  return rest < 0 ? rest + size : rest;
}

// A triangle in UV space as one on a screen of texels, shifted by whole atlases
// so that it lies at 0 or beyond. False: it is too large, all texels are set.
struct UvTriangle {
  double x[3], y[3];
  double width = 0, height = 0;
};
UvTriangle UvTriangleOf(const RasterMesh& mesh, size_t t) {
  UvTriangle out;
  for (int k = 0; k < 3; ++k) {
    const Vec2& uv = mesh.uvs[mesh.triangles[t].uv[k]];
    out.x[k] = uv.x;
    out.y[k] = 1 - static_cast<double>(uv.y);
  }
  const auto shift = [](double at[3]) {
    const double low = std::min({at[0], at[1], at[2]});
    for (int k = 0; k < 3; ++k) at[k] -= std::floor(low);
    return std::max({at[0], at[1], at[2]});
  };
  out.width = shift(out.x);
  out.height = shift(out.y);
  return out;
}

void SetAll(TexelMask* mask) {
  for (int64_t y = 0; y < mask->height(); ++y) {
    for (int64_t x = 0; x < mask->width(); ++x) mask->Set(y, x);
  }
}

// Texels whose centres a triangle covers, by the rasterizer's own edges.
void SetCovered(const UvTriangle& uv, TexelMask* mask) {
  RasterView screen = {};
  screen.width = static_cast<int32_t>(std::ceil(uv.width * mask->width())) + 1;
  screen.height =
      static_cast<int32_t>(std::ceil(uv.height * mask->height())) + 1;
  int32_t x[3], y[3];
  for (int k = 0; k < 3; ++k) {
    x[k] = Snapped(uv.x[k] * mask->width());
    y[k] = Snapped(uv.y[k] * mask->height());
  }
  const float inverse_w[3] = {1, 1, 1};
  RasterPrim prim;
  if (!MakePrim(screen, x, y, inverse_w, 0, &prim)) return;
  for (int32_t row = prim.top; row <= prim.bottom; ++row) {
    const int64_t to = Wrapped(row, mask->height());
    for (int32_t column = prim.left; column <= prim.right; ++column) {
      if (Covers(prim, EdgesAt(prim, column, row)))
        mask->Set(to, Wrapped(column, mask->width()));
    }
  }
}

}  // namespace

TexelMask::TexelMask(int64_t height, int64_t width)
    : height_(height),
      width_(width),
      words_a_row_((width + 63) / 64),
      words_(height * words_a_row_, 0) {}

int64_t TexelMask::Count() const { return CountBoth(*this); }

int64_t TexelMask::CountBoth(const TexelMask& other) const {
  int64_t count = 0;
  for (size_t i = 0; i < words_.size(); ++i)
    count += std::popcount(words_[i] & other.words_[i]);
  return count;
}

void AccumulateCoverage(const RasterViews& views, TexelMask* mask) {
  const at::Tensor uv = views.uv.cpu().contiguous();
  const float* u = uv.const_data_ptr<float>();
  const float* v = u + views.fragments();
  for (int64_t i = 0; i < views.fragments(); ++i) {
    const TexelTaps taps =
        TapsAt(u[i], v[i], static_cast<int32_t>(mask->height()),
               static_cast<int32_t>(mask->width()));
    for (int k = 0; k < 4; ++k) mask->Set(taps.y.at[k >> 1], taps.x.at[k & 1]);
  }
}

TexelMask ChartMask(const RasterMesh& mesh, int64_t height, int64_t width) {
  TexelMask out(height, width);
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    const UvTriangle uv = UvTriangleOf(mesh, t);
    if (!(uv.width <= kMaxUvRepeats && uv.height <= kMaxUvRepeats)) {
      SetAll(&out);
      return out;
    }
    SetCovered(uv, &out);
  }
  return out;
}

}  // namespace phosphene
