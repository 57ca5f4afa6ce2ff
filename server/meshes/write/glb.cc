// Binary glTF: a JSON chunk that tells where things lie, and a chunk of bytes.
#include "server/meshes/write/glb.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/write/atlas_file.h"
#include "server/meshes/write/bytes_out.h"
#include "server/meshes/write/corners.h"
#include "server/meshes/write/text_out.h"

namespace phosphene {
namespace {

// Numbers of the glTF 2.0 specification.
constexpr int kArrayBuffer = 34962, kElementArrayBuffer = 34963;
constexpr int kUnsignedShort = 5123, kUnsignedInt = 5125, kFloat = 5126;
constexpr size_t kFirstWideVertexCount = 65535;
constexpr uint32_t kMagic = 0x46546C67, kJson = 0x4E4F534A, kBin = 0x004E4942;

void Pad(char filler, std::string* bytes) {
  bytes->append((4 - bytes->size() % 4) % 4, filler);
}

// The chunk of bytes and the list of its views.
class Buffer {
 public:
  // Begins a view; what is appended to bytes() until End belongs to it.
  void Begin() { start_ = bytes_.size(); }
  void End(int target) {
    views_ << (start_ == 0 ? "" : ",")
           << "{\"buffer\":0,\"byteOffset\":" << uint64_t{start_}
           << ",\"byteLength\":" << uint64_t{bytes_.size() - start_};
    if (target != 0) views_ << ",\"target\":" << target;
    views_ << '}';
    Pad('\0', &bytes_);
  }
  std::string& bytes() { return bytes_; }
  std::string TakeViews() { return std::move(views_).Take(); }

 private:
  std::string bytes_;
  TextOut views_;
  size_t start_ = 0;
};

// The least and largest coordinates of the vertices, which POSITION must tell.
std::string Bounds(const Mesh& mesh, const CornerMesh& corners) {
  constexpr float kFar = std::numeric_limits<float>::infinity();
  std::array<float, 3> low = {kFar, kFar, kFar}, high = {-kFar, -kFar, -kFar};
  for (const CornerMesh::Vertex& vertex : corners.vertices) {
    const Vec3& p = mesh.positions[vertex.position];
    const std::array<float, 3> at = {p.x, p.y, p.z};
    for (int i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  }
  // As doubles: readers compare them with the floats without rounding.
  TextOut out;
  for (const auto* bound : {&low, &high}) {
    out << (bound == &low ? ",\"min\":[" : ",\"max\":[") << double{(*bound)[0]}
        << ',' << double{(*bound)[1]} << ',' << double{(*bound)[2]} << ']';
  }
  return std::move(out).Take();
}

void AppendVertices(const Mesh& mesh, const CornerMesh& corners,
                    Buffer* buffer) {
  std::string& bytes = buffer->bytes();
  buffer->Begin();
  for (const auto& vertex : corners.vertices) {
    AppendBytes(mesh.positions[vertex.position], &bytes);
  }
  buffer->End(kArrayBuffer);
  const std::vector<Vec3> normals = SmoothNormals(mesh);
  buffer->Begin();
  for (const auto& vertex : corners.vertices) {
    AppendBytes(normals[vertex.position], &bytes);
  }
  buffer->End(kArrayBuffer);
  buffer->Begin();
  for (const auto& vertex : corners.vertices) {
    AppendBytes(Vec2{vertex.uv.x, 1 - vertex.uv.y}, &bytes);
  }
  buffer->End(kArrayBuffer);
}

void AppendIndices(const CornerMesh& corners, bool wide, Buffer* buffer) {
  std::string& bytes = buffer->bytes();
  buffer->Begin();
  for (const auto& triangle : corners.triangles) {
    for (uint32_t index : triangle) {
      if (wide) {
        AppendBytes(index, &bytes);
      } else {
        AppendBytes(static_cast<uint16_t>(index), &bytes);
      }
    }
  }
  buffer->End(kElementArrayBuffer);
}

std::string Json(const Mesh& mesh, const CornerMesh& corners, bool wide,
                 absl::string_view mime, Buffer* buffer) {
  const auto vertices = static_cast<uint64_t>(corners.vertices.size());
  TextOut out;
  out << R"({"asset":{"version":"2.0","generator":"Phosphene"},)"
      << R"("extensionsUsed":["KHR_materials_unlit"],)"
      << R"("scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],)"
      << R"("meshes":[{"primitives":[{"attributes":)"
      << R"({"POSITION":0,"NORMAL":1,"TEXCOORD_0":2},)"
      << R"("indices":3,"material":0,"mode":4}]}],)"
      << R"("materials":[{"name":"atlas","doubleSided":true,)"
      << R"("pbrMetallicRoughness":{"baseColorTexture":{"index":0},)"
      << R"("metallicFactor":0,"roughnessFactor":1},)"
      << R"("extensions":{"KHR_materials_unlit":{}}}],)"
      << R"("textures":[{"sampler":0,"source":0}],"samplers":[{)"
      << R"("magFilter":9729,"minFilter":9987,"wrapS":10497,"wrapT":10497}],)"
      << R"("images":[{"name":"atlas","bufferView":4,"mimeType":")" << mime
      << R"("}],"accessors":[)";
  for (int i = 0; i < 3; ++i) {
    out << "{\"bufferView\":" << i << ",\"componentType\":" << kFloat
        << ",\"count\":" << vertices << ",\"type\":\""
        << (i == 2 ? "VEC2" : "VEC3") << '"'
        << (i == 0 ? Bounds(mesh, corners) : "") << "},";
  }
  out << "{\"bufferView\":3,\"componentType\":"
      << (wide ? kUnsignedInt : kUnsignedShort)
      << ",\"count\":" << uint64_t{3 * corners.triangles.size()}
      << ",\"type\":\"SCALAR\"}],\"bufferViews\":[" << buffer->TakeViews()
      << "],\"buffers\":[{\"byteLength\":" << uint64_t{buffer->bytes().size()}
      << "}]}";
  return std::move(out).Take();
}

}  // namespace

absl::StatusOr<std::string> EncodeGlb(const Mesh& mesh, const Image8& atlas,
                                      const GlbOptions& options) {
  RETURN_IF_ERROR(CheckTextured(mesh, atlas));
  ASSIGN_OR_RETURN(const AtlasFile picture,
                   EncodeAtlas(atlas, options.quality));
  const CornerMesh corners = SplitCorners(mesh);
  const bool wide = corners.vertices.size() >= kFirstWideVertexCount;
  Buffer buffer;
  buffer.bytes().reserve(32 * corners.vertices.size() +
                         12 * corners.triangles.size() + picture.bytes.size());
  AppendVertices(mesh, corners, &buffer);
  AppendIndices(corners, wide, &buffer);
  buffer.Begin();
  buffer.bytes() += picture.bytes;
  buffer.End(0);
  std::string json = Json(mesh, corners, wide, picture.mime, &buffer);
  Pad(' ', &json);
  const uint64_t length = 12 + 8 + json.size() + 8 + buffer.bytes().size();
  if (length > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("glb: ", length, " bytes, of which the texture takes ",
                     picture.bytes.size(), "; the format ends at 4 GiB"));
  }
  std::string out;
  out.reserve(length);
  const auto chunk = [&out](uint32_t type, const std::string& bytes) {
    AppendBytes(static_cast<uint32_t>(bytes.size()), &out);
    AppendBytes(type, &out);
    out += bytes;
  };
  AppendBytes(kMagic, &out);
  AppendBytes(uint32_t{2}, &out);
  AppendBytes(static_cast<uint32_t>(length), &out);
  chunk(kJson, json);
  chunk(kBin, buffer.bytes());
  return out;
}

}  // namespace phosphene
