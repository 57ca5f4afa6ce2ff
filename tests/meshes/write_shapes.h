#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

// A cube of side 2 whose six faces are charts of their own, in a 3 x 2 grid of
// cells of the atlas; a chart is the inner half of its cell. Every edge is a
// seam.
inline Mesh Cube() {
  Mesh mesh;
  for (int i = 0; i < 8; ++i) {
    mesh.positions.push_back(
        {i & 1 ? 1.f : -1.f, i & 2 ? 1.f : -1.f, i & 4 ? 1.f : -1.f});
  }
  const uint32_t faces[6][4] = {{0, 2, 3, 1}, {4, 5, 7, 6}, {0, 1, 5, 4},
                                {2, 6, 7, 3}, {0, 4, 6, 2}, {1, 3, 7, 5}};
  for (uint32_t f = 0; f < 6; ++f) {
    for (int c = 0; c < 4; ++c) {
      const float x = c == 1 || c == 2 ? .75f : .25f, y = c >= 2 ? .75f : .25f;
      mesh.uvs.push_back({(static_cast<float>(f % 3) + x) / 3,
                          (static_cast<float>(f / 3) + y) / 2});
    }
    const auto& p = faces[f];
    const uint32_t t = 4 * f;
    mesh.triangles.push_back({{p[0], p[1], p[2]}, {t, t + 1, t + 2}, -1});
    mesh.triangles.push_back({{p[0], p[2], p[3]}, {t, t + 2, t + 3}, -1});
  }
  return mesh;
}

// An atlas for Cube(): cell f is all of colors[f].
inline Image8 CubeAtlas(const std::vector<std::vector<uint8_t>>& colors,
                        int cell) {
  Image8 atlas{3 * cell, 2 * cell, 3, {}};
  for (int y = 0; y < atlas.height; ++y) {
    for (int x = 0; x < atlas.width; ++x) {
      const size_t f = static_cast<size_t>((1 - y / cell) * 3 + x / cell);
      atlas.pixels.insert(atlas.pixels.end(), colors[f].begin(),
                          colors[f].end());
    }
  }
  return atlas;
}

// A torus of around x along faces, the square of the atlas wrapped round it.
inline Mesh Torus(uint32_t around, uint32_t along) {
  Mesh mesh;
  const double turn = 6.283185307179586;
  for (uint32_t i = 0; i < around; ++i) {
    for (uint32_t j = 0; j < along; ++j) {
      const double a = turn * i / around, b = turn * j / along;
      const double r = 2 + .7 * std::cos(b);
      mesh.positions.push_back({static_cast<float>(r * std::cos(a)),
                                static_cast<float>(.7 * std::sin(b)),
                                static_cast<float>(-r * std::sin(a))});
    }
  }
  for (uint32_t i = 0; i <= around; ++i) {
    for (uint32_t j = 0; j <= along; ++j) {
      mesh.uvs.push_back(
          {static_cast<float>(i) / static_cast<float>(around) - .05f,
           static_cast<float>(j) / static_cast<float>(along)});
    }
  }
  const auto position = [&](uint32_t i, uint32_t j) {
    return i % around * along + j % along;
  };
  const auto uv = [&](uint32_t i, uint32_t j) { return i * (along + 1) + j; };
  for (uint32_t i = 0; i < around; ++i) {
    for (uint32_t j = 0; j < along; ++j) {
      mesh.triangles.push_back(
          {{position(i, j), position(i + 1, j), position(i + 1, j + 1)},
           {uv(i, j), uv(i + 1, j), uv(i + 1, j + 1)},
           -1});
      mesh.triangles.push_back(
          {{position(i, j), position(i + 1, j + 1), position(i, j + 1)},
           {uv(i, j), uv(i + 1, j + 1), uv(i, j + 1)},
           -1});
    }
  }
  return mesh;
}

}  // namespace phosphene
