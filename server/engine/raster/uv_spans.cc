// Rows of texels that triangles cover.

#include "server/engine/raster/uv_spans.h"

#include <algorithm>
#include <cmath>

namespace phosphene {
namespace {

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

}  // namespace

bool ForEachUvSpan(const RasterMesh& mesh, size_t triangle, int64_t height,
                   int64_t width,
                   const std::function<void(const UvSpan&)>& fn) {
  const UvTriangle uv = UvTriangleOf(mesh, triangle);
  if (!(uv.width <= kMaxUvRepeats && uv.height <= kMaxUvRepeats)) return false;
  RasterView screen = {};
  screen.width = static_cast<int32_t>(std::ceil(uv.width * width)) + 1;
  screen.height = static_cast<int32_t>(std::ceil(uv.height * height)) + 1;
  int32_t x[3], y[3];
  for (int k = 0; k < 3; ++k) {
    x[k] = Snapped(uv.x[k] * static_cast<double>(width));
    y[k] = Snapped(uv.y[k] * static_cast<double>(height));
  }
  const float inverse_w[3] = {1, 1, 1};
  UvSpan span;
  if (!MakePrim(screen, x, y, inverse_w, static_cast<int32_t>(triangle),
                &span.prim)) {
    return true;
  }
  for (span.row = span.prim.top; span.row <= span.prim.bottom; ++span.row) {
    const RowSpan row = SpanOf(span.prim, span.row);
    span.first = row.first;
    span.last = row.last;
    if (span.first <= span.last) fn(span);
  }
  return true;
}

}  // namespace phosphene
