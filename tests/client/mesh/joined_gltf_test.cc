#include "client/mesh/joined_gltf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/client/mesh/mesh_folder.h"
#include "tests/meshes/gltf_builder.h"

namespace phosphene::client {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string InBase64(const std::string& bytes) {
  return "data:application/octet-stream;base64," + absl::Base64Escape(bytes);
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1))
    ++count;
  return count;
}

class JoinedGltfTest : public MeshFolder {
 protected:
  JoinedGltfTest() {
    const int mesh = file_.AddQuad();
    file_.root["meshes"][mesh]["primitives"][0]["material"] = 0;
    file_.root["materials"] = {
        {{"name", "hide"},
         {"pbrMetallicRoughness", {{"baseColorTexture", {{"index", 0}}}}},
         {"normalTexture", {{"index", 1}}}}};
    file_.root["textures"] = {{{"source", 0}}, {{"source", 1}}};
    file_.root["images"] = {{{"uri", "hide.png"}}, {{"uri", "bumps.png"}}};
  }

  // The file as text with its buffer in a file of that URI.
  void AddText(const std::string& uri) {
    json root = file_.root;
    root["buffers"] = {{{"byteLength", file_.bin.size()}, {"uri", uri}}};
    Add("m.gltf", root.dump());
  }

  void ExpectSquare(const Mesh& mesh, const std::string& texture) {
    EXPECT_EQ(mesh.positions.size(), 4u);
    EXPECT_EQ(mesh.triangles.size(), 2u);
    ASSERT_EQ(mesh.uvs.size(), 4u);
    EXPECT_EQ(mesh.positions[2].y, 1);
    EXPECT_EQ(Material(mesh, "hide").texture, texture);
  }

  GltfBuilder file_;
};

TEST_F(JoinedGltfTest, BuffersAndPicturesBesideATextArePutIn) {
  Add("m.bin", file_.bin + "more");
  Add("hide.png", Png(1));
  AddText("m.bin");
  const Mesh mesh = Read("m.gltf");
  ExpectSquare(mesh, Png(1));
  EXPECT_THAT(mesh.notes, ElementsAre());
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_EQ(Sent("m.gltf")->substr(0, 4), "glTF");
}

TEST_F(JoinedGltfTest, PicturesBesideAGlbArePutIn) {
  Add("m.glb", file_.Glb());
  Add("hide.png", Png(1));
  ExpectSquare(Read("m.glb"), Png(1));
  EXPECT_THAT(notes_, ElementsAre());
}

TEST_F(JoinedGltfTest, PicturesBesideATextThatHoldsItsBufferArePutIn) {
  Add("m.gltf", file_.Text());
  Add("hide.png", Png(1));
  ExpectSquare(Read("m.gltf"), Png(1));
}

TEST_F(JoinedGltfTest, NamesArePercentEncoded) {
  Add("sub/my mesh.bin", file_.bin);
  Add("100% h\xC3\xA4ut.png", Png(1));
  file_.root["images"][0]["uri"] = "100%25%20h%C3%A4ut.png";
  AddText("sub/my%20mesh.bin");
  ExpectSquare(Read("m.gltf"), Png(1));
  AddText("./sub/my mesh.bin");
  ExpectSquare(Read("m.gltf"), Png(1));
}

TEST_F(JoinedGltfTest, SeveralBuffersBecomeOneAndThoseInsideStay) {
  // Each view in a buffer of its own: one inside, the others in files.
  json root = file_.root;
  json buffers = json::array();
  for (size_t i = 0; i < root["bufferViews"].size(); ++i) {
    json& view = root["bufferViews"][i];
    const std::string bytes =
        file_.bin.substr(view["byteOffset"], view["byteLength"]);
    const std::string name = absl::StrCat("b", i, ".bin");
    Add(name, "12" + bytes + "3");
    buffers.push_back({{"byteLength", bytes.size() + 3}, {"uri", name}});
    if (i == 1) buffers[1] = {{"byteLength", 32}, {"uri", InBase64(bytes)}};
    view["buffer"] = i;
    view["byteOffset"] = i == 1 ? 0 : 2;
  }
  root["buffers"] = buffers;
  Add("m.gltf", root.dump());
  Add("hide.png", Png(1));
  ExpectSquare(Read("m.gltf"), Png(1));
}

TEST_F(JoinedGltfTest, APictureNamedTwiceIsSentOnce) {
  Add("m.glb", file_.Glb());
  Add("hide.png", Png(1));
  const size_t once = Sent("m.glb")->size();
  file_.root["images"][1]["uri"] = "hide.png";
  file_.root["materials"].push_back(
      {{"pbrMetallicRoughness", {{"baseColorTexture", {{"index", 1}}}}}});
  Add("m.glb", file_.Glb());
  EXPECT_LT(Sent("m.glb")->size(), once + Png(1).size() + 200);
  EXPECT_EQ(Count(*Sent("m.glb"), Png(1)), 1);
}

TEST_F(JoinedGltfTest, PicturesOfOtherThanBaseColoursAreNotSent) {
  Add("m.glb", file_.Glb());
  Add("hide.png", Png(1));
  Add("bumps.png", Png(2));
  EXPECT_EQ(Count(*Sent("m.glb"), Png(2)), 0);
  file_.root["materials"][0]["extensions"]
            ["KHR_materials_pbrSpecularGlossiness"]["diffuseTexture"] = {
      {"index", 1}};
  Add("m.glb", file_.Glb());
  ExpectSquare(Read("m.glb"), Png(2));
  EXPECT_EQ(Count(*Sent("m.glb"), Png(1)), 0);
  file_.root["textures"][1]["extensions"]["EXT_texture_webp"]["source"] = 0;
  Add("m.glb", file_.Glb());
  ExpectSquare(Read("m.glb"), Png(1));
}

TEST_F(JoinedGltfTest, APictureThatIsMissingIsToldAndLeftOut) {
  Add("m.glb", file_.Glb());
  const Mesh mesh = Read("m.glb");
  ExpectSquare(mesh, "");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr(
                          "m.glb: the picture \"hide.png\" of material "
                          "\"hide\" is left out: ")));
  EXPECT_THAT(mesh.notes, ElementsAre(HasSubstr("in another file")));
  Put(folder_ / "hide.png", Png(1));
  for (const char* uri : {"../hide.png", "%2e%2e/hide.png", "..%5Chide.png",
                          "file:///hide.png", "", "https://a.example/b.png"}) {
    file_.root["images"][0]["uri"] = uri;
    Add("m.glb", file_.Glb());
    ExpectSquare(Read("m.glb"), "");
    EXPECT_EQ(notes_.size(), 1u) << uri;
  }
}

TEST_F(JoinedGltfTest, ABufferThatIsMissingIsAnError) {
  AddText("m.bin");
  EXPECT_THAT(ErrorOf("m.gltf"),
              AllOf(HasSubstr("NOT_FOUND: m.gltf: buffers[0] is in \"m.bin\""),
                    HasSubstr("No such file")));
  Add("m.bin", file_.bin.substr(1));
  EXPECT_THAT(
      ErrorOf("m.gltf"),
      AllOf(HasSubstr("OUT_OF_RANGE: m.gltf: buffers[0]"),
            HasSubstr(absl::StrCat(file_.bin.size() - 1, " bytes instead of ",
                                   file_.bin.size()))));
}

TEST_F(JoinedGltfTest, BuffersOutsideTheFolderAreRefused) {
  Put(folder_ / "secret", file_.bin);
  std::filesystem::create_symlink(folder_ / "secret", Path("link"));
  for (const std::string& uri :
       {std::string("../secret"), std::string("%2E%2E%2Fsecret"),
        std::string("link"), std::string(folder_ / "secret"), std::string(),
        std::string("sub/../../secret"), std::string("%00")}) {
    AddText(uri);
    EXPECT_THAT(ErrorOf("m.gltf"),
                AllOf(HasSubstr("INVALID_ARGUMENT: m.gltf: buffers[0]"),
                      HasSubstr("only files in its folder are read")))
        << uri;
  }
}

TEST_F(JoinedGltfTest, NoViewReachesBeyondItsBuffer) {
  Add("m.bin", file_.bin);
  Add("hide.png", std::string(Png(1)));
  for (const json& size : {json(1000), json(-1), json(1e300), json("1")}) {
    json& view = file_.root["bufferViews"][2];
    const json before = view["byteLength"];
    view["byteLength"] = size;
    AddText("m.bin");
    EXPECT_THAT(ErrorOf("m.gltf"), HasSubstr("bufferViews[2] is not within"));
    Add("m.glb", file_.Glb());
    EXPECT_THAT(ErrorOf("m.glb"), HasSubstr("bufferViews[2] is not within"));
    view["byteLength"] = before;
  }
  // A buffer that there is not does not become one.
  for (const json& first : {json(1), json::object()}) {
    json root = file_.root;
    root["bufferViews"][0]["buffer"] = first.is_object() ? 2 : 0;
    root["bufferViews"][1]["buffer"] = root["bufferViews"][2]["buffer"] = 1;
    root["buffers"] = {first,
                       {{"byteLength", file_.bin.size()}, {"uri", "m.bin"}}};
    Add("m.gltf", root.dump());
    const auto mesh = ReadMesh(Sent("m.gltf").value_or(""));
    EXPECT_THAT(mesh.status().ToString(), HasSubstr("] is named"));
  }
}

TEST_F(JoinedGltfTest, AFileThatStandsAloneIsSentAsItIs) {
  file_.root.erase("images");
  file_.root.erase("textures");
  file_.root["materials"][0].erase("pbrMetallicRoughness");
  Add("m.glb", file_.Glb());
  ExpectAsItIs("m.glb");
  Add("m.gltf", file_.Text());
  ExpectAsItIs("m.gltf");
  const std::string deep(100'000, '[');
  for (const std::string& text :
       {std::string(), std::string("glTF"), std::string("{\"uri\":"),
        std::string("[\"uri\"]"), std::string("{\"images\":{\"uri\":1}}"),
        "{\"uri\":" + deep, GlbOf("{\"uri\":", ""), GlbOf("", ""),
        std::string(
            "{\"buffers\":[1,{\"uri\":2}],\"images\":[{\"uri\":[]}]}")}) {
    Add("m.gltf", text);
    ExpectAsItIs("m.gltf");
    Add("m.glb", text);
    ExpectAsItIs("m.glb");
  }
  EXPECT_THAT(ErrorOf("none.glb"), HasSubstr("NOT_FOUND"));
}

TEST_F(JoinedGltfTest, AnyBytesAreSentOrRefused) {
  Add("hide.png", Png(1));
  const std::string whole = file_.Glb();
  const char bytes[] = {'\0', '\xff', '"', '9'};
  for (size_t at = 0; at < whole.size(); at += 5) {
    Add("m.glb", whole.substr(0, at));
    (void)Sent("m.glb");
    std::string broken = whole;
    broken[at] = bytes[at % 4];
    Add("m.glb", broken);
    (void)Sent("m.glb");
  }
}

TEST_F(JoinedGltfTest, ValuesOfAnyKindAreSentOrRefused) {
  Add("hide.png", Png(1));
  Add("m.bin", file_.bin);
  AddText("m.bin");
  const json root = json::parse(Contents(Path("m.gltf")));
  const json flat = root.flatten();
  std::set<std::string> places;
  for (const auto& [pointer, value] : flat.items()) {
    // The value itself, and each of those that hold it.
    for (json::json_pointer place(pointer); !place.empty();
         place = place.parent_pointer())
      places.insert(place.to_string());
  }
  const json values[] = {nullptr,          true,           -1, 1e300, "x",
                         json::array({1}), {{"source", 0}}};
  for (const std::string& place : places) {
    for (const json& value : values) {
      json broken = root;
      broken[json::json_pointer(place)] = value;
      Add("m.gltf", broken.dump());
      const auto sent = Sent("m.gltf");
      if (sent.ok()) (void)ReadMesh(*sent);
    }
  }
}

}  // namespace
}  // namespace phosphene::client
