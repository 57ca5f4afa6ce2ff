// Which triangles meet at which edges, and where their UVs part.
#include "server/meshes/topology.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "server/meshes/vector_math.h"

namespace phosphene {
namespace {

constexpr double kSameUv = 1e-6;

// An edge as a triangle has it.
struct HalfEdge {
  uint32_t low = 0, high = 0;  // positions
  uint32_t triangle = 0;
  int8_t corner = 0;    // the edge runs from it to the next
  bool turned = false;  // from high to low

  bool operator<(const HalfEdge& o) const {
    return std::tie(low, high, triangle, corner) <
           std::tie(o.low, o.high, o.triangle, o.corner);
  }
  bool SameEdge(const HalfEdge& o) const {
    return low == o.low && high == o.high;
  }
};

std::vector<HalfEdge> SortedHalfEdges(const Mesh& mesh) {
  std::vector<HalfEdge> edges;
  edges.reserve(3 * mesh.triangles.size());
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    const auto& position = mesh.triangles[t].position;
    for (int8_t corner = 0; corner < 3; ++corner) {
      const uint32_t from = position[corner], to = position[(corner + 1) % 3];
      edges.push_back({std::min(from, to), std::max(from, to),
                       static_cast<uint32_t>(t), corner, from > to});
    }
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

EdgeSide SideOf(const Mesh& mesh, const HalfEdge& edge) {
  EdgeSide side;
  side.triangle = edge.triangle;
  if (!mesh.has_uvs()) return side;
  const auto& uv = mesh.triangles[edge.triangle].uv;
  side.uv = {mesh.uvs[uv[edge.corner]], mesh.uvs[uv[(edge.corner + 1) % 3]]};
  if (edge.turned) std::swap(side.uv[0], side.uv[1]);
  return side;
}

// The same texels, be it in another copy of the wrapped picture.
bool SamePlace(const EdgeSide& a, const EdgeSide& b) {
  const double u = std::round(double{b.uv[0].x} - a.uv[0].x);
  const double v = std::round(double{b.uv[0].y} - a.uv[0].y);
  for (int end = 0; end < 2; ++end) {
    if (std::abs(double{b.uv[end].x} - a.uv[end].x - u) > kSameUv ||
        std::abs(double{b.uv[end].y} - a.uv[end].y - v) > kSameUv)
      return false;
  }
  return true;
}

}  // namespace

SurfaceEdges FindEdges(const Mesh& mesh) {
  SurfaceEdges found;
  const std::vector<HalfEdge> edges = SortedHalfEdges(mesh);
  for (size_t first = 0, end = 0; first < edges.size(); first = end) {
    while (end < edges.size() && edges[end].SameEdge(edges[first])) ++end;
    found.boundary_edges += end - first == 1;
    found.crowded_edges += end - first > 2;
    for (size_t i = first; i + 1 < end; ++i) {
      SurfaceEdge edge;
      edge.position = {edges[i].low, edges[i].high};
      edge.side = {SideOf(mesh, edges[i]), SideOf(mesh, edges[i + 1])};
      edge.length = Length(Point3(mesh.positions[edge.position[1]]) -
                           Point3(mesh.positions[edge.position[0]]));
      auto& list =
          SamePlace(edge.side[0], edge.side[1]) ? found.interior : found.seams;
      list.push_back(edge);
    }
  }
  return found;
}

std::vector<SurfaceEdge> SeamEdges(const Mesh& mesh) {
  return FindEdges(mesh).seams;
}

std::vector<std::array<int32_t, 3>> Neighbours(const Mesh& mesh) {
  std::vector<std::array<int32_t, 3>> neighbours(mesh.triangles.size(),
                                                 {-1, -1, -1});
  const std::vector<HalfEdge> edges = SortedHalfEdges(mesh);
  for (size_t first = 0, end = 0; first < edges.size(); first = end) {
    while (end < edges.size() && edges[end].SameEdge(edges[first])) ++end;
    if (end - first != 2) continue;
    const HalfEdge &a = edges[first], &b = edges[first + 1];
    neighbours[a.triangle][a.corner] = static_cast<int32_t>(b.triangle);
    neighbours[b.triangle][b.corner] = static_cast<int32_t>(a.triangle);
  }
  return neighbours;
}

}  // namespace phosphene
