// The page that shows a mesh: viewer.html with the data put in.
#include "server/meshes/write/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/meshes/write/atlas_file.h"
#include "server/meshes/write/bytes_out.h"
#include "server/meshes/write/corners.h"
#include "server/meshes/write/text_out.h"

// The file as read-only data between two symbols.
__asm__(
    ".section .rodata\n"
    "phosphene_mesh_viewer:\n"
    ".incbin \"" PHOSPHENE_MESH_VIEWER
    "\"\n"
    "phosphene_mesh_viewer_end:\n"
    ".text\n");

// Hidden: the labels are local to this object file.
#define PHOSPHENE_LOCAL __attribute__((visibility("hidden")))
extern "C" {
PHOSPHENE_LOCAL extern const char phosphene_mesh_viewer[];
PHOSPHENE_LOCAL extern const char phosphene_mesh_viewer_end[];
}
#undef PHOSPHENE_LOCAL

namespace phosphene {
namespace {

// WebGL always restarts primitives at 65,535.
constexpr size_t kFirstWideVertexCount = 65535;

std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"}});
}

template <typename T>
T Quantized(double value) {
  constexpr double kMost = std::numeric_limits<T>::max();
  return static_cast<T>(std::lround(std::clamp(value, -1.0, 1.0) * kMost));
}

// A unit vector on an octahedron, unfolded to a square (Cigolle et al., A
// Survey of Efficient Representations for Independent Unit Vectors, 2014).
std::array<int8_t, 2> Octahedral(const Vec3& n) {
  const double sum =
      std::abs(double{n.x}) + std::abs(double{n.y}) + std::abs(double{n.z});
  double x = n.x / sum, y = n.y / sum;
  if (n.z < 0) {
    const double old = x;
    x = std::copysign(1 - std::abs(y), old);
    y = std::copysign(1 - std::abs(old), y);
  }
  return {Quantized<int8_t>(x), Quantized<int8_t>(y)};
}

// What the page reads as one vertex.
struct PageVertex {
  std::array<int16_t, 3> position;  // in the unit sphere
  std::array<int8_t, 2> normal;
  Vec2 uv;
};
static_assert(sizeof(PageVertex) == 16);

// Middle of the box round the vertices, and the distance of the farthest.
struct Sphere {
  double x = 0, y = 0, z = 0, radius = 0;
};

Sphere Around(const Mesh& mesh, const CornerMesh& corners) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  std::array<double, 3> low = {kFar, kFar, kFar}, high = {-kFar, -kFar, -kFar};
  for (const auto& vertex : corners.vertices) {
    const Vec3& p = mesh.positions[vertex.position];
    const std::array<double, 3> at = {p.x, p.y, p.z};
    for (int i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  }
  Sphere sphere{(low[0] + high[0]) / 2, (low[1] + high[1]) / 2,
                (low[2] + high[2]) / 2};
  for (const auto& vertex : corners.vertices) {
    const Vec3& p = mesh.positions[vertex.position];
    sphere.radius =
        std::max(sphere.radius,
                 std::hypot(p.x - sphere.x, p.y - sphere.y, p.z - sphere.z));
  }
  return sphere;
}

std::string Vertices(const Mesh& mesh, const CornerMesh& corners) {
  const Sphere sphere = Around(mesh, corners);
  const double scale = sphere.radius > 0 ? 1 / sphere.radius : 0;
  const std::vector<Vec3> normals = SmoothNormals(mesh);
  std::string bytes;
  bytes.reserve(sizeof(PageVertex) * corners.vertices.size());
  for (const auto& vertex : corners.vertices) {
    const Vec3& p = mesh.positions[vertex.position];
    PageVertex out;
    out.position = {Quantized<int16_t>((p.x - sphere.x) * scale),
                    Quantized<int16_t>((p.y - sphere.y) * scale),
                    Quantized<int16_t>((p.z - sphere.z) * scale)};
    out.normal = Octahedral(normals[vertex.position]);
    out.uv = vertex.uv;
    AppendBytes(out, &bytes);
  }
  return bytes;
}

std::string Indices(const CornerMesh& corners, bool wide) {
  std::string bytes;
  bytes.reserve(12 * corners.triangles.size());
  for (const auto& triangle : corners.triangles) {
    for (uint32_t index : triangle) {
      if (wide) {
        AppendBytes(index, &bytes);
      } else {
        AppendBytes(static_cast<uint16_t>(index), &bytes);
      }
    }
  }
  return bytes;
}

// [least u, least v, largest u, largest v]
std::string UvBox(const CornerMesh& corners) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  Vec2 low{kFar, kFar}, high{-kFar, -kFar};
  for (const auto& vertex : corners.vertices) {
    low = {std::min(low.x, vertex.uv.x), std::min(low.y, vertex.uv.y)};
    high = {std::max(high.x, vertex.uv.x), std::max(high.y, vertex.uv.y)};
  }
  TextOut out;
  out << '[' << low.x << ',' << low.y << ',' << high.x << ',' << high.y << ']';
  return std::move(out).Take();
}

using Parts = std::vector<std::pair<absl::string_view, std::string>>;

// The template with each {{name}} replaced; what is put in is not looked at
// again, so a title of "{{atlas}}" stays one.
std::string Filled(absl::string_view page, const Parts& parts) {
  size_t total = page.size();
  for (const auto& [name, value] : parts) total += value.size();
  std::string out;
  out.reserve(total + parts[0].second.size() * 3);  // the title stands thrice
  while (true) {
    const size_t open = page.find("{{");
    absl::StrAppend(&out, page.substr(0, open));
    if (open == absl::string_view::npos) return out;
    const size_t close = page.find("}}", open);
    PHOSPHENE_CHECK(close != absl::string_view::npos);
    const absl::string_view name = page.substr(open + 2, close - open - 2);
    const auto part =
        std::find_if(parts.begin(), parts.end(),
                     [&](const auto& p) { return p.first == name; });
    PHOSPHENE_CHECK(part != parts.end());
    out += part->second;
    page.remove_prefix(close + 2);
  }
}

}  // namespace

absl::string_view ViewerTemplate() {
  return absl::string_view(
      phosphene_mesh_viewer,
      static_cast<size_t>(phosphene_mesh_viewer_end - phosphene_mesh_viewer));
}

absl::StatusOr<std::string> EncodeHtml(const Mesh& mesh, const Image8& atlas,
                                       const HtmlOptions& options) {
  RETURN_IF_ERROR(CheckTextured(mesh, atlas));
  ASSIGN_OR_RETURN(const AtlasFile picture,
                   EncodeAtlas(atlas, options.quality));
  const CornerMesh corners = SplitCorners(mesh);
  const bool wide = corners.vertices.size() >= kFirstWideVertexCount;
  return Filled(ViewerTemplate(),
                {{"title", Escaped(options.title)},
                 {"caption", Escaped(options.caption)},
                 {"mime", std::string(picture.mime)},
                 {"atlas", absl::Base64Escape(picture.bytes)},
                 {"vertices", absl::Base64Escape(Vertices(mesh, corners))},
                 {"indices", absl::Base64Escape(Indices(corners, wide))},
                 {"wide", wide ? "true" : "false"},
                 {"uv_box", UvBox(corners)}});
}

}  // namespace phosphene
