// Which triangle each pixel shows, and what it says there.

#include "server/engine/raster/raster_kernels.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "server/engine/raster/clones.h"

namespace phosphene {
namespace {

// Triangles up to this many subpixels along both axes are tested in 32 bits:
// sums of two products of such differences, a block of pixels more, fit.
constexpr int32_t kSmallExtent = 1 << 13;

bool IsSmall(const RasterPrim& p) {
  return std::abs(p.a1) <= kSmallExtent && std::abs(p.b1) <= kSmallExtent &&
         std::abs(p.a2) <= kSmallExtent && std::abs(p.b2) <= kSmallExtent;
}

// Neighbouring pixels as vectors, which any machine's registers share out.
template <typename T>
struct Lanes {
  typedef T Type __attribute__((vector_size(kRasterLanes * sizeof(T))));
};
using Ints = Lanes<int32_t>::Type;
using Floats = Lanes<float>::Type;

// All pixels of a prim in a band, eight at once; Edge holds its whole numbers.
template <typename Edge>
PHOSPHENE_RASTER_INLINE void DrawPrim(const RasterBand& band,
                                      const RasterPrim& p, int32_t number,
                                      float* depth, int32_t* nearest) {
  using Edges = typename Lanes<Edge>::Type;
  const DepthPlane plane = DepthOf(p);
  const Edge area = static_cast<Edge>(AreaOf(p));
  const Edge a1 = static_cast<Edge>(p.a1), b1 = static_cast<Edge>(p.b1);
  const Edge a2 = static_cast<Edge>(p.a2), b2 = static_cast<Edge>(p.b2);
  const Edge least0 = p.least[0], least1 = p.least[1], least2 = p.least[2];
  const int32_t left = p.left & ~(kRasterLanes - 1);
  const int32_t top = std::max(p.top, band.top);
  const int32_t bottom = std::min(p.bottom, band.bottom - 1);
  const Edge dx = static_cast<Edge>(kSubpixels * left + kSubpixels / 2 - p.x);
  const Edge dy = static_cast<Edge>(kSubpixels * top + kSubpixels / 2 - p.y);
  const Edges pixel = {0, 1, 2, 3, 4, 5, 6, 7};
  Edges row1 = pixel * (a1 * kSubpixels) + (a1 * dx + b1 * dy);
  Edges row2 = pixel * (a2 * kSubpixels) + (a2 * dx + b2 * dy);
  for (int32_t y = top; y <= bottom; ++y) {
    const int64_t row = static_cast<int64_t>(y - band.top) * band.stride;
    Edges e1 = row1, e2 = row2;
    for (int32_t x = left; x <= p.right; x += kRasterLanes) {
      const Edges e0 = area - e1 - e2;
      const auto inside = (e0 >= least0) & (e1 >= least1) & (e2 >= least2);
      const Floats z =
          plane.at + (__builtin_convertvector(e1, Floats) * plane.by_e1 +
                      __builtin_convertvector(e2, Floats) * plane.by_e2);
      Floats before;
      Ints shown;
      std::memcpy(&before, depth + row + x, sizeof(before));
      std::memcpy(&shown, nearest + row + x, sizeof(shown));
      const Ints wins = __builtin_convertvector(inside, Ints) & (z > before);
      const Ints bits = ((Ints)z & wins) | ((Ints)before & ~wins);
      shown = (number & wins) | (shown & ~wins);
      std::memcpy(depth + row + x, &bits, sizeof(bits));
      std::memcpy(nearest + row + x, &shown, sizeof(shown));
      e1 += a1 * (kSubpixels * kRasterLanes);
      e2 += a2 * (kSubpixels * kRasterLanes);
    }
    row1 += b1 * kSubpixels;
    row2 += b2 * kSubpixels;
  }
}

// What a prim says of its pixels, remembered from row to row.
class ValuesCache {
 public:
  ValuesCache(const RasterView& view, const RasterGeometry& mesh,
              const PrimList& list)
      : view_(view),
        mesh_(mesh),
        list_(list),
        number_(kSlots, -1),
        values_(kSlots) {}

  const PrimValues& Get(int32_t number) {
    const int32_t slot = number % kSlots;
    if (number_[slot] != number) {
      const RasterPrim& prim = list_.prims[number];
      values_[slot] =
          ValuesOf(view_, mesh_, prim,
                   prim.weights < 0 ? nullptr : &list_.weights[prim.weights]);
      number_[slot] = number;
    }
    return values_[slot];
  }

 private:
  static constexpr int32_t kSlots = 512;
  const RasterView& view_;
  const RasterGeometry& mesh_;
  const PrimList& list_;
  std::vector<int32_t> number_;
  std::vector<PrimValues> values_;
};

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

PHOSPHENE_RASTER_CLONES
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
  ValuesCache cache(view, mesh, list);
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
