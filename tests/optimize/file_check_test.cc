#include "server/engine/optimize/file_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/cube_obj.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

std::string Blob(char digit) { return "blobs/" + std::string(64, digit); }

// What the engine says of a spec before it runs.
class FileCheck : public testing::Test {
 protected:
  FileCheck() {
    tiny_.blobs[Blob('a')] = *EncodePng({2, 2, 3, std::vector<uint8_t>(12)});
    tiny_.blobs[Blob('b')] = "no picture, no mesh, no checkpoint";
    tiny_.blobs[Blob('c')] = CubeObj();
  }
  std::vector<std::string> FaultyFields(const std::string& text) {
    std::vector<std::string> fields;
    for (const Fault& fault : FaultsOf(tiny_.engine().Check(Spec(text))))
      fields.push_back(fault.field);
    return fields;
  }
  TinyEngine tiny_;
};

TEST_F(FileCheck, WhatIsBrokenIsToldWhereItIsNamed) {
  EXPECT_THAT(
      FaultyFields(absl::StrCat(
          "model: 'tiny' parameterization { pixel {} init { image: '",
          Blob('b'), "' } mask { image: '", Blob('a'),
          "' } } objectives { content { layers { layer: 'relu2' } image: '",
          Blob('b'), "' } }")),
      testing::ElementsAre("spec.parameterization.init.image",
                           "spec.objectives[0].content.image"));
  EXPECT_THAT(FaultyFields(absl::StrCat(
                  "parameterization { pixel {} init { checkpoint: '", Blob('b'),
                  "' } }")),
              testing::ElementsAre("spec.parameterization.init.checkpoint"));
  EXPECT_THAT(FaultyFields(absl::StrCat("parameterization { texture { mesh: '",
                                        Blob('b'), "' pixel {} } }")),
              testing::ElementsAre("spec.parameterization.texture.mesh"));
}

TEST_F(FileCheck, AFileOfAnotherKindIsBrokenToo) {
  EXPECT_THAT(FaultyFields(absl::StrCat("parameterization { texture { mesh: '",
                                        Blob('a'), "' texture: '", Blob('c'),
                                        "' pixel {} } }")),
              testing::ElementsAre("spec.parameterization.texture.mesh",
                                   "spec.parameterization.texture.texture"));
}

TEST_F(FileCheck, GoodFilesPassAndMissingOnesAreToldElsewhere) {
  EXPECT_OK(tiny_.engine().Check(
      Spec(absl::StrCat("parameterization { texture { mesh: '", Blob('c'),
                        "' texture: '", Blob('a'), "' pixel {} } }"))));
  EXPECT_OK(tiny_.engine().Check(Spec(absl::StrCat(
      "parameterization { pixel {} init { image: '", Blob('d'), "' } }"))));
}

TEST_F(FileCheck, AFaultOfTheSpecIsToldBesideThoseOfFiles) {
  EXPECT_THAT(FaultyFields(absl::StrCat(
                  "outputs { png {} width: -1 } parameterization { pixel {} "
                  "init { image: '",
                  Blob('b'), "' } }")),
              testing::UnorderedElementsAre("spec.parameterization.init.image",
                                            "spec.outputs[0].width"));
}

}  // namespace
}  // namespace phosphene
