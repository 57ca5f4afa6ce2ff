// Which triangle each pixel shows, and what it says there.

#include "server/engine/raster/raster_kernels.h"

#include <algorithm>
#include <cstdlib>

namespace phosphene {
namespace {

// Triangles up to this many subpixels along both axes are tested in 32 bits:
// sums of two products of such differences, a block of pixels more, fit.
constexpr int32_t kSmallExtent = 1 << 13;

bool IsSmall(const RasterPrim& p) {
  return std::abs(p.a1) <= kSmallExtent && std::abs(p.b1) <= kSmallExtent &&
         std::abs(p.a2) <= kSmallExtent && std::abs(p.b2) <= kSmallExtent;
}

// What rows of a prim share, in one kind of whole number.
template <typename Edge>
struct PrimLanes {
  Edge e1[kRasterLanes], e2[kRasterLanes];  // a pixel's to the first's
  Edge next1, next2;                        // from a block to the next
  Edge least0, least1, least2;
  Edge area;
  DepthPlane depth;
};

template <typename Edge>
PrimLanes<Edge> LanesOf(const RasterPrim& p) {
  PrimLanes<Edge> out;
  for (int k = 0; k < kRasterLanes; ++k) {
    out.e1[k] = static_cast<Edge>(p.a1) * (kSubpixels * k);
    out.e2[k] = static_cast<Edge>(p.a2) * (kSubpixels * k);
  }
  out.next1 = static_cast<Edge>(p.a1) * (kSubpixels * kRasterLanes);
  out.next2 = static_cast<Edge>(p.a2) * (kSubpixels * kRasterLanes);
  out.least0 = p.least[0];
  out.least1 = p.least[1];
  out.least2 = p.least[2];
  out.area = static_cast<Edge>(AreaOf(p));
  out.depth = DepthOf(p);
  return out;
}

// A block of pixels whose first has edge values first1, first2.
template <typename Edge>
inline void DrawBlock(const PrimLanes<Edge>& lanes, Edge first1, Edge first2,
                      int32_t number, float* __restrict depth,
                      int32_t* __restrict nearest) {
  for (int k = 0; k < kRasterLanes; ++k) {
    const Edge e1 = first1 + lanes.e1[k];
    const Edge e2 = first2 + lanes.e2[k];
    const Edge e0 = lanes.area - e1 - e2;
    const bool inside =
        (e0 >= lanes.least0) & (e1 >= lanes.least1) & (e2 >= lanes.least2);
    const float z =
        DepthAt(lanes.depth, static_cast<float>(e1), static_cast<float>(e2));
    const bool wins = inside & (z > depth[k]);
    depth[k] = wins ? z : depth[k];
    nearest[k] = wins ? number : nearest[k];
  }
}

template <typename Edge>
void DrawPrim(const RasterBand& band, const RasterPrim& p, int32_t number,
              float* depth, int32_t* nearest) {
  const PrimLanes<Edge> lanes = LanesOf<Edge>(p);
  const int32_t left = p.left & ~(kRasterLanes - 1);
  const int32_t top = std::max(p.top, band.top);
  const int32_t bottom = std::min(p.bottom, band.bottom - 1);
  const Edge dx = static_cast<Edge>(kSubpixels * left + kSubpixels / 2 - p.x);
  for (int32_t y = top; y <= bottom; ++y) {
    const Edge dy = static_cast<Edge>(kSubpixels * y + kSubpixels / 2 - p.y);
    Edge e1 = static_cast<Edge>(p.a1) * dx + static_cast<Edge>(p.b1) * dy;
    Edge e2 = static_cast<Edge>(p.a2) * dx + static_cast<Edge>(p.b2) * dy;
    const int64_t row = static_cast<int64_t>(y - band.top) * band.stride;
    for (int32_t x = left; x <= p.right; x += kRasterLanes) {
      DrawBlock(lanes, e1, e2, number, depth + row + x, nearest + row + x);
      e1 += lanes.next1;
      e2 += lanes.next2;
    }
  }
}

}  // namespace

void ProjectVertices(const RasterView& view, const RasterGeometry& mesh,
                     int64_t begin, int64_t end, ScreenVertex* out) {
  for (int64_t i = begin; i < end; ++i)
    out[i] = ProjectVertex(view, mesh.positions + 3 * i);
}

void SetupTriangles(const RasterView& view, const RasterGeometry& mesh,
                    const ScreenVertex* vertices, int64_t begin, int64_t end,
                    PrimList* out) {
  RasterPrim prims[kMaxPrims];
  PrimWeights weights[kMaxPrims];
  for (int64_t t = begin; t < end; ++t) {
    const int32_t* index = mesh.triangles + 6 * t;
    const ScreenVertex corners[3] = {vertices[index[0]], vertices[index[1]],
                                     vertices[index[2]]};
    const int count =
        SetupTriangle(view, corners, static_cast<int32_t>(t), prims, weights);
    for (int i = 0; i < count; ++i) {
      if (prims[i].weights >= 0) {
        out->weights.push_back(weights[prims[i].weights]);
        prims[i].weights = static_cast<int32_t>(out->weights.size()) - 1;
      }
      out->prims.push_back(prims[i]);
    }
  }
}

void BinPrims(const std::vector<RasterPrim>& prims, int32_t height,
              PrimBins* out) {
  const int32_t bands = (height + kBandRows - 1) / kBandRows;
  out->begin.assign(bands + 2, 0);
  for (const RasterPrim& p : prims) {
    for (int32_t b = p.top / kBandRows; b <= p.bottom / kBandRows; ++b)
      ++out->begin[b + 2];
  }
  for (int32_t b = 2; b < bands + 2; ++b) out->begin[b] += out->begin[b - 1];
  out->at.resize(out->begin[bands + 1]);
  for (size_t i = 0; i < prims.size(); ++i) {
    const RasterPrim& p = prims[i];
    for (int32_t b = p.top / kBandRows; b <= p.bottom / kBandRows; ++b)
      out->at[out->begin[b + 1]++] = static_cast<int32_t>(i);
  }
}

int64_t DrawBand(const RasterBand& band, const std::vector<RasterPrim>& prims,
                 const int32_t* at, int64_t count, float* depth,
                 int32_t* nearest) {
  const int64_t rows = band.bottom - band.top;
  std::fill(depth, depth + rows * band.stride, 0.0f);
  std::fill(nearest, nearest + rows * band.stride, -1);
  for (int64_t i = 0; i < count; ++i) {
    const RasterPrim& p = prims[at[i]];
    if (IsSmall(p)) {
      DrawPrim<int32_t>(band, p, at[i], depth, nearest);
    } else {
      DrawPrim<double>(band, p, at[i], depth, nearest);
    }
  }
  int64_t covered = 0;
  for (int64_t y = 0; y < rows; ++y) {
    const int32_t* row = nearest + y * band.stride;
    int32_t in_row = 0;
    for (int32_t x = 0; x < band.width; ++x) in_row += row[x] >= 0 ? 1 : 0;
    covered += in_row;
  }
  return covered;
}

void WriteBand(const RasterView& view, const RasterGeometry& mesh,
               const RasterBand& band, const PrimList& list,
               const int32_t* nearest, int64_t first_pixel, int64_t first,
               const FragmentArrays& to, int32_t* triangle) {
  int64_t i = first;
  for (int32_t y = band.top; y < band.bottom; ++y) {
    const int32_t* row =
        nearest + static_cast<int64_t>(y - band.top) * band.stride;
    const int64_t row_pixel =
        first_pixel + static_cast<int64_t>(y) * band.width;
    int32_t* shown = triangle + static_cast<int64_t>(y - band.top) * band.width;
    for (int32_t x = 0; x < band.width;) {
      const int32_t number = row[x];
      const int32_t from = x;
      while (x < band.width && row[x] == number) ++x;
      const int32_t face = number < 0 ? -1 : list.prims[number].triangle;
      std::fill(shown + from, shown + x, face);
      if (number < 0) continue;
      const RasterPrim& prim = list.prims[number];
      const PrimValues values =
          ValuesOf(view, mesh, prim,
                   prim.weights < 0 ? nullptr : &list.weights[prim.weights]);
      for (int32_t at = from; at < x; ++at, ++i) {
        to.pixel[i] = row_pixel + at;
        to.face[i] = face;
        WriteFragment(prim, values, at, y, to, i);
      }
    }
  }
}

}  // namespace phosphene
