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
  static Image8 Noise() {
    Image8 image{40, 40, 3, {}};
    for (uint32_t i = 0; i < 4800; ++i)
      image.pixels.push_back(static_cast<uint8_t>(i * 2654435761u >> 21));
    return image;
  }
  FileCheck() {
    tiny_.blobs[Blob('a')] = *EncodePng({2, 2, 3, std::vector<uint8_t>(12)});
    tiny_.blobs[Blob('b')] = "no picture, no mesh, no checkpoint";
    tiny_.blobs[Blob('c')] = CubeObj();
    const std::string noisy = *EncodePng(Noise());
    tiny_.blobs[Blob('d')] = noisy.substr(0, noisy.size() * 2 / 3);
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

// A picture whose header is right and whose pixels end too soon, in every field
// that takes one.
TEST_F(FileCheck, APictureThatIsCutOffIsRefusedWhereverItIsNamed) {
  const std::string cut = Blob('d'), mesh = Blob('c');
  const std::pair<std::string, std::string> kFields[] = {
      {"parameterization { pixel {} init { image: '@' } }",
       "spec.parameterization.init.image"},
      {"parameterization { pixel {} mask { image: '@' } }",
       "spec.parameterization.mask.image"},
      {"parameterization { phase { measured { images: '@' } } }",
       "spec.parameterization.phase.measured.images[0]"},
      {"parameterization { texture { pixel {} mesh: '" + mesh +
           "' background_image: '@' } }",
       "spec.parameterization.texture.background_image"},
      {"parameterization { texture { pixel {} mesh: '" + mesh +
           "' texture: '@' } }",
       "spec.parameterization.texture.texture"},
      {"objectives { activation_match { layer: 'relu2' image: '@' } }",
       "spec.objectives[0].activation_match.image"},
      {"objectives { caricature { layer: 'relu2' image: '@' } }",
       "spec.objectives[0].caricature.image"},
      {"objectives { content { layers { layer: 'relu2' } image: '@' } }",
       "spec.objectives[0].content.image"},
      {"objectives { pattern { layer: 'relu2' image: '@' } }",
       "spec.objectives[0].pattern.image"},
      {"objectives { gram_style { layers { layer: 'relu2' } styles { image: "
       "'@' } } }",
       "spec.objectives[0].gram_style.styles[0].image"},
      {"objectives { gram_style { layers { layer: 'relu2' } styles { image: '" +
           Blob('a') + "' } mask: '@' } }",
       "spec.objectives[0].gram_style.mask"},
      {"objectives { gram_style { layers { layer: 'relu2' } styles { image: '" +
           Blob('a') + "' colors_from: '@' } } }",
       "spec.objectives[0].gram_style.styles[0].colors_from"}};
  for (auto [text, field] : kFields) {
    text.replace(text.find('@'), 1, cut);
    if (text.find("parameterization") == std::string::npos)
      text += " parameterization { pixel {} }";
    EXPECT_THAT(FaultyFields("model: 'tiny' " + text),
                testing::ElementsAre(field))
        << text;
  }
}

TEST_F(FileCheck, GoodFilesPassAndMissingOnesAreToldElsewhere) {
  EXPECT_OK(tiny_.engine().Check(
      Spec(absl::StrCat("parameterization { texture { mesh: '", Blob('c'),
                        "' texture: '", Blob('a'), "' pixel {} } }"))));
  EXPECT_OK(tiny_.engine().Check(Spec(absl::StrCat(
      "parameterization { pixel {} init { image: '", Blob('e'), "' } }"))));
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
