// Cuts faces at the middles of their edges until they are small on the atlas.
#include "server/meshes/write/divide.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace phosphene {
namespace {

// Each pass halves what is longer than half of the longest edge; lengths are
// floats of at most 2^128 texels, and passes get 2 each to halve.
constexpr int kMaxPasses = 300;

uint64_t EdgeKey(uint32_t a, uint32_t b) {
  return uint64_t{std::min(a, b)} << 32 | std::max(a, b);
}

// An edge to cut.
struct Edge {
  double length = 0;  // texels, the longer image's
  int64_t faces = 0;
  uint32_t middle = 0;  // of positions
  bool cut = true;
};

class Divider {
 public:
  Divider(const Mesh& mesh, const DivideOptions& options) : options_(options) {
    mesh_.positions = mesh.positions;
    mesh_.uvs = mesh.uvs;
    mesh_.triangles = mesh.triangles;
  }

  Mesh Run() && {
    for (int pass = 0; pass < kMaxPasses; ++pass) {
      const double longest = Longest();
      if (!(longest > options_.texels)) break;
      Collect(std::max(options_.texels, longest / 2));
      const bool all = KeepWithinLimit();
      Cut();
      if (!all) break;
    }
    return std::move(mesh_);
  }

 private:
  // Texels between corners c and c+1.
  double Length(const MeshTriangle& triangle, int c) const {
    const Vec2& a = mesh_.uvs[triangle.uv[c]];
    const Vec2& b = mesh_.uvs[triangle.uv[(c + 1) % 3]];
    return std::hypot((double{a.x} - b.x) * options_.width,
                      (double{a.y} - b.y) * options_.height);
  }

  double Longest() const {
    double longest = 0;
    for (const MeshTriangle& triangle : mesh_.triangles) {
      for (int c = 0; c < 3; ++c) {
        longest = std::max(longest, Length(triangle, c));
      }
    }
    return longest;
  }

  // The edge between corners c and c+1 if it is one of edges_.
  Edge* Find(const MeshTriangle& triangle, int c) {
    const auto found = by_ends_.find(
        EdgeKey(triangle.position[c], triangle.position[(c + 1) % 3]));
    return found == by_ends_.end() ? nullptr : &edges_[found->second];
  }

  // edges_: those with an image longer than `length`, in the order of faces.
  void Collect(double length) {
    edges_.clear();
    by_ends_.clear();
    for (const MeshTriangle& triangle : mesh_.triangles) {
      for (int c = 0; c < 3; ++c) {
        const double here = Length(triangle, c);
        if (here <= length) continue;
        const auto [at, added] = by_ends_.try_emplace(
            EdgeKey(triangle.position[c], triangle.position[(c + 1) % 3]),
            edges_.size());
        if (added) edges_.emplace_back();
        Edge& edge = edges_[at->second];
        edge.length = std::max(edge.length, here);
      }
    }
    for (const MeshTriangle& triangle : mesh_.triangles) {
      for (int c = 0; c < 3; ++c) {
        if (Edge* edge = Find(triangle, c)) ++edge->faces;
      }
    }
  }

  // Every cut edge adds a triangle to each of its faces. False when some must
  // stay whole; the longest are cut.
  bool KeepWithinLimit() {
    const int64_t room =
        options_.max_triangles - static_cast<int64_t>(mesh_.triangles.size());
    int64_t added = 0;
    for (const Edge& edge : edges_) added += edge.faces;
    if (added <= room) return true;
    std::vector<size_t> order(edges_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return edges_[a].length > edges_[b].length;
    });
    added = 0;
    for (size_t i : order) {
      edges_[i].cut = added + edges_[i].faces <= room;
      if (edges_[i].cut) added += edges_[i].faces;
    }
    return false;
  }

  void Cut() {
    for (const MeshTriangle& triangle : mesh_.triangles) {
      for (int c = 0; c < 3; ++c) {
        Edge* edge = Find(triangle, c);
        if (!edge || !edge->cut || edge->middle != 0) continue;
        edge->middle = static_cast<uint32_t>(mesh_.positions.size());
        const Vec3 a = mesh_.positions[triangle.position[c]];
        const Vec3 b = mesh_.positions[triangle.position[(c + 1) % 3]];
        mesh_.positions.push_back(
            {static_cast<float>((double{a.x} + b.x) / 2),
             static_cast<float>((double{a.y} + b.y) / 2),
             static_cast<float>((double{a.z} + b.z) / 2)});
      }
    }
    std::vector<MeshTriangle> old = std::exchange(mesh_.triangles, {});
    mesh_.triangles.reserve(old.size() * 2);
    for (const MeshTriangle& triangle : old) CutFace(triangle);
  }

  struct Corner {
    uint32_t position = 0, uv = 0;
  };

  Corner Middle(const MeshTriangle& triangle, int c, uint32_t position) {
    const Vec2 a = mesh_.uvs[triangle.uv[c]];
    const Vec2 b = mesh_.uvs[triangle.uv[(c + 1) % 3]];
    mesh_.uvs.push_back({static_cast<float>((double{a.x} + b.x) / 2),
                         static_cast<float>((double{a.y} + b.y) / 2)});
    return {position, static_cast<uint32_t>(mesh_.uvs.size() - 1)};
  }

  void Add(Corner a, Corner b, Corner c, int32_t material) {
    mesh_.triangles.push_back(
        {{a.position, b.position, c.position}, {a.uv, b.uv, c.uv}, material});
  }

  double Distance(const Corner& a, const Corner& b) const {
    return std::hypot(
        (double{mesh_.uvs[a.uv].x} - mesh_.uvs[b.uv].x) * options_.width,
        (double{mesh_.uvs[a.uv].y} - mesh_.uvs[b.uv].y) * options_.height);
  }

  // One triangle into 1 to 4, by how many of its edges are cut.
  void CutFace(const MeshTriangle& triangle) {
    std::array<const Edge*, 3> edges;
    int cuts = 0, first = -1, whole = -1;
    for (int c = 0; c < 3; ++c) {
      edges[c] = Find(triangle, c);
      if (edges[c] && edges[c]->cut) {
        ++cuts;
        if (first < 0) first = c;
      } else {
        edges[c] = nullptr;
        whole = c;
      }
    }
    if (cuts == 0) {
      mesh_.triangles.push_back(triangle);
      return;
    }
    // Turned so that the edge 0-1 is cut, and 2-0 is the whole one of two cut.
    const int turn = cuts == 2 ? (whole + 1) % 3 : first;
    std::array<Corner, 3> at, middle;
    for (int i = 0; i < 3; ++i) {
      const int c = (turn + i) % 3;
      at[i] = {triangle.position[c], triangle.uv[c]};
      if (edges[c]) middle[i] = Middle(triangle, c, edges[c]->middle);
    }
    const int32_t material = triangle.material;
    if (cuts == 1) {
      Add(at[0], middle[0], at[2], material);
      Add(middle[0], at[1], at[2], material);
    } else if (cuts == 2) {
      Add(middle[0], at[1], middle[1], material);
      // The quad 0, middle 0, middle 1, 2 along its shorter diagonal.
      if (Distance(at[0], middle[1]) <= Distance(middle[0], at[2])) {
        Add(at[0], middle[0], middle[1], material);
        Add(at[0], middle[1], at[2], material);
      } else {
        Add(at[0], middle[0], at[2], material);
        Add(middle[0], middle[1], at[2], material);
      }
    } else {
      Add(at[0], middle[0], middle[2], material);
      Add(middle[0], at[1], middle[1], material);
      Add(middle[2], middle[1], at[2], material);
      Add(middle[0], middle[1], middle[2], material);
    }
  }

  const DivideOptions options_;
  Mesh mesh_;
  std::vector<Edge> edges_;
  absl::flat_hash_map<uint64_t, size_t> by_ends_;
};

}  // namespace

Mesh Divide(const Mesh& mesh, const DivideOptions& options) {
  return Divider(mesh, options).Run();
}

}  // namespace phosphene
