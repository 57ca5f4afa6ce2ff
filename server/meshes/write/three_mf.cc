// 3MF: an XML model and a texture in a ZIP package.
#include "server/meshes/write/three_mf.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/encode.h"
#include "server/meshes/write/corners.h"
#include "server/meshes/write/text_out.h"
#include "server/meshes/write/zip.h"

namespace phosphene {
namespace {

constexpr double kMinSize = 1, kMaxSize = 10000;

constexpr absl::string_view kContentTypes =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
<Default Extension="png" ContentType="image/png"/>
</Types>
)";

constexpr absl::string_view kPackageRelations =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="model" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
)";

constexpr absl::string_view kModelRelations =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/Textures/atlas.png" Id="atlas" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dtexture"/>
</Relationships>
)";

constexpr absl::string_view kModelHead =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02">
<metadata name="Application">Phosphene</metadata>
<resources>
<m:texture2d id="1" path="/3D/Textures/atlas.png" contenttype="image/png" tilestyleu="wrap" tilestylev="wrap" filter="linear"/>
<m:texture2dgroup id="2" texid="1">
)";

constexpr absl::string_view kModelTail = R"(</triangles>
</mesh>
</object>
</resources>
<build>
<item objectid="3"/>
</build>
</model>
)";

// Positions as they stand on the printer's plate.
std::vector<Vec3> OnPlate(const Mesh& mesh, double size) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double low[3] = {kFar, kFar, kFar}, high[3] = {-kFar, -kFar, -kFar};
  const auto turned = [](const Vec3& p, double* to) {
    to[0] = p.x;
    to[1] = -double{p.z};
    to[2] = p.y;
  };
  double at[3];
  for (const Vec3& p : mesh.positions) {
    turned(p, at);
    for (int i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  }
  const double longest =
      std::max({high[0] - low[0], high[1] - low[1], high[2] - low[2]});
  const double scale = longest > 0 ? size / longest : 1;
  std::vector<Vec3> placed;
  placed.reserve(mesh.positions.size());
  for (const Vec3& p : mesh.positions) {
    turned(p, at);
    placed.push_back({static_cast<float>((at[0] - low[0]) * scale),
                      static_cast<float>((at[1] - low[1]) * scale),
                      static_cast<float>((at[2] - low[2]) * scale)});
  }
  return placed;
}

std::string Model(const Mesh& mesh, double size) {
  TextOut out;
  out.reserve(2000 + 60 * mesh.positions.size() + 50 * mesh.uvs.size() +
              90 * mesh.triangles.size());
  out << kModelHead;
  for (const Vec2& uv : mesh.uvs) {
    out << R"(<m:tex2coord u=")" << uv.x << R"(" v=")" << uv.y << "\"/>\n";
  }
  out << "</m:texture2dgroup>\n"
         R"(<object id="3" type="model" pid="2" pindex="0">)"
         "\n<mesh>\n<vertices>\n";
  for (const Vec3& p : OnPlate(mesh, size)) {
    out << R"(<vertex x=")" << p.x << R"(" y=")" << p.y << R"(" z=")" << p.z
        << "\"/>\n";
  }
  out << "</vertices>\n<triangles>\n";
  for (const MeshTriangle& triangle : mesh.triangles) {
    out << "<triangle";
    for (int c = 0; c < 3; ++c) {
      out << " v" << c + 1 << "=\"" << triangle.position[c] << '"';
    }
    out << R"( pid="2")";
    for (int c = 0; c < 3; ++c) {
      out << " p" << c + 1 << "=\"" << triangle.uv[c] << '"';
    }
    out << "/>\n";
  }
  out << kModelTail;
  return std::move(out).Take();
}

}  // namespace

absl::StatusOr<std::string> EncodeThreeMf(const Mesh& mesh, const Image8& atlas,
                                          const ThreeMfOptions& options) {
  RETURN_IF_ERROR(CheckTextured(mesh, atlas));
  if (!(options.size >= kMinSize && options.size <= kMaxSize)) {
    return absl::InvalidArgumentError(absl::StrCat("size: ", options.size,
                                                   " mm; ", kMinSize, "..",
                                                   kMaxSize, " is allowed"));
  }
  ASSIGN_OR_RETURN(const std::string png, EncodePng(atlas));
  const std::string model = Model(mesh, options.size);
  return Zip({{"[Content_Types].xml", kContentTypes},
              {"_rels/.rels", kPackageRelations},
              {"3D/3dmodel.model", model},
              {"3D/_rels/3dmodel.model.rels", kModelRelations},
              {"3D/Textures/atlas.png", png, false}});
}

}  // namespace phosphene
