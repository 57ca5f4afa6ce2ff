// Which texels of an atlas are meant: seen so far, or within a chart.

#include "server/engine/raster/texel_mask.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "server/engine/cuda/raster_math.h"
#include "server/engine/cuda/sample_math.h"

namespace phosphene {
namespace {

// Triangles drawn before a look whether all texels are set.
constexpr size_t kLookAfter = 1024;

int64_t Wrapped(int64_t at, int64_t size) {
  const int64_t rest = at % size;
  return rest < 0 ? rest + size : rest;
}

// A triangle in UV space as one on a screen of texels, shifted by whole atlases
// so that it lies at 0 or beyond; and how far it reaches.
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

// Pixels first..last of a row that a prim covers; last < first: none.
struct RowSpan {
  int32_t first, last;
};
RowSpan SpanOf(const RasterPrim& prim, int32_t row) {
  // Edges are whole numbers and linear: each cuts the row once.
  const EdgeValues edges = EdgesAt(prim, prim.left, row);
  const double step[3] = {
      -static_cast<double>(kSubpixels) * (prim.a1 + prim.a2),
      static_cast<double>(kSubpixels) * prim.a1,
      static_cast<double>(kSubpixels) * prim.a2};
  double first = 0, last = prim.right - prim.left;
  for (int k = 0; k < 3; ++k) {
    const double missing = prim.least[k] - edges.e[k];
    if (step[k] == 0) {
      if (missing > 0) return {0, -1};
    } else if (step[k] > 0) {
      first = std::max(first, std::floor(missing / step[k]) - 1);
    } else {
      last = std::min(last, std::ceil(missing / step[k]) + 1);
    }
  }
  // Divided with rounding, a pixel too wide on either side: now exactly.
  RowSpan span = {prim.left + static_cast<int32_t>(first),
                  prim.left + static_cast<int32_t>(last)};
  const auto covers = [&](int32_t x) {
    return Covers(prim, EdgesAt(prim, x, row));
  };
  while (span.first <= span.last && !covers(span.first)) ++span.first;
  while (span.first <= span.last && !covers(span.last)) --span.last;
  return span;
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
    const RowSpan span = SpanOf(prim, row);
    for (int32_t column = span.first; column <= span.last; ++column)
      mask->Set(to, Wrapped(column, mask->width()));
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
    if (t % kLookAfter == kLookAfter - 1 && out.Count() == height * width)
      return out;
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
