// From a file's faces to a mesh: welded, without what has no area.
#include "server/meshes/finish_mesh.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/vector_math.h"
#include "server/meshes/weld.h"

namespace phosphene {
namespace {

constexpr double kWeldTolerance = 1e-6;  // of the extent
constexpr double kLeastHeight = 1e-10;   // of a triangle's longest edge

absl::Status CheckRaw(const RawMesh& raw, const MeshLimits& limits) {
  if (raw.triangles.empty())
    return absl::InvalidArgumentError("the mesh has no faces");
  if (static_cast<int64_t>(raw.triangles.size()) > limits.max_triangles) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mesh has ", raw.triangles.size(),
                     " triangles; allowed are ", limits.max_triangles));
  }
  for (size_t i = 0; i < raw.triangles.size(); ++i) {
    const MeshTriangle& triangle = raw.triangles[i];
    bool inside = triangle.material >= -1 &&
                  triangle.material < static_cast<int>(raw.materials.size());
    for (int corner = 0; corner < 3; ++corner) {
      inside = inside && triangle.position[corner] < raw.positions.size() &&
               (triangle.uv[corner] == RawMesh::kNoUv ||
                triangle.uv[corner] < raw.uvs.size());
    }
    if (!inside) {
      return absl::InvalidArgumentError(
          absl::StrCat("triangle ", i, " has an index out of range"));
    }
  }
  return absl::OkStatus();
}

// The positions that faces use, and where they stood.
struct Used {
  std::vector<Vec3> points;
  std::vector<uint32_t> index;  // of points, for each of raw.positions
};

absl::StatusOr<Used> UsedPositions(const RawMesh& raw) {
  constexpr uint32_t kUnused = ~uint32_t{0};
  Used used;
  used.index.assign(raw.positions.size(), kUnused);
  for (const MeshTriangle& triangle : raw.triangles) {
    for (uint32_t at : triangle.position) {
      if (used.index[at] != kUnused) continue;
      const Vec3& p = raw.positions[at];
      if (!std::isfinite(p.x) || !std::isfinite(p.y) || !std::isfinite(p.z)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "vertex ", at, " has a coordinate that is not finite"));
      }
      used.index[at] = static_cast<uint32_t>(used.points.size());
      used.points.push_back(p);
    }
  }
  return used;
}

double Extent(const std::vector<Vec3>& points) {
  Point3 low(HUGE_VAL, HUGE_VAL, HUGE_VAL);
  Point3 high = low * -1;
  for (const Vec3& p : points) {
    low = {std::min<double>(low.x, p.x), std::min<double>(low.y, p.y),
           std::min<double>(low.z, p.z)};
    high = {std::max<double>(high.x, p.x), std::max<double>(high.y, p.y),
            std::max<double>(high.z, p.z)};
  }
  return std::max({high.x - low.x, high.y - low.y, high.z - low.z});
}

bool HasArea(const Mesh& mesh, const MeshTriangle& triangle) {
  const auto& [i, j, k] = triangle.position;
  if (i == j || j == k || k == i) return false;
  const Point3 a(mesh.positions[i]), b(mesh.positions[j]), c(mesh.positions[k]);
  const double longest =
      std::max({Dot(b - a, b - a), Dot(c - b, c - b), Dot(a - c, a - c)});
  return Length(AreaVector(a, b, c)) > kLeastHeight * longest;
}

std::string Counted(size_t count, absl::string_view one,
                    absl::string_view several) {
  return count == 1 ? absl::StrCat("1 ", one)
                    : absl::StrCat(count, " ", several);
}

// UVs that faces use, equal ones merged; none when a face has none.
absl::Status FinishUvs(const RawMesh& raw, Mesh* mesh) {
  size_t bare = 0;
  for (const MeshTriangle& triangle : mesh->triangles) {
    bare +=
        std::count(triangle.uv.begin(), triangle.uv.end(), RawMesh::kNoUv) > 0;
  }
  if (bare > 0) {
    if (bare < mesh->triangles.size()) {
      mesh->notes.push_back(
          absl::StrCat(Counted(bare, "face has", "faces have"),
                       " no UVs, so the UVs of the others were left out, too"));
    }
    for (MeshTriangle& triangle : mesh->triangles) triangle.uv = {};
    return absl::OkStatus();
  }
  absl::flat_hash_map<std::pair<float, float>, uint32_t> seen;
  for (MeshTriangle& triangle : mesh->triangles) {
    for (uint32_t& at : triangle.uv) {
      const Vec2& uv = raw.uvs[at];
      if (!std::isfinite(uv.x) || !std::isfinite(uv.y)) {
        return absl::InvalidArgumentError(
            absl::StrCat("UV ", at, " is not finite"));
      }
      const auto [known, fresh] =
          seen.try_emplace(std::pair(uv.x + 0.0f, uv.y + 0.0f),
                           static_cast<uint32_t>(mesh->uvs.size()));
      if (fresh) mesh->uvs.push_back(uv);
      at = known->second;
    }
  }
  return absl::OkStatus();
}

// Leaves out what the faces that are left do not use.
void DropUnusedPositions(Mesh* mesh) {
  constexpr uint32_t kUnused = ~uint32_t{0};
  std::vector<uint32_t> index(mesh->positions.size(), kUnused);
  std::vector<Vec3> kept;
  for (MeshTriangle& triangle : mesh->triangles) {
    for (uint32_t& at : triangle.position) {
      if (index[at] == kUnused) {
        index[at] = static_cast<uint32_t>(kept.size());
        kept.push_back(mesh->positions[at]);
      }
      at = index[at];
    }
  }
  mesh->positions = std::move(kept);
}

}  // namespace

absl::StatusOr<Mesh> FinishMesh(RawMesh raw, const MeshLimits& limits) {
  RETURN_IF_ERROR(CheckRaw(raw, limits));
  ASSIGN_OR_RETURN(const Used used, UsedPositions(raw));
  Welded welded =
      WeldPositions(used.points, kWeldTolerance * Extent(used.points));
  Mesh mesh;
  mesh.positions = std::move(welded.positions);
  mesh.materials = std::move(raw.materials);
  mesh.notes = std::move(raw.notes);
  mesh.triangles.reserve(raw.triangles.size());
  for (MeshTriangle triangle : raw.triangles) {
    for (uint32_t& at : triangle.position) at = welded.index[used.index[at]];
    if (HasArea(mesh, triangle)) mesh.triangles.push_back(triangle);
  }
  const size_t flat = raw.triangles.size() - mesh.triangles.size();
  if (mesh.triangles.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("none of ", raw.triangles.size(), " triangles has area"));
  }
  if (flat > 0) {
    mesh.notes.push_back(absl::StrCat(Counted(flat, "triangle", "triangles"),
                                      " without area ",
                                      flat == 1 ? "was" : "were", " left out"));
  }
  RETURN_IF_ERROR(FinishUvs(raw, &mesh));
  if (flat > 0) DropUnusedPositions(&mesh);
  return mesh;
}

}  // namespace phosphene
