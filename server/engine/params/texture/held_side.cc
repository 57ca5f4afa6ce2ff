// The finest texels that the cameras of a job can tell apart.
#include "server/engine/params/texture/held_side.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "server/engine/params/texture/cameras.h"
#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample.h"
#include "server/engine/raster/sample_tiles.h"

namespace phosphene {
namespace {

constexpr int64_t kViews = 24;
constexpr int64_t kMostDrawn = 256;  // samples of a side, enough to measure

}  // namespace

int64_t HeldSide(const Scene& scene,
                 const v1::TextureParameterization::Camera& camera,
                 int64_t height, int64_t width, int64_t side) {
  v1::TextureParameterization::Camera nearest = camera;
  // What is below the least distance counts as it.
  nearest.set_max_distance(std::numeric_limits<double>::min());
  const double shrunk = std::min(
      1., static_cast<double>(kMostDrawn) / static_cast<double>(height));
  const auto scaled = [shrunk](int64_t size) {
    return std::clamp<int64_t>(
        static_cast<int64_t>(static_cast<double>(size) * shrunk), 1,
        kMaxViewSide);
  };
  Rasterizer rasterizer(scene.drawn);
  const RasterViews views =
      rasterizer.Draw(DrawCameras(nearest, /*seed=*/0, /*step=*/0, kViews),
                      scaled(height), scaled(width));
  if (views.fragments() == 0) return side;
  // Pixels are larger by as much as views are smaller.
  const at::Tensor levels = MipLevels(views, scaled(side), scaled(side));
  const int64_t magnified =
      static_cast<int64_t>(kMagnified * static_cast<double>(levels.numel()));
  float* level = levels.mutable_data_ptr<float>();
  std::nth_element(level, level + magnified, level + levels.numel());
  int64_t held = side;
  for (float left = level[magnified]; left >= 1 && held % (2 * kTileSide) == 0;
       left -= 1)
    held /= 2;
  return held;
}

}  // namespace phosphene
