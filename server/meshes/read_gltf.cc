// glTF 2.0: every triangle of the scene, where its node puts it.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/gltf_accessor.h"
#include "server/meshes/gltf_file.h"
#include "server/meshes/gltf_material.h"
#include "server/meshes/gltf_scene.h"
#include "server/meshes/mesh_format.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxIndex = int64_t{1} << 31;
enum : int { kTriangles = 4, kStrip = 5, kFan = 6 };  // primitive.mode

// Triangles of a mesh in its own space, corner by corner.
struct Primitive {
  std::vector<Point3> positions;  // 3 for each triangle
  std::vector<Vec2> uvs;          // as many, or none
  int32_t material = -1;
};

class Reader {
 public:
  Reader(const GltfFile& file, const MeshLimits& limits)
      : file_(file),
        limits_(limits),
        data_(file, limits),
        materials_(file, limits, &data_, &out_.materials, &out_.notes) {}

  absl::StatusOr<RawMesh> Read() {
    ASSIGN_OR_RETURN(const std::vector<GltfInstance> instances,
                     GltfInstances(file_.root, &out_.notes));
    for (const GltfInstance& instance : instances) {
      ASSIGN_OR_RETURN(const std::vector<Primitive>* primitives,
                       MeshAt(instance.mesh));
      for (const Primitive& primitive : *primitives)
        RETURN_IF_ERROR(Place(primitive, instance));
    }
    if (skipped_ > 0) {
      out_.notes.push_back(
          absl::StrCat(skipped_, skipped_ == 1 ? " primitive" : " primitives",
                       " of points or lines left out"));
    }
    return std::move(out_);
  }

 private:
  // The triangles of meshes[index], read at the first instance.
  absl::StatusOr<const std::vector<Primitive>*> MeshAt(int64_t index) {
    const auto known = meshes_.find(index);
    if (known != meshes_.end()) return &known->second;
    ASSIGN_OR_RETURN(const Json* mesh,
                     GltfElement(file_.root, "meshes", index));
    std::vector<Primitive> primitives;
    for (int64_t i = 0; i < GltfCount(*mesh, "primitives"); ++i) {
      ASSIGN_OR_RETURN(const Json* json, GltfElement(*mesh, "primitives", i));
      RETURN_IF_ERROR(AddPrimitive(
          *json, absl::StrCat("meshes[", index, "].primitives[", i, "]"),
          &primitives));
    }
    return &(meshes_[index] = std::move(primitives));
  }

  absl::Status AddPrimitive(const Json& json, const std::string& where,
                            std::vector<Primitive>* primitives) {
    ASSIGN_OR_RETURN(const int64_t mode,
                     GltfInt(json, "mode", where, 0, 6, kTriangles));
    if (mode < kTriangles) {
      ++skipped_;
      return absl::OkStatus();
    }
    const Json* attributes = GltfMember(json, "attributes");
    if (attributes == nullptr || GltfMember(*attributes, "POSITION") == nullptr)
      return absl::InvalidArgumentError(
          absl::StrCat(where, " has no POSITION"));
    ASSIGN_OR_RETURN(const GltfAccessor* positions,
                     Attribute(*attributes, "POSITION", 3, where));
    std::vector<uint32_t> corners;
    RETURN_IF_ERROR(Corners(json, mode, positions->count(), where, &corners));
    if (corners.empty()) return absl::OkStatus();
    Primitive primitive;
    RETURN_IF_ERROR(ReadUvs(json, *attributes, corners, where, &primitive));
    primitive.positions.reserve(corners.size());
    for (uint32_t at : corners) {
      primitive.positions.emplace_back(positions->Value(at, 0),
                                       positions->Value(at, 1),
                                       positions->Value(at, 2));
    }
    if (GltfMember(*attributes, "COLOR_0") != nullptr &&
        !std::exchange(noted_colors_, true))
      out_.notes.push_back("colours of vertices were left out");
    primitives->push_back(std::move(primitive));
    return absl::OkStatus();
  }

  absl::StatusOr<const GltfAccessor*> Attribute(const Json& attributes,
                                                const char* name,
                                                int components,
                                                const std::string& where) {
    ASSIGN_OR_RETURN(const int64_t index,
                     GltfInt(attributes, name,
                             absl::StrCat(where, ".attributes"), 0, kMaxIndex));
    ASSIGN_OR_RETURN(const GltfAccessor* accessor, data_.Accessor(index));
    if (accessor->components() != components) {
      return absl::InvalidArgumentError(absl::StrCat(
          where, ".attributes.", name, " has ", accessor->components(),
          " components instead of ", components));
    }
    return accessor;
  }

  // Vertex numbers, 3 for each triangle, lists, strips and fans alike.
  absl::Status Corners(const Json& json, int64_t mode, int64_t vertices,
                       const std::string& where,
                       std::vector<uint32_t>* corners) {
    const GltfAccessor* indices = nullptr;
    if (GltfMember(json, "indices") != nullptr) {
      ASSIGN_OR_RETURN(const int64_t index,
                       GltfInt(json, "indices", where, 0, kMaxIndex));
      ASSIGN_OR_RETURN(indices, data_.Accessor(index));
      if (!indices->is_index()) {
        return absl::InvalidArgumentError(absl::StrCat(
            where, ".indices are not single whole numbers without a sign"));
      }
    }
    const int64_t count = indices == nullptr ? vertices : indices->count();
    const int64_t triangles =
        mode == kTriangles ? count / 3 : std::max<int64_t>(count - 2, 0);
    RETURN_IF_ERROR(CountTriangles(&triangles_read_, triangles, where));
    const auto vertex = [&](int64_t i) {
      return indices == nullptr ? static_cast<uint32_t>(i) : indices->Index(i);
    };
    corners->reserve(3 * triangles);
    for (int64_t t = 0; t < triangles; ++t) {
      std::array<int64_t, 3> at = {3 * t, 3 * t + 1, 3 * t + 2};
      if (mode == kFan) at = {0, t + 1, t + 2};
      if (mode == kStrip) at = {t, t + 1 + t % 2, t + 2 - t % 2};
      std::array<uint32_t, 3> v;
      for (int i = 0; i < 3; ++i) {
        v[i] = vertex(at[i]);
        if (v[i] >= vertices) {
          return absl::InvalidArgumentError(
              absl::StrCat(where, " has index ", v[i], "; there are ", vertices,
                           " vertices"));
        }
      }
      // Strips are stitched together by triangles without area.
      if (mode == kTriangles || (v[0] != v[1] && v[1] != v[2] && v[2] != v[0]))
        corners->insert(corners->end(), v.begin(), v.end());
    }
    return absl::OkStatus();
  }

  absl::Status ReadUvs(const Json& json, const Json& attributes,
                       const std::vector<uint32_t>& corners,
                       const std::string& where, Primitive* primitive) {
    GltfMaterialUse use;
    if (GltfMember(json, "material") != nullptr) {
      ASSIGN_OR_RETURN(const int64_t index,
                       GltfInt(json, "material", where, 0, kMaxIndex));
      ASSIGN_OR_RETURN(use, materials_.Use(index));
    }
    primitive->material = use.material;
    const std::string name = absl::StrCat("TEXCOORD_", use.uv.set);
    if (GltfMember(attributes, name.c_str()) == nullptr)
      return absl::OkStatus();
    ASSIGN_OR_RETURN(const GltfAccessor* uvs,
                     Attribute(attributes, name.c_str(), 2, where));
    const auto& m = use.uv.rows;
    primitive->uvs.reserve(corners.size());
    for (uint32_t at : corners) {
      if (at >= uvs->count()) {
        return absl::InvalidArgumentError(
            absl::StrCat(where, " has index ", at, "; there are ", uvs->count(),
                         " of ", name));
      }
      const double u = uvs->Value(at, 0), v = uvs->Value(at, 1);
      // v runs downwards in glTF.
      primitive->uvs.push_back(
          {static_cast<float>(m[0] * u + m[1] * v + m[2]),
           static_cast<float>(1 - (m[3] * u + m[4] * v + m[5]))});
    }
    return absl::OkStatus();
  }

  absl::Status CountTriangles(int64_t* total, int64_t more,
                              const std::string& where) {
    *total += more;
    if (*total <= limits_.max_triangles) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(where, " takes the mesh beyond the ",
                     limits_.max_triangles, " triangles allowed"));
  }

  absl::Status Place(const Primitive& in, const GltfInstance& instance) {
    const auto triangles = static_cast<int64_t>(in.positions.size()) / 3;
    RETURN_IF_ERROR(CountTriangles(
        &triangles_placed_, triangles,
        absl::StrCat("an instance of meshes[", instance.mesh, "]")));
    const auto first = static_cast<uint32_t>(out_.positions.size());
    for (const Point3& position : in.positions) {
      const Point3 p = instance.transform.Apply(position);
      out_.positions.push_back({static_cast<float>(p.x),
                                static_cast<float>(p.y),
                                static_cast<float>(p.z)});
    }
    const auto first_uv = static_cast<uint32_t>(out_.uvs.size());
    out_.uvs.insert(out_.uvs.end(), in.uvs.begin(), in.uvs.end());
    const bool mirrors = instance.transform.Mirrors();
    for (uint32_t t = 0; t < triangles; ++t) {
      MeshTriangle triangle;
      triangle.material = in.material;
      for (uint32_t i = 0; i < 3; ++i) {
        const uint32_t corner = 3 * t + (mirrors ? 2 - i : i);
        triangle.position[i] = first + corner;
        triangle.uv[i] = in.uvs.empty() ? RawMesh::kNoUv : first_uv + corner;
      }
      out_.triangles.push_back(triangle);
    }
    return absl::OkStatus();
  }

  const GltfFile& file_;
  const MeshLimits& limits_;
  RawMesh out_;
  GltfData data_;
  GltfMaterials materials_;
  absl::flat_hash_map<int64_t, std::vector<Primitive>> meshes_;
  int64_t triangles_read_ = 0, triangles_placed_ = 0, skipped_ = 0;
  bool noted_colors_ = false;
};

absl::StatusOr<RawMesh> ReadGltf(absl::string_view bytes,
                                 const MeshLimits& limits) {
  ASSIGN_OR_RETURN(const GltfFile file, OpenGltf(bytes));
  return Reader(file, limits).Read();
}

}  // namespace

const MeshFormat& GltfFormat() {
  static const MeshFormat kFormat = {"glTF", &LooksLikeGltf, &ReadGltf};
  return kFormat;
}

}  // namespace phosphene
