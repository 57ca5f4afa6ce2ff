// Which texels of an atlas are meant: seen so far, or within a chart.

#include "server/engine/raster/texel_mask.h"

#include <bit>

#include "server/engine/cuda/sample_math.h"
#include "server/engine/raster/uv_spans.h"

namespace phosphene {
namespace {

// Triangles drawn before a look whether all texels are set.
constexpr size_t kLookAfter = 1024;

void SetAll(TexelMask* mask) {
  for (int64_t y = 0; y < mask->height(); ++y) {
    for (int64_t x = 0; x < mask->width(); ++x) mask->Set(y, x);
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
    const bool drawn =
        ForEachUvSpan(mesh, t, height, width, [&out](const UvSpan& span) {
          const int64_t y = WrappedTexel(span.row, out.height());
          for (int32_t x = span.first; x <= span.last; ++x)
            out.Set(y, WrappedTexel(x, out.width()));
        });
    if (!drawn) {
      SetAll(&out);
      return out;
    }
  }
  return out;
}

}  // namespace phosphene
