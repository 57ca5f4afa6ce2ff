// Points along seams and the step of colour across them.

#include "server/engine/raster/seam_points.h"

#include <algorithm>
#include <cmath>

#include "server/engine/cuda/sample_math.h"

namespace phosphene {
namespace {

constexpr double kTexelsApart = 2;

double TexelsOf(const EdgeSide& side, int64_t height, int64_t width) {
  const Vec2 &from = side.uv[0], &to = side.uv[1];
  return std::hypot((static_cast<double>(to.x) - from.x) * width,
                    (static_cast<double>(to.y) - from.y) * height);
}

double LengthOf(const SurfaceEdge& e, int64_t height, int64_t width) {
  return std::max(TexelsOf(e.side[0], height, width),
                  TexelsOf(e.side[1], height, width));
}

// Points an edge gets, `apart` texels apart.
int64_t CountOf(const SurfaceEdge& e, int64_t height, int64_t width,
                double apart) {
  const double parts = std::ceil(LengthOf(e, height, width) / apart);
  return static_cast<int64_t>(std::clamp(parts, 1.0, 1e9));
}

float Between(float from, float to, double share) {
  return static_cast<float>(from + (static_cast<double>(to) - from) * share);
}

// uv [2, levels * 2n] and level [levels * 2n]: both sides at every level.
struct SeamReads {
  at::Tensor uv, level;
};
SeamReads ReadsOf(const at::Tensor& points, int64_t levels) {
  TORCH_CHECK(
      points.dim() == 2 && points.size(0) == 4 && points.dtype() == at::kFloat,
      "points of seams are [4,n] f32, not ", points.sizes());
  const at::Tensor both =
      at::cat({points.slice(0, 0, 2), points.slice(0, 2, 4)}, 1);
  return {both.repeat({1, levels}), at::arange(levels, points.options())
                                        .repeat_interleave(2 * points.size(1))};
}

// From values [C, levels * 2n].
at::Tensor LossOf(const at::Tensor& values, int64_t levels) {
  const at::Tensor sides = values.view({values.size(0), levels, 2, -1});
  return (sides.select(2, 0) - sides.select(2, 1)).square().mean();
}

int64_t TileLevels(int64_t height, int64_t width) {
  int64_t levels = 1;
  for (; height % 2 == 0 && width % 2 == 0; height /= 2, width /= 2) ++levels;
  return levels;
}

void CheckLevels(int64_t levels) {
  TORCH_CHECK(levels >= 1, "seams are read at 1 level at least, not ", levels);
}

}  // namespace

at::Tensor SeamPoints(absl::Span<const SurfaceEdge> edges, int64_t height,
                      int64_t width) {
  double total = 0;
  for (const SurfaceEdge& e : edges) total += LengthOf(e, height, width);
  const int64_t most =
      std::max<int64_t>(1, kMaxSeamPoints - static_cast<int64_t>(edges.size()));
  const double apart =
      std::max(kTexelsApart, total / static_cast<double>(most));
  int64_t count = 0;
  for (const SurfaceEdge& e : edges) count += CountOf(e, height, width, apart);
  at::Tensor out = at::empty({4, count}, at::kFloat);
  float* to = out.mutable_data_ptr<float>();
  int64_t i = 0;
  for (const SurfaceEdge& e : edges) {
    const int64_t parts = CountOf(e, height, width, apart);
    for (int64_t p = 0; p < parts; ++p, ++i) {
      const double share =
          (static_cast<double>(p) + 0.5) / static_cast<double>(parts);
      for (int side = 0; side < 2; ++side) {
        const std::array<Vec2, 2>& uv = e.side[side].uv;
        to[2 * side * count + i] = Between(uv[0].x, uv[1].x, share);
        to[(2 * side + 1) * count + i] = Between(uv[0].y, uv[1].y, share);
      }
    }
  }
  return out;
}

at::Tensor SeamLoss(const SharedAtlas& atlas, const at::Tensor& points,
                    int64_t levels) {
  CheckLevels(levels);
  levels = std::min(levels, MipLevelCount(atlas.height(), atlas.width()));
  const SeamReads reads = ReadsOf(points, levels);
  const at::Tensor values = atlas.SampleAt(reads.uv, reads.level);
  return points.size(1) == 0 ? values.sum() : LossOf(values, levels);
}

at::Tensor SeamLoss(const at::Tensor& atlas, const at::Tensor& points,
                    int64_t levels) {
  return SeamLoss(SharedAtlas(atlas), points, levels);
}

at::Tensor SeamTileLoss(const at::Tensor& texels, const TileTable& table,
                        const at::Tensor& points, int64_t levels) {
  CheckLevels(levels);
  if (points.numel() == 0) return (texels * 0).sum();
  levels = std::min(levels, TileLevels(table.height, table.width));
  const SeamReads reads = ReadsOf(points, levels);
  return LossOf(SampleTilesAt(texels, table, reads.uv, reads.level), levels);
}

at::Tensor SeamTiles(const at::Tensor& points, int64_t levels, int64_t height,
                     int64_t width) {
  CheckLevels(levels);
  levels = std::min(levels, TileLevels(height, width));
  const SeamReads reads = ReadsOf(points, levels);
  return TouchedTilesAt(reads.uv, reads.level, height, width);
}

at::Tensor SeamPointsWithin(const TileTable& table, const at::Tensor& points,
                            int64_t levels) {
  CheckLevels(levels);
  TORCH_CHECK(points.dim() == 2 && points.size(0) == 4,
              "points of seams are [4,n], not ", points.sizes());
  levels = std::min<int64_t>(
      {levels, TileLevels(table.height, table.width), kTileLevels});
  const int64_t columns = table.width / kTileSide;
  at::Tensor given = at::zeros({table.height / kTileSide * columns}, at::kBool);
  given.index_fill_(0, table.ids.cpu(), true);
  const bool* is_given = given.const_data_ptr<bool>();
  const at::Tensor plain = points.cpu().contiguous();
  const float* at = plain.const_data_ptr<float>();
  const int64_t count = plain.size(1);
  // Whether the four texels about a point lie in tiles given.
  const auto within = [&](float u, float v, int64_t level) {
    const TexelTaps taps =
        TapsAt(u, v, static_cast<int32_t>(table.height >> level),
               static_cast<int32_t>(table.width >> level));
    const int64_t shift = kTileLevels - 1 - level;
    for (int k = 0; k < 4; ++k) {
      const int64_t row = taps.y.at[k >> 1] >> shift;
      if (!is_given[row * columns + (taps.x.at[k & 1] >> shift)]) return false;
    }
    return true;
  };
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < count; ++i) {
    bool all = true;
    for (int64_t l = 0; l < levels && all; ++l) {
      all = within(at[i], at[count + i], l) &&
            within(at[2 * count + i], at[3 * count + i], l);
    }
    if (all) kept.push_back(i);
  }
  return at::tensor(kept, at::kLong);
}

}  // namespace phosphene
