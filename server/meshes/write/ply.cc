// PLY: small faces whose vertices carry the texture's colours.
#include "server/meshes/write/ply.h"

#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/layout.h"
#include "server/meshes/write/bytes_out.h"
#include "server/meshes/write/corners.h"
#include "server/meshes/write/divide.h"

namespace phosphene {
namespace {

constexpr double kTexels = 2;  // of an edge; Nyquist for what the atlas holds

using Color = std::array<double, 3>;  // 0..255

// Texel column and row of a UV; centres are whole numbers.
double Wrapped(double t, int size) { return (t - std::floor(t)) * size - .5; }

Color Sample(const Image8& atlas, Vec2 uv) {
  const double x = Wrapped(uv.x, atlas.width);
  const double y = Wrapped(-double{uv.y}, atlas.height);
  const double left = std::floor(x), top = std::floor(y);
  Color color = {};
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const double weight =
          (dx ? x - left : 1 - (x - left)) * (dy ? y - top : 1 - (y - top));
      const auto column = static_cast<size_t>(
          (static_cast<int64_t>(left) + dx + atlas.width) % atlas.width);
      const auto row = static_cast<size_t>(
          (static_cast<int64_t>(top) + dy + atlas.height) % atlas.height);
      const uint8_t* pixel =
          &atlas.pixels[3 * (row * static_cast<size_t>(atlas.width) + column)];
      for (int i = 0; i < 3; ++i) color[i] += weight * pixel[i];
    }
  }
  return color;
}

// Typical side of a triangle in texels of the atlas, taken from their area.
double TypicalSide(const Mesh& mesh, const Image8& atlas) {
  double area = 0;
  for (const MeshTriangle& triangle : mesh.triangles) {
    const Vec2& a = mesh.uvs[triangle.uv[0]];
    const Vec2& b = mesh.uvs[triangle.uv[1]];
    const Vec2& c = mesh.uvs[triangle.uv[2]];
    area += std::abs((double{b.x} - a.x) * (double{c.y} - a.y) -
                     (double{b.y} - a.y) * (double{c.x} - a.x));
  }
  return std::sqrt(area * atlas.width * atlas.height /
                   static_cast<double>(mesh.triangles.size()));
}

// The atlas in the resolution of the triangles: points taken from a finer one
// would be speckles.
Image8 Shrunk(const Mesh& mesh, Image8 atlas) {
  double side = TypicalSide(mesh, atlas);
  while (side >= 2 * kTexels && atlas.width >= 2 && atlas.height >= 2) {
    atlas = Resize(atlas, atlas.width / 2, atlas.height / 2);
    side /= 2;
  }
  return atlas;
}

// One colour for each position: the mean over its different UVs.
std::vector<std::array<uint8_t, 3>> Colors(const Mesh& mesh,
                                           const Image8& atlas) {
  std::vector<std::array<uint8_t, 3>> colors(mesh.positions.size());
  const CornerMesh corners = SplitCorners(mesh);
  const auto& vertices = corners.vertices;
  for (size_t from = 0, to; from < vertices.size(); from = to) {
    const uint32_t position = vertices[from].position;
    Color sum = {};
    for (to = from; to < vertices.size() && vertices[to].position == position;
         ++to) {
      const Color one = Sample(atlas, vertices[to].uv);
      for (int i = 0; i < 3; ++i) sum[i] += one[i];
    }
    for (int i = 0; i < 3; ++i) {
      colors[position][i] =
          static_cast<uint8_t>(sum[i] / static_cast<double>(to - from) + .5);
    }
  }
  return colors;
}

}  // namespace

absl::StatusOr<std::string> EncodePly(const Mesh& mesh, const Image8& atlas,
                                      const PlyOptions& options) {
  RETURN_IF_ERROR(CheckTextured(mesh, atlas));
  DivideOptions divide;
  divide.width = atlas.width;
  divide.height = atlas.height;
  divide.texels = kTexels;
  divide.max_triangles = options.max_triangles;
  const Mesh fine = Divide(mesh, divide);
  const auto colors = Colors(fine, Shrunk(fine, atlas));
  std::string out = absl::StrCat(
      "ply\nformat binary_little_endian 1.0\ncomment Phosphene\n"
      "element vertex ",
      fine.positions.size(),
      "\nproperty float x\nproperty float y\nproperty float z\n"
      "property uchar red\nproperty uchar green\nproperty uchar blue\n"
      "element face ",
      fine.triangles.size(),
      "\nproperty list uchar int vertex_indices\nend_header\n");
  out.reserve(out.size() + 15 * fine.positions.size() +
              13 * fine.triangles.size());
  for (size_t p = 0; p < fine.positions.size(); ++p) {
    AppendBytes(fine.positions[p], &out);
    AppendBytes(colors[p], &out);
  }
  for (const MeshTriangle& triangle : fine.triangles) {
    AppendBytes(uint8_t{3}, &out);
    AppendBytes(triangle.position, &out);
  }
  return out;
}

}  // namespace phosphene
