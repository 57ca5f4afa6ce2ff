// Wavefront OBJ with its MTL and PNG.
#include "server/meshes/write/obj.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/encode.h"
#include "server/meshes/write/corners.h"
#include "server/meshes/write/text_out.h"

namespace phosphene {
namespace {

constexpr size_t kMaxName = 63;

bool PlainName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '_' || c == '-' || c == '.';
         });
}

std::string Geometry(const Mesh& mesh, absl::string_view name) {
  TextOut out;
  // About what the lines take: three or two floats, six indices.
  out.reserve(200 + 36 * mesh.positions.size() + 26 * mesh.uvs.size() +
              48 * mesh.triangles.size());
  out << "# Phosphene\nmtllib " << name << ".mtl\no " << name << '\n';
  for (const Vec3& p : mesh.positions) {
    out << "v " << p.x << ' ' << p.y << ' ' << p.z << '\n';
  }
  for (const Vec2& uv : mesh.uvs) {
    out << "vt " << uv.x << ' ' << uv.y << '\n';
  }
  // Smooth, as there are no normals in the file.
  out << "usemtl atlas\ns 1\n";
  for (const MeshTriangle& triangle : mesh.triangles) {
    out << 'f';
    for (int c = 0; c < 3; ++c) {
      out << ' ' << triangle.position[c] + 1 << '/' << triangle.uv[c] + 1;
    }
    out << '\n';
  }
  return std::move(out).Take();
}

}  // namespace

absl::StatusOr<ObjFiles> EncodeObj(const Mesh& mesh, const Image8& atlas,
                                   absl::string_view name,
                                   const PngOptions& png) {
  RETURN_IF_ERROR(CheckTextured(mesh, atlas));
  if (!PlainName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("name: \"", name, "\" cannot stand in an OBJ file; 1-",
                     kMaxName, " characters A-Z a-z 0-9 _ - . can"));
  }
  ObjFiles files;
  ASSIGN_OR_RETURN(files.png, EncodePng(atlas, png));
  files.obj = Geometry(mesh, name);
  files.mtl = absl::StrCat(
      "# Phosphene\nnewmtl atlas\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\n"
      "map_Kd ",
      name, ".png\n");
  return files;
}

}  // namespace phosphene
