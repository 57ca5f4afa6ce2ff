// Files of an object in space: what they are called, what they hold, and that
// they are those of the parameters alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/engine/outputs/interface.h"
#include "server/imaging/decode.h"
#include "server/meshes/read_mesh.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A cube that stands far from the origin, each side a square of the atlas.
std::string Cube() {
  std::string obj;
  for (int i = 0; i < 8; ++i) {
    absl::StrAppend(&obj, "v ", i & 1 ? 14 : 10, " ", i & 2 ? 22.5 : 20.25, " ",
                    i & 4 ? -30 : -33, "\n");
  }
  constexpr int kSides[6][4] = {{1, 3, 4, 2}, {5, 6, 8, 7}, {1, 2, 6, 5},
                                {3, 7, 8, 4}, {1, 5, 7, 3}, {2, 4, 8, 6}};
  for (int side = 0; side < 6; ++side) {
    const double u = side % 3 / 3., v = side / 3 / 2.;
    for (int i = 0; i < 4; ++i) {
      absl::StrAppend(&obj, "vt ", u + (i == 1 || i == 2 ? .3 : .03), " ",
                      v + (i >= 2 ? .45 : .05), "\n");
    }
    obj += "f";
    for (int i = 0; i < 4; ++i)
      absl::StrAppend(&obj, " ", kSides[side][i], "/", 4 * side + i + 1);
    obj += "\n";
  }
  return obj;
}

// Blobs are called by their digests; the engine of tests does not check them.
const char kCube[] =
    "blobs/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

// Two views of 12 x 8 of a cube after three steps, and the outputs asked for.
v1::JobSpec CubeSpec(const std::string& outputs) {
  return Spec(absl::StrCat(
      "parameterization { width: 12 height: 8 rows: 2 texture { mesh: '", kCube,
      "' atlas_size: 32 pixel { sd: 1 } } } "
      "objectives { l2 { constant: 0.5 } weight: -1 } steps: 3 seed: 5 "
      "frames { every: 1 } ",
      outputs));
}

constexpr char kAll[] =
    "outputs { obj {} } outputs { glb {} } outputs { ply { triangles: 1000 } } "
    "outputs { three_mf {} } outputs { html {} } outputs { atlas {} } "
    "outputs { png {} } outputs { animated_webp { turn_frames: 3 } }";

class MeshOutputs : public testing::Test {
 protected:
  MeshOutputs() { tiny_.blobs[kCube] = Cube(); }

  // By name; all different.
  std::map<std::string, RunArtifact> Files(const std::string& outputs) {
    const auto result = tiny_.Run(CubeSpec(outputs));
    EXPECT_OK(result);
    std::map<std::string, RunArtifact> files;
    if (!result.ok()) return files;
    for (const RunArtifact& file : result->artifacts) {
      EXPECT_EQ(file.info.size_bytes(),
                static_cast<int64_t>(file.bytes.size()));
      EXPECT_TRUE(files.emplace(file.info.name(), file).second)
          << "two are called " << file.info.name();
    }
    return files;
  }

  TinyEngine tiny_;
};

// The positions and UVs of all corners.
std::vector<std::vector<float>> Corners(const Mesh& mesh) {
  std::vector<std::vector<float>> out;
  for (const MeshTriangle& triangle : mesh.triangles) {
    for (int i = 0; i < 3; ++i) {
      const Vec3& p = mesh.positions[triangle.position[i]];
      const Vec2& uv = mesh.uvs[triangle.uv[i]];
      out.push_back({p.x, p.y, p.z, uv.x, uv.y});
    }
  }
  return out;
}

// The mesh is the cube as it was brought; `texture` is its picture.
void ExpectCube(const Mesh& mesh, const Image8& texture) {
  const auto read = Corners(mesh), brought = Corners(*ReadMesh(Cube()));
  ASSERT_EQ(read.size(), brought.size());
  for (size_t i = 0; i < read.size(); ++i) {
    for (size_t k = 0; k < 5; ++k)
      EXPECT_NEAR(read[i][k], brought[i][k], k < 3 ? 0 : 1e-6) << i;
  }
  ASSERT_EQ(mesh.materials.size(), 1u);
  const auto held = DecodeImage(mesh.materials[0].texture);
  ASSERT_OK(held);
  EXPECT_EQ(held->width, texture.width);
  EXPECT_TRUE(held->pixels == texture.pixels);
}

TEST_F(MeshOutputs, EachIsWhatItSays) {
  const auto files = Files(kAll);
  const std::map<std::string, std::string> types = {
      {"mesh.obj", "model/obj"},    {"mesh.mtl", "model/mtl"},
      {"mesh.png", "image/png"},    {"mesh.glb", "model/gltf-binary"},
      {"mesh.ply", "model/ply"},    {"mesh.3mf", "model/3mf"},
      {"atlas.png", "image/png"},   {"image.png", "image/png"},
      {"viewer.html", "text/html"}, {"animation.webp", "image/webp"}};
  ASSERT_EQ(files.size(), types.size());
  for (const auto& [name, type] : types) {
    ASSERT_TRUE(files.count(name)) << name;
    const RunArtifact& file = files.at(name);
    EXPECT_EQ(file.info.media_type(), type) << name;
    const bool picture = absl::StartsWith(type, "image/");
    EXPECT_EQ(file.info.width() > 0, picture) << name;
    if (picture) {
      EXPECT_EQ(MediaType(SniffFormat(file.bytes)), type) << name;
      EXPECT_EQ(ReadImageInfo(file.bytes)->width, file.info.width()) << name;
    }
  }
  EXPECT_THAT(files.at("mesh.ply").bytes, StartsWith("ply\n"));
  EXPECT_THAT(files.at("mesh.3mf").bytes, StartsWith("PK"));
  EXPECT_THAT(files.at("viewer.html").bytes, StartsWith("<!DOCTYPE html>"));
}

TEST_F(MeshOutputs, TheFilesOfAnObjNameEachOther) {
  for (const char* asked :
       {"outputs { obj {} }", "outputs { name: 'my.cube.obj' obj {} }",
        "outputs { name: 'cube' obj {} }",
        "outputs { name: 'cube.obj' obj {} } outputs { name: 'cube.png' png {} "
        "}",
        "outputs { obj {} } outputs { obj {} }",
        "outputs { name: 'image.obj' obj {} } outputs { png {} }",
        "outputs { name: 'a.obj' obj {} } outputs { name: 'a.x' obj {} }",
        "outputs { name: "
        "'a-name-as-long-as-names-can-be-so-that-nothing-goes-behind.obj' obj "
        "{} }"}) {
    const auto files = Files(asked);
    for (const auto& [name, file] : files) {
      if (file.info.media_type() != "model/obj") continue;
      const std::string& obj = file.bytes;
      const size_t at = obj.find("mtllib ") + 7;
      const std::string mtl = obj.substr(at, obj.find('\n', at) - at);
      ASSERT_TRUE(files.count(mtl)) << mtl;
      EXPECT_EQ(files.at(mtl).info.media_type(), "model/mtl");
      const std::string& text = files.at(mtl).bytes;
      const size_t map = text.find("map_Kd ") + 7;
      const std::string png = text.substr(map, text.find('\n', map) - map);
      ASSERT_TRUE(files.count(png)) << png;
      const std::string& bytes = files.at(png).bytes;
      EXPECT_EQ(DecodeImage(bytes)->width, 32) << "the atlas, not a view";
      // What a client makes of the three.
      const auto mesh = ReadMesh(absl::StrCat(
          obj, "\n# phosphene mtl\n", text.substr(0, map),
          "data:image/png;base64,", absl::Base64Escape(bytes), "\n"));
      ASSERT_OK(mesh);
      ExpectCube(*mesh, *DecodeImage(bytes));
    }
  }
}

TEST_F(MeshOutputs, FilesHoldTheMeshWhereItStoodAndTheAtlas) {
  const auto files = Files(kAll);
  const auto atlas = DecodeImage(files.at("atlas.png").bytes);
  ASSERT_OK(atlas);
  EXPECT_EQ(atlas->width, 32);
  EXPECT_EQ(atlas->height, 32);
  EXPECT_TRUE(DecodeImage(files.at("mesh.png").bytes)->pixels == atlas->pixels);
  const auto glb = ReadMesh(files.at("mesh.glb").bytes);
  ASSERT_OK(glb);
  ExpectCube(*glb, *atlas);
}

TEST_F(MeshOutputs, RowsAreViews) {
  const auto files = Files(
      "outputs { name: 'all' png {} } outputs { name: 'first' row: 0 png {} } "
      "outputs { name: 'second' row: 1 png {} } outputs { name: 'wide' row: 0 "
      "width: 36 png {} } outputs { name: 'behind' row: 0 viewpoint { azimuth: "
      "210 } png {} } outputs { name: 'above' row: 0 viewpoint { elevation: 90 "
      "} png {} }");
  EXPECT_EQ(files.at("all").info.width(), 24);
  EXPECT_EQ(files.at("first").info.width(), 12);
  EXPECT_EQ(files.at("wide").info.height(), 24);
  const auto pixels = [&](const char* name) {
    return DecodeImage(files.at(name).bytes)->pixels;
  };
  // The second of two is half a turn further round.
  EXPECT_EQ(pixels("second"), pixels("behind"));
  EXPECT_NE(pixels("first"), pixels("second"));
  EXPECT_NE(pixels("first"), pixels("above"));
}

TEST_F(MeshOutputs, AResumedJobMakesTheSameFiles) {
  const v1::JobSpec spec = CubeSpec(kAll);
  const auto whole = tiny_.Run(spec);
  const auto resumed = tiny_.RunInterrupted(spec, 1);
  ASSERT_OK(whole);
  ASSERT_OK(resumed);
  ASSERT_EQ(whole->artifacts.size(), resumed->artifacts.size());
  for (size_t i = 0; i < whole->artifacts.size(); ++i) {
    EXPECT_TRUE(whole->artifacts[i].bytes == resumed->artifacts[i].bytes)
        << whole->artifacts[i].info.name();
  }
}

TEST_F(MeshOutputs, FilesOfAnObjectNeedOne) {
  for (const OutputKind* kind : OutputKinds()) {
    v1::JobSpec spec = Spec(absl::StrCat(
        "parameterization { width: 12 height: 8 pixel {} } objectives { l2 {} "
        "weight: -1 } steps: 1 outputs { png {} } outputs { ",
        kind->arm, " {} }"));
    const absl::Status status = tiny_.engine().Check(spec);
    if (!kind->needs_surface) {
      EXPECT_OK(status) << kind->arm;
      continue;
    }
    EXPECT_THAT(
        status,
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr(absl::StrCat("spec.outputs[1].", kind->arm, ": "))));
  }
}

}  // namespace
}  // namespace phosphene
