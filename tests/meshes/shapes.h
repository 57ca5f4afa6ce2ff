#pragma once

#include <cmath>
#include <random>
#include <utility>

#include "server/meshes/mesh.h"

namespace phosphene {

// Surfaces made by code, without UVs.

inline void AddTriangle(uint32_t a, uint32_t b, uint32_t c, Mesh* mesh) {
  mesh->triangles.push_back({.position = {a, b, c}});
}

// A sheet of columns x rows quads over `at(s, t)`, s and t 0..1; `around`
// joins its left and right, and `over` its top and bottom.
template <typename At>
Mesh Sheet(int columns, int rows, bool around, bool over, At at) {
  Mesh mesh;
  const int width = columns + !around, height = rows + !over;
  for (int j = 0; j < height; ++j)
    for (int i = 0; i < width; ++i)
      mesh.positions.push_back(at(double(i) / columns, double(j) / rows));
  const auto index = [&](int i, int j) {
    return static_cast<uint32_t>(j % height * width + i % width);
  };
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < columns; ++i) {
      AddTriangle(index(i, j), index(i + 1, j), index(i + 1, j + 1), &mesh);
      AddTriangle(index(i, j), index(i + 1, j + 1), index(i, j + 1), &mesh);
    }
  }
  return mesh;
}

inline Vec3 ToVec3(double x, double y, double z) {
  return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)};
}

inline Mesh Torus(int around, int across) {
  return Sheet(around, across, true, true, [](double s, double t) {
    const double a = 2 * M_PI * s, b = 2 * M_PI * t, r = 1 + .4 * std::cos(b);
    return ToVec3(r * std::cos(a), r * std::sin(a), .4 * std::sin(b));
  });
}

// A strip that winds up like a screw: seen from above it lies over itself.
inline Mesh Spiral(int turns) {
  return Sheet(turns * 40, 4, false, false, [=](double s, double t) {
    const double a = 2 * M_PI * turns * s, r = 1 + t;
    return ToVec3(r * std::cos(a), r * std::sin(a), .2 * a);
  });
}

// Loose triangles, each somewhere.
inline Mesh Soup(int count) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> at(-1, 1);
  Mesh mesh;
  for (int i = 0; i < 3 * count; ++i)
    mesh.positions.push_back({at(random), at(random), at(random)});
  for (uint32_t i = 0; i < static_cast<uint32_t>(3 * count); i += 3)
    AddTriangle(i, i + 1, i + 2, &mesh);
  return mesh;
}

}  // namespace phosphene
