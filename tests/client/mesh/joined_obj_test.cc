#include "client/mesh/joined_obj.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/client/mesh/mesh_folder.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two triangles of a square, of the materials "hide" and "horn".
std::string Square(const std::string& before) {
  return before +
         "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
         "usemtl hide\nf 1/1 2/2 3/3\nusemtl horn\nf 1/1 3/3 4/4";
}

class JoinedObjTest : public MeshFolder {
 protected:
  // The square with one MTL file of this map_Kd.
  void AddWithMap(const std::string& map) {
    Add("m.mtl", absl::StrCat("newmtl hide\nKd 1 0.5 0\nmap_Kd ", map, "\n"));
    Add("m.obj", Square("mtllib m.mtl\n"));
  }
};

TEST_F(JoinedObjTest, PicturesOfItsMaterialsArePutIn) {
  Add("hide.png", Png(1));
  Add("sub/horn.png", Png(2));
  Add("m.mtl",
      "# made by hand\nnewmtl hide\nKd 1 0.5 0\nKs 1 1 1\nmap_Kd hide.png\n"
      "map_Bump bump.png\nnewmtl horn\r\n\tmap_Kd sub\\horn.png\r\n");
  Add("m.obj", Square("mtllib m.mtl\n"));
  const Mesh mesh = Read("m.obj");
  EXPECT_EQ(mesh.triangles.size(), 2u);
  EXPECT_EQ(Material(mesh, "hide").texture, Png(1));
  EXPECT_EQ(Material(mesh, "hide").base_color[1], .5f);
  EXPECT_EQ(Material(mesh, "horn").texture, Png(2));
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_THAT(mesh.notes, ElementsAre());
  // Other maps are neither looked for nor sent.
  EXPECT_THAT(*Sent("m.obj"), Not(HasSubstr("ump")));
}

TEST_F(JoinedObjTest, MaterialsNotUsedAreNotSent) {
  AddWithMap("hide.png\nnewmtl hidden\nmap_Kd none.png");
  Add("hide.png", Png(1));
  EXPECT_EQ(Material(Read("m.obj"), "hide").texture, Png(1));
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_THAT(*Sent("m.obj"), Not(HasSubstr("hidden")));
}

TEST_F(JoinedObjTest, ALineMayNameSeveralLibrariesOrOneWithSpaces) {
  Add("hide.png", Png(1));
  Add("my own.mtl", "newmtl hide\nmap_Kd hide.png\n");
  Add("b.MTL", "newmtl horn\nmap_Kd hide.png\n");
  for (const char* names :
       {"mtllib my own.mtl b.MTL\n", "mtllib my own.mtl\nmtllib b.MTL\n",
        "mtllib b.MTL  my own.mtl \r\n", "mtllib b.MTL \\\n my own.mtl\n"}) {
    Add("m.obj", Square(names));
    const Mesh mesh = Read("m.obj");
    EXPECT_EQ(Material(mesh, "hide").texture, Png(1)) << names;
    EXPECT_EQ(Material(mesh, "horn").texture, Png(1)) << names;
    EXPECT_THAT(notes_, ElementsAre()) << names;
  }
}

TEST_F(JoinedObjTest, OptionsOfAMapAreNoPartOfItsName) {
  EXPECT_EQ(MapFile("skin.png"), "skin.png");
  EXPECT_EQ(MapFile("-s 1 1 1 -o .5 -2e-1 my skin.png"), "my skin.png");
  EXPECT_EQ(MapFile("-clamp on -blendu off -mm 0 1 -s 2 a"), "a");
  EXPECT_EQ(MapFile("-S 1 -Texres 512 -imfchan l -bm 1.0 2.png"), "2.png");
  EXPECT_EQ(MapFile("-skin.png"), "-skin.png");
  EXPECT_EQ(MapFile(""), "");
  EXPECT_EQ(MapFile("-clamp"), "");
  EXPECT_EQ(MapFile("-o 1 1 1"), "");
  Add("my skin.png", Png(3));
  AddWithMap("-s 1 1 1 -o 0 0 -clamp on my skin.png");
  EXPECT_EQ(Material(Read("m.obj"), "hide").texture, Png(3));
}

TEST_F(JoinedObjTest, WhatIsMissingIsToldAndLeftOut) {
  AddWithMap("none.png");
  Mesh mesh = Read("m.obj");
  EXPECT_EQ(Material(mesh, "hide").texture, "");
  EXPECT_EQ(Material(mesh, "hide").base_color[1], .5f);
  EXPECT_THAT(
      notes_,
      ElementsAre(AllOf(HasSubstr("m.obj: the picture \"none.png\" of material "
                                  "\"hide\" is left out: "),
                        HasSubstr("No such file"))));
  // The job's notes tell it, too.
  EXPECT_THAT(mesh.notes, ElementsAre(HasSubstr("1 picture is in other")));
  Add("skin.tga", std::string(18, '\0'));
  AddWithMap("skin.tga");
  Read("m.obj");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("neither PNG, JPEG nor WebP")));
  Add("m.obj", Square("mtllib none.mtl\n"));
  mesh = Read("m.obj");
  EXPECT_EQ(mesh.triangles.size(), 2u);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr(
                          "m.obj: the materials in \"none.mtl\" are left "
                          "out: ")));
}

TEST_F(JoinedObjTest, FilesOutsideTheFolderAreNotRead) {
  Put(folder_ / "secret.png", Png(7));
  Put(folder_ / "secret.mtl", "newmtl hide\nKd 0 0 0\n");
  std::filesystem::create_symlink(folder_ / "secret.png", Path("link.png"));
  for (const std::string& name :
       {std::string("../secret.png"), std::string("..\\secret.png"),
        std::string(folder_ / "secret.png"), std::string("link.png"),
        std::string("sub/../../secret.png")}) {
    AddWithMap(name);
    EXPECT_EQ(Material(Read("m.obj"), "hide").texture, "") << name;
    EXPECT_EQ(notes_.size(), 1u) << name;
  }
  Add("m.obj", Square("mtllib ../secret.mtl\n"));
  EXPECT_EQ(*Sent("m.obj"), Contents(Path("m.obj")));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("only files in its folder")));
}

TEST_F(JoinedObjTest, OfAnAbsoluteNameTheLastPartIsLookedForBesideIt) {
  Add("skin.png", Png(4));
  for (const char* name :
       {"C:\\art\\skin.png", "/art/skin.png", "c:/skin.png"}) {
    AddWithMap(name);
    EXPECT_EQ(Material(Read("m.obj"), "hide").texture, Png(4)) << name;
  }
}

TEST_F(JoinedObjTest, AFileThatStandsAloneIsSentAsItIs) {
  Add("m.mtl", "newmtl other\n");
  for (const std::string& text :
       {Square(""), std::string("no mesh"), std::string(), std::string("\\"),
        Square("mtllib m.mtl\n"), std::string("mtllib m.mtl\nv 1 2 3\n"),
        Square("mtllib m.mtl\n") + "\n# phosphene mtl\nnewmtl hide\n"}) {
    Add("m.obj", text);
    ExpectAsItIs("m.obj");
  }
  Add("m.png", Png(1));
  ExpectAsItIs("m.png");
  EXPECT_THAT(ErrorOf("none.obj"), HasSubstr("NOT_FOUND"));
}

TEST_F(JoinedObjTest, ItsLastLineMayEndAnyhow) {
  Add("m.mtl", "newmtl hide\nKd 1 0.5 0");
  for (const char* end : {"", "\n", "\r", "\r\n", " \\", "\n# end\\"}) {
    Add("m.obj", Square("mtllib m.mtl\n") + end);
    const Mesh mesh = Read("m.obj");
    EXPECT_EQ(mesh.triangles.size(), 2u) << end;
    EXPECT_EQ(Material(mesh, "hide").base_color[1], .5f) << end;
  }
}

TEST_F(JoinedObjTest, AnyBytesAreSentOrRefused) {
  Add("hide.png", Png(1));
  const std::string mtl = "newmtl hide\nmap_Kd -s 1 \\\n 1 hide.png\n";
  for (size_t length = 0; length <= mtl.size(); ++length) {
    Add("m.mtl", mtl.substr(0, length));
    Add("m.obj", Square("mtllib m.mtl\n").substr(0, 4 * length));
    EXPECT_TRUE(Sent("m.obj").ok()) << length;
  }
}

}  // namespace
}  // namespace phosphene::client
