#pragma once

// Meshes and views that the tests of this folder share.

#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample.h"
#include "server/engine/tensor/rng.h"
#include "tests/support/status_matchers.h"

namespace phosphene {

inline RasterMesh Drawn(const Mesh& mesh) {
  absl::StatusOr<RasterMesh> out = MakeRasterMesh(mesh);
  EXPECT_THAT(out, IsOk());
  return *std::move(out);
}

// n x n cells of two triangles each over -1..1, bent along z; inner corners are
// moved by up to `jitter` cells. UVs go from 0 to `repeats`.
inline Mesh GridMesh(int n, float jitter, float bend = 0, float repeats = 1) {
  Mesh mesh;
  uint32_t state = 12345;
  const auto draw = [&state] {
    state = state * 1664525 + 1013904223;
    return static_cast<float>(state >> 8) / 8388608.0f - 1;
  };
  const float step = 2.0f / static_cast<float>(n);
  for (int y = 0; y <= n; ++y) {
    for (int x = 0; x <= n; ++x) {
      const bool inner = x > 0 && y > 0 && x < n && y < n;
      const float move = inner ? jitter * step : 0;
      const float px = -1 + step * static_cast<float>(x) + move * draw();
      const float py = -1 + step * static_cast<float>(y) + move * draw();
      mesh.positions.push_back({px, py, bend * (px * px + 0.5f * py)});
      mesh.uvs.push_back({(px + 1) / 2 * repeats, (py + 1) / 2 * repeats});
    }
  }
  const auto at = [n](int x, int y) {
    return static_cast<uint32_t>(y * (n + 1) + x);
  };
  const auto add = [&mesh](uint32_t a, uint32_t b, uint32_t c) {
    mesh.triangles.push_back({{a, b, c}, {a, b, c}, -1});
  };
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      add(at(x, y), at(x + 1, y), at(x + 1, y + 1));
      // Wound the other way: both sides are drawn.
      add(at(x, y), at(x, y + 1), at(x + 1, y + 1));
    }
  }
  return mesh;
}

// An OBJ of the shared folder, whose faces are triangles `f v/vt v/vt v/vt`; no
// triangles where it is not there.
inline Mesh SharedMesh(const std::string& name) {
  std::ifstream file("../shared/meshes/" + name);
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

// Camera `i` of `n` spread over the sphere, on a Fibonacci spiral.
inline Camera SpreadCamera(int i, int n, double distance, double fov) {
  const double y = 1 - (2.0 * i + 1) / n;
  return CameraAt(i * 180.0 * (3 - std::sqrt(5.0)), std::asin(y) * 180 / M_PI,
                  distance, fov);
}

inline at::Tensor RandomTensor(at::IntArrayRef shape, uint64_t seed) {
  return Rng(seed, RngStream::kInit).NormalTensor(shape);
}

}  // namespace phosphene
