// How long views of a mesh take: drawing, and reading an atlas with its
// gradient, whole and by tiles. Medians over runs, on the threads there are:
//   OMP_NUM_THREADS=1 raster_bench MESH.obj [RUNS]
// The mesh: triangles as lines `f v/vt v/vt v/vt`.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "server/engine/raster/fill_unseen.h"
#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample.h"
#include "server/engine/raster/sample_tiles.h"
#include "server/engine/raster/seam_points.h"
#include "server/engine/raster/texel_mask.h"

// The server's allocator, set as there (server/process.cc).
extern "C" {
const char* malloc_conf =
    "background_thread:true,oversize_threshold:1,dirty_decay_ms:30000,muzzy_"
    "decay_ms:0,thp:always";
}

namespace phosphene {
namespace {

Mesh ReadTriangles(const char* path) {
  std::ifstream file(path);
  Mesh mesh;
  for (std::string line; std::getline(file, line);) {
    Vec3 p;
    Vec2 uv;
    MeshTriangle t;
    auto &a = t.position, &b = t.uv;
    if (std::sscanf(line.c_str(), "v %f %f %f", &p.x, &p.y, &p.z) == 3) {
      mesh.positions.push_back(p);
    } else if (std::sscanf(line.c_str(), "vt %f %f", &uv.x, &uv.y) == 2) {
      mesh.uvs.push_back(uv);
    } else if (std::sscanf(line.c_str(), "f %u/%u %u/%u %u/%u", &a[0], &b[0],
                           &a[1], &b[1], &a[2], &b[2]) == 6) {
      for (int k = 0; k < 3; ++k) --a[k], --b[k];
      mesh.triangles.push_back(t);
    }
  }
  return mesh;
}

void Report(const std::string& what, int runs,
            const std::function<void(int)>& fn) {
  std::vector<double> took;
  for (int run = -1; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    fn(run + 1);
    const std::chrono::duration<double, std::milli> t =
        std::chrono::steady_clock::now() - start;
    if (run >= 0) took.push_back(t.count());
  }
  std::sort(took.begin(), took.end());
  std::printf("%-44s median %8.3f ms, least %8.3f ms\n", what.c_str(),
              took[took.size() / 2], took[0]);
}

// Cameras on a Fibonacci spiral, so that no run repeats another's view.
Camera CameraOf(int i) {
  const double y = 1 - (2.0 * (i % 64) + 1) / 64;
  return CameraAt(i * 180.0 * (3 - std::sqrt(5.0)), std::asin(y) * 180 / M_PI,
                  12, 10);
}

std::string Named(const char* what, int64_t atlas, int64_t view) {
  char out[80];
  std::snprintf(out, sizeof(out), "%s, atlas %d, view %d", what,
                static_cast<int>(atlas), static_cast<int>(view));
  return out;
}

void BenchPlain(Rasterizer& rasterizer, int64_t side, int64_t view, int runs) {
  const at::Tensor atlas = at::rand({3, side, side}).set_requires_grad(true);
  const at::Tensor grad = at::rand({1, 3, view, view});
  const RasterViews views = rasterizer.Draw({CameraOf(20)}, view, view);
  Report(Named("forward", side, view), runs, [&](int) {
    const at::Tensor out =
        SampleAtlas(atlas.detach(), views, TexelFilter::kTrilinear);
  });
  Report(Named("forward + backward", side, view), runs, [&](int) {
    SampleAtlas(atlas, views, TexelFilter::kTrilinear).backward(grad);
    atlas.mutable_grad().reset();
  });
}

void BenchTiles(Rasterizer& rasterizer, int64_t side, int64_t view, int runs) {
  const RasterViews views = rasterizer.Draw({CameraOf(20)}, view, view);
  const at::Tensor grad = at::rand({1, 3, view, view});
  const at::Tensor rest = at::rand({3, side / kTileSide, side / kTileSide});
  const at::Tensor ids =
      TouchedTiles(views, side, side, TexelFilter::kTrilinear);
  const at::Tensor texels =
      at::rand({ids.size(0), 3, kTileSide, kTileSide}).set_requires_grad(true);
  std::printf("  %d of %d tiles touched\n", static_cast<int>(ids.size(0)),
              static_cast<int>(rest.size(1) * rest.size(2)));
  Report(Named("touched tiles", side, view), runs, [&](int) {
    TouchedTiles(views, side, side, TexelFilter::kTrilinear);
  });
  Report(Named("tiled forward + backward", side, view), runs, [&](int) {
    SampleTiles(texels, {side, side, ids, rest}, views, TexelFilter::kTrilinear)
        .backward(grad);
    texels.mutable_grad().reset();
  });
}

void BenchAtlas(const Mesh& file, const RasterMesh& mesh, int64_t side,
                int runs) {
  const at::Tensor atlas = at::rand({3, side, side}).set_requires_grad(true);
  const at::Tensor points = SeamPoints(SeamEdges(file), side, side);
  std::printf("  %d points along seams\n", static_cast<int>(points.size(1)));
  Report(Named("seams forward + backward", side, 0), runs, [&](int) {
    SeamLoss(atlas, points, 3).backward();
    atlas.mutable_grad().reset();
  });
  const TexelMask mask = ChartMask(mesh, side, side);
  Report(Named("charts", side, 0), runs,
         [&](int) { ChartMask(mesh, side, side); });
  Report(Named("fill", side, 0), runs,
         [&](int) { FillUnseen(atlas.detach(), mask); });
}

int Run(const char* path, int runs) {
  const Mesh file = ReadTriangles(path);
  const absl::StatusOr<RasterMesh> mesh = MakeRasterMesh(file);
  if (!mesh.ok()) {
    std::fprintf(stderr, "%s: %s\n", path, mesh.status().ToString().c_str());
    return 1;
  }
  Rasterizer rasterizer(*mesh);
  std::printf("%s: %d triangles\n", path,
              static_cast<int>(mesh->triangles.size()));
  for (int64_t view : {224, 512}) {
    const auto draw = [&](const char* what, const RasterOptions& options) {
      Report(
          what + std::string(", view ") + std::to_string(view), runs,
          [&](int i) { rasterizer.Draw({CameraOf(i)}, view, view, options); });
    };
    draw("draw", {});
    draw("draw with positions, facing, barycentrics",
         {true, true, true, at::kCPU});
  }
  for (int64_t side : {512, 1024}) {
    BenchPlain(rasterizer, side, 224, runs);
    BenchPlain(rasterizer, side, 512, runs);
  }
  for (int64_t side : {1024, 8192}) BenchTiles(rasterizer, side, 512, runs);
  BenchAtlas(file, *mesh, 1024, runs);
  return 0;
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: raster_bench MESH.obj [RUNS]\n");
    return 2;
  }
  return phosphene::Run(argv[1],
                        argc > 2 ? std::max(1, std::atoi(argv[2])) : 30);
}
