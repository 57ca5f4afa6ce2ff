// From a mesh in a file's coordinates to one of radius 1 with normals.

#include "server/engine/raster/raster_mesh.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// Corners of more faces than this take their own face's normal: the mean is
// quadratic in the number of faces about a point.
constexpr size_t kMaxFacesAbout = 64;

Vec3 Minus(const Vec3& a, const Vec3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
float Dot(const Vec3& a, const Vec3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Vec3 Cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
// (0,0,1) for what has no direction.
Vec3 Unit(const Vec3& a) {
  const float length = std::sqrt(Dot(a, a));
  if (!(length > 0)) return {0, 0, 1};
  return {a.x / length, a.y / length, a.z / length};
}

absl::Status CheckMesh(const Mesh& mesh) {
  if (mesh.triangles.empty() || mesh.positions.empty())
    return absl::InvalidArgumentError("the mesh has no triangles");
  if (static_cast<int64_t>(mesh.triangles.size()) > kMaxRasterTriangles) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mesh has ", mesh.triangles.size(),
                     " triangles; at most ", kMaxRasterTriangles));
  }
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    const Vec3& p = mesh.positions[i];
    if (!std::isfinite(p.x) || !std::isfinite(p.y) || !std::isfinite(p.z)) {
      return absl::InvalidArgumentError(
          absl::StrCat("position ", i, " of the mesh is not finite"));
    }
  }
  for (size_t i = 0; i < mesh.uvs.size(); ++i) {
    if (!std::isfinite(mesh.uvs[i].x) || !std::isfinite(mesh.uvs[i].y)) {
      return absl::InvalidArgumentError(
          absl::StrCat("UV ", i, " of the mesh is not finite"));
    }
  }
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    for (int k = 0; k < 3; ++k) {
      if (mesh.triangles[t].position[k] >= mesh.positions.size() ||
          (mesh.has_uvs() && mesh.triangles[t].uv[k] >= mesh.uvs.size())) {
        return absl::InvalidArgumentError(
            absl::StrCat("triangle ", t, " of the mesh has a corner ",
                         mesh.triangles[t].position[k], "/",
                         mesh.triangles[t].uv[k], " that is not there"));
      }
    }
  }
  return absl::OkStatus();
}

// Corners about each position: those of position p are
// at[begin[p]] .. at[begin[p + 1] - 1], as 3 * triangle + corner.
struct Corners {
  std::vector<int32_t> begin;
  std::vector<int32_t> at;
};

Corners CornersOf(const RasterMesh& mesh) {
  Corners out;
  out.begin.assign(mesh.positions.size() + 2, 0);
  for (const RasterMesh::Triangle& t : mesh.triangles) {
    for (const int32_t p : t.position) ++out.begin[p + 2];
  }
  for (size_t i = 2; i < out.begin.size(); ++i)
    out.begin[i] += out.begin[i - 1];
  out.at.resize(3 * mesh.triangles.size());
  for (size_t t = 0; t < mesh.triangles.size(); ++t) {
    for (int k = 0; k < 3; ++k) {
      out.at[out.begin[mesh.triangles[t].position[k] + 1]++] =
          static_cast<int32_t>(3 * t + k);
    }
  }
  return out;
}

void MakeNormals(RasterMesh* mesh) {
  std::vector<Vec3> face(mesh->triangles.size());  // twice the area long
  for (size_t t = 0; t < face.size(); ++t) {
    const auto& p = mesh->triangles[t].position;
    const Vec3& a = mesh->positions[p[0]];
    face[t] =
        Cross(Minus(mesh->positions[p[1]], a), Minus(mesh->positions[p[2]], a));
  }
  const float crease =
      static_cast<float>(std::cos(kCreaseDegrees * M_PI / 180));
  const Corners corners = CornersOf(*mesh);
  mesh->normals.resize(3 * face.size());
  for (size_t i = 0; i < mesh->normals.size(); ++i) {
    const Vec3 own = Unit(face[i / 3]);
    const int32_t p = mesh->triangles[i / 3].position[i % 3];
    const size_t begin = corners.begin[p], end = corners.begin[p + 1];
    Vec3 sum = {0, 0, 0};
    for (size_t j = begin; j < end && end - begin <= kMaxFacesAbout; ++j) {
      const Vec3& other = face[corners.at[j] / 3];
      if (Dot(Unit(other), own) < crease) continue;
      sum = {sum.x + other.x, sum.y + other.y, sum.z + other.z};
    }
    mesh->normals[i] = Dot(sum, sum) > 0 ? Unit(sum) : own;
  }
}

}  // namespace

absl::StatusOr<RasterMesh> MakeRasterMesh(const Mesh& mesh) {
  RETURN_IF_ERROR(CheckMesh(mesh));
  RasterMesh out;
  out.sphere = FitUnitSphere(mesh);
  out.positions = ToUnitSphere(mesh, out.sphere);
  float most = 0;
  for (const Vec3& p : out.positions) most = std::max(most, Dot(p, p));
  if (!(most > 0.5f)) {
    return absl::InvalidArgumentError(
        "all positions of the mesh are the same point");
  }
  out.uvs = mesh.uvs;
  if (out.uvs.empty()) out.uvs.push_back({0, 0});
  out.triangles.reserve(mesh.triangles.size());
  for (const MeshTriangle& t : mesh.triangles) {
    RasterMesh::Triangle to;
    for (int k = 0; k < 3; ++k) {
      to.position[k] = static_cast<int32_t>(t.position[k]);
      to.uv[k] = mesh.has_uvs() ? static_cast<int32_t>(t.uv[k]) : 0;
    }
    out.triangles.push_back(to);
  }
  MakeNormals(&out);
  return out;
}

}  // namespace phosphene
