#include "server/meshes/write/three_mf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <limits>
#include <map>

#include "absl/strings/str_split.h"
#include "server/imaging/decode.h"
#include "server/meshes/write/zip.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
T At(const std::string& bytes, size_t offset) {
  T value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string Inflate(const std::string& packed, size_t size) {
  std::string plain(size, '\0');
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, -15), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, size);
  inflateEnd(&stream);
  return plain;
}

// Reads an archive from its end, by the list there, as unzip does.
std::vector<std::pair<std::string, std::string>> Unzip(
    const std::string& archive) {
  std::vector<std::pair<std::string, std::string>> files;
  const size_t end = archive.size() - 22;
  EXPECT_EQ(At<uint32_t>(archive, end), 0x06054b50u);
  size_t at = At<uint32_t>(archive, end + 16);
  EXPECT_EQ(at + At<uint32_t>(archive, end + 12), end);
  for (int i = 0; i < At<uint16_t>(archive, end + 10); ++i) {
    EXPECT_EQ(At<uint32_t>(archive, at), 0x02014b50u);
    const auto method = At<uint16_t>(archive, at + 10);
    const auto crc = At<uint32_t>(archive, at + 16);
    const size_t packed = At<uint32_t>(archive, at + 20);
    const size_t plain = At<uint32_t>(archive, at + 24);
    const size_t name = At<uint16_t>(archive, at + 28);
    const size_t local = At<uint32_t>(archive, at + 42);
    EXPECT_EQ(At<uint32_t>(archive, local), 0x04034b50u);
    EXPECT_EQ(archive.substr(local + 30, name), archive.substr(at + 46, name));
    // Both headers tell the same from the version to the length of the name.
    EXPECT_EQ(archive.substr(local + 4, 24), archive.substr(at + 6, 24));
    const std::string data = archive.substr(local + 30 + name, packed);
    EXPECT_TRUE(method == 0 || method == 8);
    const std::string bytes = method == 8 ? Inflate(data, plain) : data;
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()),
                    static_cast<uInt>(bytes.size())),
              crc);
    files.emplace_back(archive.substr(at + 46, name), bytes);
    at += 46 + name;
  }
  EXPECT_EQ(at, end);
  return files;
}

TEST(Zip, FilesComeBack) {
  const std::string zeros(100'000, '\0'), text = "abc";
  const auto archive = Zip({{"a/zeros", zeros},
                            {"text", text},
                            {"stored", text, false},
                            {"nothing", ""},
                            {"stored nothing", "", false}});
  ASSERT_THAT(archive, IsOk());
  EXPECT_LT(archive->size(), 1500u);
  EXPECT_THAT(Unzip(*archive),
              ElementsAre(std::pair("a/zeros", zeros), std::pair("text", text),
                          std::pair("stored", text), std::pair("nothing", ""),
                          std::pair("stored nothing", "")));
}

TEST(Zip, RefusesMoreFilesThanItsListCounts) {
  const std::vector<ZipEntry> many(65535, ZipEntry{"x", ""});
  EXPECT_THAT(Zip(many), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("65535 files")));
}

std::map<std::string, std::string> Package(const Mesh& mesh,
                                           const Image8& atlas,
                                           const ThreeMfOptions& options = {}) {
  const auto file = EncodeThreeMf(mesh, atlas, options);
  EXPECT_THAT(file, IsOk());
  std::map<std::string, std::string> files;
  for (auto& [name, bytes] : Unzip(*file)) files[name] = bytes;
  return files;
}

// The numbers of every element that begins so, attribute by attribute.
std::vector<std::vector<double>> Numbers(const std::string& xml,
                                         const std::string& element) {
  std::vector<std::vector<double>> found;
  for (size_t at = xml.find(element); at != std::string::npos;
       at = xml.find(element, at + 1)) {
    auto& numbers = found.emplace_back();
    const std::string text = xml.substr(at, xml.find("/>", at) - at);
    const std::vector<std::string> parts = absl::StrSplit(text, '"');
    for (size_t i = 1; i < parts.size(); i += 2) {
      numbers.push_back(std::stod(parts[i]));
    }
  }
  return found;
}

TEST(EncodeThreeMf, ThePackageHoldsItsParts) {
  const Image8 atlas = Gradient(9, 7, 3);
  auto files = Package(Cube(), atlas);
  EXPECT_EQ(files.size(), 5u);
  EXPECT_THAT(files["[Content_Types].xml"], HasSubstr("\"model\""));
  EXPECT_THAT(files["_rels/.rels"], HasSubstr("\"/3D/3dmodel.model\""));
  EXPECT_THAT(files["3D/_rels/3dmodel.model.rels"],
              HasSubstr("\"/3D/Textures/atlas.png\""));
  EXPECT_THAT(files["3D/3dmodel.model"],
              HasSubstr("path=\"/3D/Textures/atlas.png\" "
                        "contenttype=\"image/png\" tilestyleu=\"wrap\" "
                        "tilestylev=\"wrap\""));
  const auto png = DecodeImage(files["3D/Textures/atlas.png"]);
  ASSERT_THAT(png, IsOk());
  EXPECT_EQ(MaxDifference(*png, atlas), 0);
}

TEST(EncodeThreeMf, StandsOnThePlateInMillimetres) {
  Mesh mesh = Torus(9, 6);
  for (Vec3& p : mesh.positions) p = {p.x + 40, p.y * 3 - 7, p.z};
  ThreeMfOptions options;
  options.size = 55;
  const std::string model =
      Package(mesh, Gradient(4, 4, 3), options)["3D/3dmodel.model"];
  EXPECT_THAT(model, HasSubstr("unit=\"millimeter\""));
  const auto at = Numbers(model, "<vertex ");
  ASSERT_EQ(at.size(), mesh.positions.size());
  double longest = 0, scale = 0;
  for (size_t axis = 0; axis < 3; ++axis) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto& p : at) {
      low = std::min(low, p[axis]);
      high = std::max(high, p[axis]);
    }
    EXPECT_EQ(low, 0);
    longest = std::max(longest, high);
  }
  EXPECT_NEAR(longest, 55, 1e-4);
  // One scale for all axes; z is the mesh's y, and nothing is mirrored.
  scale = (at[1][2] - at[0][2]) / (mesh.positions[1].y - mesh.positions[0].y);
  EXPECT_GT(scale, 0);
  for (size_t p = 1; p < at.size(); ++p) {
    const Vec3 &a = mesh.positions[0], &b = mesh.positions[p];
    EXPECT_NEAR(at[p][0] - at[0][0], scale * (b.x - a.x), 1e-3);
    EXPECT_NEAR(at[p][1] - at[0][1], -scale * (b.z - a.z), 1e-3);
    EXPECT_NEAR(at[p][2] - at[0][2], scale * (b.y - a.y), 1e-3);
  }
}

TEST(EncodeThreeMf, TrianglesNameTheirCornersAndTheirUvs) {
  const Mesh mesh = Torus(5, 4);
  const std::string model =
      Package(mesh, Gradient(4, 4, 3))["3D/3dmodel.model"];
  const auto uvs = Numbers(model, "<m:tex2coord ");
  ASSERT_EQ(uvs.size(), mesh.uvs.size());
  for (size_t t = 0; t < uvs.size(); ++t) {
    EXPECT_EQ(static_cast<float>(uvs[t][0]), mesh.uvs[t].x);
    EXPECT_EQ(static_cast<float>(uvs[t][1]), mesh.uvs[t].y) << "v runs up";
  }
  const auto triangles = Numbers(model, "<triangle ");
  ASSERT_EQ(triangles.size(), mesh.triangles.size());
  for (size_t t = 0; t < triangles.size(); ++t) {
    const auto& p = mesh.triangles[t].position;
    const auto& uv = mesh.triangles[t].uv;
    EXPECT_THAT(triangles[t],
                ElementsAre(p[0], p[1], p[2], 2, uv[0], uv[1], uv[2]));
  }
}

TEST(EncodeThreeMf, RefusesSizesNoPrinterHas) {
  for (const double size :
       {0.0, .5, -3.0, 10001.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(
        EncodeThreeMf(Cube(), Gradient(4, 4, 3), {size}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("size")));
  }
}

TEST(EncodeThreeMf, SameInputSameBytes) {
  const auto a = EncodeThreeMf(Torus(8, 5), Gradient(20, 10, 3));
  const auto b = EncodeThreeMf(Torus(8, 5), Gradient(20, 10, 3));
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_EQ(*a, *b);
}

}  // namespace
}  // namespace phosphene
