// Vertices of positions and UVs, normals, and what writers ask of a mesh.
#include "server/meshes/write/corners.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// The different UVs of each position, as chains through one array.
class UvsOfPositions {
 public:
  explicit UvsOfPositions(size_t positions) : first_(positions, kNone) {}

  // The entry of this pair, made when it is new.
  uint32_t Find(uint32_t position, Vec2 uv) {
    uint32_t* link = &first_[position];
    while (*link != kNone) {
      Entry& entry = entries_[*link];
      if (entry.uv.x == uv.x && entry.uv.y == uv.y) return *link;
      link = &entry.next;
    }
    const auto made = static_cast<uint32_t>(entries_.size());
    *link = made;
    entries_.push_back({uv, kNone});
    return made;
  }

  // The vertices in their final order, and where each entry went.
  std::vector<CornerMesh::Vertex> Ordered(std::vector<uint32_t>* place) const {
    std::vector<CornerMesh::Vertex> vertices;
    vertices.reserve(entries_.size());
    place->resize(entries_.size());
    for (uint32_t p = 0; p < first_.size(); ++p) {
      for (uint32_t e = first_[p]; e != kNone; e = entries_[e].next) {
        (*place)[e] = static_cast<uint32_t>(vertices.size());
        vertices.push_back({p, entries_[e].uv});
      }
    }
    return vertices;
  }

 private:
  struct Entry {
    Vec2 uv;
    uint32_t next;
  };
  std::vector<uint32_t> first_;
  std::vector<Entry> entries_;
};

struct Sum3 {
  double x = 0, y = 0, z = 0;
};

}  // namespace

CornerMesh SplitCorners(const Mesh& mesh) {
  UvsOfPositions uvs(mesh.positions.size());
  CornerMesh made;
  made.triangles.reserve(mesh.triangles.size());
  for (const MeshTriangle& triangle : mesh.triangles) {
    auto& corners = made.triangles.emplace_back();
    for (int c = 0; c < 3; ++c) {
      corners[c] = uvs.Find(triangle.position[c], mesh.uvs[triangle.uv[c]]);
    }
  }
  std::vector<uint32_t> place;
  made.vertices = uvs.Ordered(&place);
  for (auto& corners : made.triangles) {
    for (uint32_t& corner : corners) corner = place[corner];
  }
  return made;
}

std::vector<Vec3> SmoothNormals(const Mesh& mesh) {
  std::vector<Sum3> sums(mesh.positions.size());
  for (const MeshTriangle& triangle : mesh.triangles) {
    const Vec3& a = mesh.positions[triangle.position[0]];
    const Vec3& b = mesh.positions[triangle.position[1]];
    const Vec3& c = mesh.positions[triangle.position[2]];
    const double ux = double{b.x} - a.x, vx = double{c.x} - a.x;
    const double uy = double{b.y} - a.y, vy = double{c.y} - a.y;
    const double uz = double{b.z} - a.z, vz = double{c.z} - a.z;
    for (uint32_t p : triangle.position) {
      // The cross product is twice the area long.
      sums[p].x += uy * vz - uz * vy;
      sums[p].y += uz * vx - ux * vz;
      sums[p].z += ux * vy - uy * vx;
    }
  }
  std::vector<Vec3> normals;
  normals.reserve(sums.size());
  for (const Sum3& sum : sums) {
    const double length = std::hypot(sum.x, sum.y, sum.z);
    if (!(length > 0) || !std::isfinite(length)) {
      normals.push_back({0, 1, 0});
      continue;
    }
    normals.push_back({static_cast<float>(sum.x / length),
                       static_cast<float>(sum.y / length),
                       static_cast<float>(sum.z / length)});
  }
  return normals;
}

absl::Status CheckTextured(const Mesh& mesh, const Image8& atlas) {
  if (mesh.triangles.empty()) {
    return absl::InvalidArgumentError("mesh: it has no triangles");
  }
  if (!mesh.has_uvs()) {
    return absl::InvalidArgumentError(
        "mesh: it has no UVs, so no texture can be written with it");
  }
  if (atlas.channels != 3 || atlas.width < 1 || atlas.height < 1 ||
      atlas.pixels.size() !=
          size_t{3} * static_cast<size_t>(atlas.width) * atlas.height) {
    return absl::InvalidArgumentError(
        absl::StrCat("atlas: ", atlas.width, " x ", atlas.height, " pixels of ",
                     atlas.channels, " channels in ", atlas.pixels.size(),
                     " bytes; an RGB picture is wanted"));
  }
  return absl::OkStatus();
}

}  // namespace phosphene
