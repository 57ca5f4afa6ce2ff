// Wavefront OBJ by tinyobjloader, which is handed clean text only and whose
// every index is checked.
#include <tiny_obj_loader.h>

#include <cmath>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/mesh_format.h"
#include "server/meshes/obj_text.h"
#include "server/meshes/read_mtl.h"
#include "server/meshes/triangulate.h"

namespace phosphene {
namespace {

// A stream over text, without a copy of it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string* text) {
    setg(text->data(), text->data(), text->data() + text->size());
  }
};

struct Corner {
  int64_t position = 0;  // from 0
  int64_t uv = -1;       // -1: none
};

struct Polygon {
  size_t first = 0;  // of the corners
  int size = 0;
  int32_t material = -1;
};

// Collects what the loader calls out. Positive indices may point at what comes
// later, so they are checked at the end; negative ones count back from here.
class Collector {
 public:
  static void OnVertex(void* self, float x, float y, float z, float) {
    static_cast<Collector*>(self)->positions.push_back({x, y, z});
  }
  static void OnUv(void* self, float u, float v, float) {
    static_cast<Collector*>(self)->uvs.push_back({u, v});
  }
  static void OnFace(void* self, tinyobj::index_t* corners, int count) {
    static_cast<Collector*>(self)->AddFace(corners, count);
  }
  static void OnMaterial(void* self, const char* name, int) {
    auto* collector = static_cast<Collector*>(self);
    if (!absl::SimpleAtoi(name, &collector->material_))
      collector->material_ = -1;
  }

  absl::Status Check() const {
    for (size_t i = 0; i < positions.size(); ++i) {
      const Vec3& p = positions[i];
      if (!std::isfinite(p.x) || !std::isfinite(p.y) || !std::isfinite(p.z)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "vertex ", i + 1, " has a coordinate that is too large"));
      }
    }
    for (size_t i = 0; i < uvs.size(); ++i) {
      if (!std::isfinite(uvs[i].x) || !std::isfinite(uvs[i].y)) {
        return absl::InvalidArgumentError(
            absl::StrCat("UV ", i + 1, " is too large"));
      }
    }
    for (size_t face = 0; face < polygons.size(); ++face) {
      for (int i = 0; i < polygons[face].size; ++i) {
        const Corner& corner = corners[polygons[face].first + i];
        RETURN_IF_ERROR(
            CheckIndex(face, "vertex", corner.position, positions.size()));
        if (corner.uv != -1)
          RETURN_IF_ERROR(CheckIndex(face, "UV", corner.uv, uvs.size()));
      }
    }
    return absl::OkStatus();
  }

  std::vector<Vec3> positions;
  std::vector<Vec2> uvs;
  std::vector<Corner> corners;
  std::vector<Polygon> polygons;

 private:
  // From 0, or below -1 where a negative index goes beyond the first.
  static int64_t Resolve(int index, size_t so_far) {
    if (index > 0) return int64_t{index} - 1;
    const int64_t back = static_cast<int64_t>(so_far) + index;
    return index == 0 || back < 0 ? -2 : back;
  }

  void AddFace(const tinyobj::index_t* indices, int count) {
    polygons.push_back({corners.size(), count, material_});
    for (int i = 0; i < count; ++i) {
      Corner corner;
      corner.position = Resolve(indices[i].vertex_index, positions.size());
      // 0 stands for none; a 0 in the file is read so, too.
      if (indices[i].texcoord_index != 0)
        corner.uv = Resolve(indices[i].texcoord_index, uvs.size());
      corners.push_back(corner);
    }
  }

  static absl::Status CheckIndex(size_t face, absl::string_view what,
                                 int64_t index, size_t count) {
    if (index >= 0 && index < static_cast<int64_t>(count))
      return absl::OkStatus();
    const std::string named =
        index < 0 ? absl::StrCat("a ", what, " before the first")
                  : absl::StrCat(what, " ", index + 1);
    return absl::InvalidArgumentError(absl::StrCat(
        "face ", face + 1, " names ", named, "; the file has ", count));
  }

  int32_t material_ = -1;
};

absl::Status Load(ObjText* text, Collector* collector) {
  TextBuffer buffer(&text->geometry);
  std::istream stream(&buffer);
  tinyobj::callback_t callbacks;
  callbacks.vertex_cb = &Collector::OnVertex;
  callbacks.texcoord_cb = &Collector::OnUv;
  callbacks.index_cb = &Collector::OnFace;
  callbacks.usemtl_cb = &Collector::OnMaterial;
  std::string error;
  if (!tinyobj::LoadObjWithCallback(stream, callbacks, collector, nullptr,
                                    nullptr, &error))
    return absl::InvalidArgumentError(error);
  return collector->Check();
}

// Cuts polygons; all indices are in range.
void AddTriangles(const Collector& in, RawMesh* out) {
  std::vector<Point3> points;
  for (const Polygon& polygon : in.polygons) {
    const Corner* const corners = &in.corners[polygon.first];
    points.clear();
    for (int i = 0; i < polygon.size; ++i)
      points.emplace_back(in.positions[corners[i].position]);
    for (const std::array<int, 3>& cut : Triangulate(points)) {
      MeshTriangle triangle;
      triangle.material = polygon.material;
      for (int i = 0; i < 3; ++i) {
        const Corner& corner = corners[cut[i]];
        triangle.position[i] = static_cast<uint32_t>(corner.position);
        triangle.uv[i] =
            corner.uv < 0 ? RawMesh::kNoUv : static_cast<uint32_t>(corner.uv);
      }
      out->triangles.push_back(triangle);
    }
  }
}

absl::StatusOr<RawMesh> ReadObj(absl::string_view bytes,
                                const MeshLimits& limits) {
  ASSIGN_OR_RETURN(ObjText text, CleanObj(bytes, limits));
  RawMesh mesh;
  for (std::string& name : text.material_names)
    mesh.materials.push_back({.name = std::move(name)});
  if (!text.materials.empty()) {
    RETURN_IF_ERROR(
        ReadMtl(text.materials, limits, &mesh.materials, &mesh.notes));
  } else if (text.names_library) {
    mesh.notes.emplace_back(
        "the materials are in another file, which was not read");
  }
  Collector collector;
  RETURN_IF_ERROR(Load(&text, &collector));
  text.geometry = std::string();
  AddTriangles(collector, &mesh);
  mesh.positions = std::move(collector.positions);
  mesh.uvs = std::move(collector.uvs);
  return mesh;
}

}  // namespace

const MeshFormat& ObjFormat() {
  static const MeshFormat kFormat = {"OBJ", &LooksLikeObj, &ReadObj};
  return kFormat;
}

}  // namespace phosphene
