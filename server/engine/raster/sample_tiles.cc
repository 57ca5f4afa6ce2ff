// Reading the tiles of an atlas that are given.

#include "server/engine/raster/sample_tiles.h"

#include <torch/custom_class.h>

#include <algorithm>

#include "server/engine/raster/sample_points.h"
#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

constexpr int64_t kGrainTiles = 8;

void CheckSize(int64_t height, int64_t width) {
  TORCH_CHECK(height > 0 && width > 0 && height % kTileSide == 0 &&
                  width % kTileSide == 0 && height <= kMaxAtlasSide &&
                  width <= kMaxAtlasSide,
              "an atlas of tiles has sides of multiples of ", kTileSide,
              " up to ", kMaxAtlasSide, ", not ", height, "x", width);
}

// Sizes of levels, as long as both sides can be halved.
TexelLevels LevelsOf(int64_t height, int64_t width) {
  TexelLevels out;
  int32_t h = static_cast<int32_t>(height), w = static_cast<int32_t>(width);
  while (true) {
    out.height[out.levels] = h;
    out.width[out.levels] = w;
    ++out.levels;
    if (h % 2 != 0 || w % 2 != 0) return out;
    h /= 2;
    w /= 2;
  }
}

struct TilesHolder : torch::CustomClassHolder {
  PointSet points;
  int64_t height = 0, width = 0, tiles = 0;
  at::Tensor ids;   // [t] i64
  at::Tensor slot;  // [height/32*width/32] i32
  at::Tensor rest;  // [C,height/32,width/32] or undefined
};

// Tiles given, their levels, and the levels of the whole above; or gradients.
struct TilePyramid {
  at::Tensor texels;            // [t,C,1024]
  at::Tensor mips;              // [t,C,341]
  std::vector<at::Tensor> top;  // levels 5, 6, ... of the whole; may be empty

  TiledTexels Texels(const TilesHolder& holder) const {
    TiledTexels out;
    static_cast<TexelLevels&>(out) = LevelsOf(holder.height, holder.width);
    out.channels = static_cast<int32_t>(texels.size(1));
    out.slot = holder.slot.const_data_ptr<int32_t>();
    out.tiles_a_row = static_cast<int32_t>(holder.width / kTileSide);
    for (int32_t l = 0; l < out.levels; ++l) {
      at::Tensor from = l == 0 ? texels : mips;
      out.channel[l] = from.size(2);
      if (l >= kTileLevels) {
        if (l - kTileLevels + 1 >= static_cast<int64_t>(top.size())) break;
        from = top[l - kTileLevels + 1];
        out.channel[l] = from.size(1) * from.size(2);
      }
      out.base[l] = const_cast<float*>(from.const_data_ptr<float>());
    }
    return out;
  }
};

// Calls fn(tile's number, channel) over all planes.
template <typename Fn>
void OverPlanes(int64_t tiles, int64_t channels, const Fn& fn) {
  WideFor(tiles * channels, kGrainTiles * channels,
          [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) fn(i);
          });
}

// Levels of the whole that are read beyond those of tiles, level 5 with them.
int64_t TopLevels(const TilesHolder& holder) {
  const int32_t read =
      holder.points.LevelsRead(LevelsOf(holder.height, holder.width).levels);
  return read > kTileLevels ? read - kTileLevels + 1 : 0;
}

TilePyramid PyramidOf(const at::Tensor& texels, const TilesHolder& holder) {
  const int64_t tiles = texels.size(0), channels = texels.size(1);
  TilePyramid out;
  out.texels = texels.view({tiles, channels, kTileTexels});
  out.mips = at::empty({tiles, channels, kTileMips}, at::kFloat);
  const float* from = out.texels.const_data_ptr<float>();
  float* to = out.mips.mutable_data_ptr<float>();
  OverPlanes(tiles, channels, [&](int64_t i) {
    MakeTileMips(from + i * kTileTexels, to + i * kTileMips);
  });
  const int64_t count = TopLevels(holder);
  if (count == 0) return out;
  const int64_t h = holder.height / kTileSide, w = holder.width / kTileSide;
  at::Tensor means = holder.rest.defined()
                         ? holder.rest.clone()
                         : at::zeros({channels, h, w}, at::kFloat);
  means.view({channels, h * w})
      .index_copy_(1, holder.ids, out.mips.select(2, kTileMips - 1).t());
  out.top.push_back(means);
  while (static_cast<int64_t>(out.top.size()) < count)
    out.top.push_back(CoarserLevel(out.top.back()));
  return out;
}

// Gradients of everything read, down to the texels.
at::Tensor GradientOf(const TilesHolder& holder, const at::Tensor& grad) {
  const int64_t channels = grad.size(holder.points.pixel.defined() ? 1 : 0);
  TilePyramid sums;
  sums.texels = at::empty({holder.tiles, channels, kTileTexels}, at::kFloat);
  sums.mips = at::zeros({holder.tiles, channels, kTileMips}, at::kFloat);
  int64_t h = holder.height / kTileSide, w = holder.width / kTileSide;
  for (int64_t l = TopLevels(holder); l > 0; --l) {
    sums.top.push_back(at::zeros({channels, h, w}, at::kFloat));
    h /= 2;
    w /= 2;
  }
  AddAll(sums.Texels(holder), holder.points, false, grad);
  if (!sums.top.empty()) {
    for (size_t l = sums.top.size() - 1; l > 0; --l)
      SpreadLevel(sums.top[l], Spread::kAdd, sums.top[l - 1]);
    sums.mips.select(2, kTileMips - 1)
        .add_(sums.top[0].view({channels, -1}).index_select(1, holder.ids).t());
  }
  float* mips = sums.mips.mutable_data_ptr<float>();
  float* texels = sums.texels.mutable_data_ptr<float>();
  OverPlanes(holder.tiles, channels, [&](int64_t i) {
    SpreadTileMips(mips + i * kTileMips, texels + i * kTileTexels);
  });
  AddAll(sums.Texels(holder), holder.points, true, grad);
  return sums.texels.view({holder.tiles, channels, kTileSide, kTileSide});
}

class TileFunction : public torch::autograd::Function<TileFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& texels,
                            const c10::intrusive_ptr<TilesHolder>& holder) {
    ctx->saved_data["tiles"] = c10::IValue::make_capsule(holder);
    const TilePyramid pyramid =
        PyramidOf(texels.detach().cpu().contiguous(), *holder);
    return ReadAll(pyramid.Texels(*holder), holder->points).to(texels.device());
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["tiles"].toCapsule();
    const auto& holder = static_cast<const TilesHolder&>(*capsule);
    return {
        GradientOf(holder, grads[0].cpu().contiguous()).to(grads[0].device()),
        at::Tensor()};
  }
};

at::Tensor Sample(const at::Tensor& texels, const TileTable& table,
                  PointSet points) {
  CheckSize(table.height, table.width);
  const int64_t rows = table.height / kTileSide;
  const int64_t columns = table.width / kTileSide;
  TORCH_CHECK(texels.dim() == 4 && texels.dtype() == at::kFloat &&
                  texels.size(0) == table.ids.numel() && texels.size(1) >= 1 &&
                  texels.size(1) <= kMaxAtlasChannels &&
                  texels.size(2) == kTileSide && texels.size(3) == kTileSide,
              "texels of ", table.ids.numel(),
              " tiles are [t,C,32,32] f32, not ", texels.sizes());
  auto holder = c10::make_intrusive<TilesHolder>();
  holder->points = std::move(points);
  holder->height = table.height;
  holder->width = table.width;
  holder->tiles = texels.size(0);
  holder->ids = table.ids.cpu();
  holder->slot = at::full({rows * columns}, -1, at::kInt);
  holder->slot.index_copy_(0, holder->ids,
                           at::arange(holder->tiles, at::dtype(at::kInt)));
  if (table.rest.defined()) {
    TORCH_CHECK(table.rest.dim() == 3 && table.rest.dtype() == at::kFloat &&
                    table.rest.size(0) == texels.size(1) &&
                    table.rest.size(1) == rows && table.rest.size(2) == columns,
                "means of tiles are [C,H/32,W/32] f32, not ",
                table.rest.sizes());
    holder->rest = table.rest.detach().cpu().contiguous();
  }
  return TileFunction::apply(texels, holder);
}

at::Tensor Touched(const PointSet& points, int64_t height, int64_t width) {
  CheckSize(height, width);
  const int64_t tiles = height / kTileSide * (width / kTileSide);
  at::Tensor marks = at::zeros({tiles}, at::kByte);
  MarkTiles(LevelsOf(height, width), points.Points(1), points.count(),
            marks.mutable_data_ptr<uint8_t>());
  return at::nonzero(marks).view({-1});
}

at::Tensor LevelsFor(const RasterViews& views, int64_t height, int64_t width,
                     TexelFilter filter) {
  return filter == TexelFilter::kTrilinear ? MipLevels(views, height, width)
                                           : at::Tensor();
}

}  // namespace

at::Tensor TouchedTiles(const RasterViews& views, int64_t height, int64_t width,
                        TexelFilter filter) {
  return Touched(PointSetOf(views, LevelsFor(views, height, width, filter)),
                 height, width);
}

at::Tensor TouchedTilesAt(const at::Tensor& uv, const at::Tensor& level,
                          int64_t height, int64_t width) {
  return Touched(PointSetAt(uv, level), height, width);
}

at::Tensor SampleTiles(const at::Tensor& texels, const TileTable& table,
                       const RasterViews& views, TexelFilter filter) {
  return Sample(
      texels, table,
      PointSetOf(views, LevelsFor(views, table.height, table.width, filter)));
}

at::Tensor SampleTilesAt(const at::Tensor& texels, const TileTable& table,
                         const at::Tensor& uv, const at::Tensor& level) {
  return Sample(texels, table, PointSetAt(uv, level));
}

}  // namespace phosphene
