// Meshes as the commands send them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/sha256.h"
#include "tests/client/mesh/mesh_folder.h"
#include "tests/client/run_app.h"
#include "tests/client/scripted_server.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

class SubmittedMeshTest : public MeshFolder {
 protected:
  AppRun Submit() {
    Put(folder_ / "art/spec.textproto",
        "parameterization { texture { mesh: 'file:m.obj' } }");
    return RunCli({"--server", server_.address(), "submit",
                   folder_ / "art/spec.textproto"});
  }
  // The mesh of the job that was made.
  std::string Mesh() {
    const auto& spec = server_.created.at(0).job().spec();
    return server_.blobs[spec.parameterization().texture().mesh()];
  }

  ScriptedServer server_;
};

TEST_F(SubmittedMeshTest, AMeshIsSentWithWhatLiesBesideIt) {
  Add("skin.png", Png(1));
  Add("m.mtl", "newmtl hide\nmap_Kd skin.png\nnewmtl horn\nmap_Kd no.png\n");
  Add("m.obj",
      "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl hide\nf 1 2 3\n"
      "usemtl horn\nf 1 3 2\n");
  const AppRun run = Submit();
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto mesh = ReadMesh(Mesh());
  ASSERT_TRUE(mesh.ok()) << mesh.status();
  EXPECT_EQ(Material(*mesh, "hide").texture, Png(1));
  EXPECT_THAT(run.err, HasSubstr("m.obj: the picture \"no.png\" of material "
                                 "\"horn\" is left out"));
}

TEST_F(SubmittedMeshTest, AMeshThatIsMissingIsToldByField) {
  const AppRun run = Submit();
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("spec.parameterization.texture.mesh: "));
  EXPECT_TRUE(server_.created.empty());
}

}  // namespace
}  // namespace phosphene::client
