#include "tests/params/fixture.h"

namespace phosphene {
namespace {

const std::string kBlob = "\"blobs/" + std::string(64, '0') + "\"";

absl::Status Check(const std::string& text) {
  return CheckParam(ParamSpec(text), "spec.p");
}

// The fault of a bad spec: its field and a part of what it says.
void ExpectFault(const std::string& text, const std::string& field,
                 const std::string& part) {
  const absl::Status status = Check(text);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  bool found = false;
  for (const Fault& fault : FaultsOf(status)) {
    found |=
        fault.field == field && fault.message.find(part) != std::string::npos;
  }
  EXPECT_TRUE(found) << text << "\nwanted " << field << ": " << part << "\ngot "
                     << status;
}

TEST(CheckParamTest, DefaultsAndLimitsAreFine) {
  EXPECT_OK(Check("pixel {}"));
  EXPECT_OK(
      Check("fourier { decay: 4 sd: 0 } width: 32768 height: 1 rows: 256 "
            "channels: 64"));
  EXPECT_OK(Check(
      "rgba { pixel {} } channels: 4 color { squash: CLIP basis: YCBCR }"));
  EXPECT_OK(Check("fourier {} init { image: " + kBlob +
                  " noise: 0.5 } mask { image: " + kBlob + "}"));
  EXPECT_OK(Check("cppn {} init { checkpoint: " + kBlob + " }"));
}

TEST(CheckParamTest, CanvasFaultsNameFieldValueAndRange) {
  ExpectFault("pixel {} width: 100000", "spec.p.width",
              "100000 is out of range; allowed: 1..32768");
  ExpectFault("pixel {} height: -3", "spec.p.height", "-3");
  ExpectFault("pixel {} rows: 257", "spec.p.rows", "1..256");
  ExpectFault("pixel {} channels: 65", "spec.p.channels", "1..64");
  ExpectFault("rgba { pixel {} } channels: 3", "spec.p.channels", "4");
}

TEST(CheckParamTest, AnUnsetArmListsWhatThereIs) {
  ExpectFault("", "spec.p", "pixel, fourier");
}

TEST(CheckParamTest, ColorFaults) {
  ExpectFault("pixel {} channels: 1 color { basis: YCBCR }",
              "spec.p.color.basis", "YCBCR");
  ExpectFault("pixel {} color { basis: CUSTOM matrix: [1,2] }",
              "spec.p.color.matrix", "has 2 entries; allowed: 9");
  ExpectFault("pixel {} color { basis: CUSTOM matrix: [1,1,1, 1,1,1, 1,1,1] }",
              "spec.p.color.matrix", "invertible");
  ExpectFault("pixel {} color { basis: RGB matrix: [1,0,0, 0,1,0, 0,0,1] }",
              "spec.p.color.matrix", "CUSTOM");
  v1::Parameterization spec = ParamSpec("pixel {}");
  spec.mutable_color()->set_basis(static_cast<v1::ColorSpace::Basis>(9));
  EXPECT_THAT(CheckParam(spec, "p"),
              StatusIs(absl::StatusCode::kInvalidArgument, "p.color.basis"));
}

TEST(CheckParamTest, InitFaults) {
  ExpectFault("pixel {} init {}", "spec.p.init", "image, constant, checkpoint");
  ExpectFault("pixel {} init { image: \"photo.jpg\" }", "spec.p.init.image",
              "photo.jpg");
  ExpectFault("pixel {} channels: 2 init { image: " + kBlob + "}",
              "spec.p.init.image", "1, 3 or 4");
  ExpectFault("pixel {} init { constant { values: [.1, .2] } }",
              "spec.p.init.constant.values", "has 2 entries; allowed: 1 or 3");
  ExpectFault("pixel {} init { constant { values: 1.5 } }",
              "spec.p.init.constant.values[0]", "1.5");
  ExpectFault("pixel {} init { constant { values: .5 } noise: 11 }",
              "spec.p.init.noise", "0..10");
  for (const char* arm :
       {"cppn {}", "phase {}", "stack { shared { height: 2 width: 2 } }"}) {
    ExpectFault(std::string(arm) + " init { constant { values: .5 } }",
                "spec.p.init", "stack");
  }
}

TEST(CheckParamTest, MaskFaults) {
  ExpectFault("pixel {} mask {}", "spec.p.mask.image", "blobs/");
}

TEST(CheckParamTest, ArmFaultsNameTheArmsField) {
  ExpectFault("pixel { sd: -1 }", "spec.p.pixel.sd", "-1");
  ExpectFault("pixel { sd: nan }", "spec.p.pixel.sd", "nan");
  ExpectFault("fourier { decay: 5 }", "spec.p.fourier.decay", "0..4");
  ExpectFault("laplacian { levels: 13 }", "spec.p.laplacian.levels", "1..12");
  ExpectFault("rgba {}", "spec.p.rgba", "pixel, fourier, laplacian");
  ExpectFault("rgba { fourier { sd: -1 } }", "spec.p.rgba.fourier.sd", "-1");
  ExpectFault("stack {}", "spec.p.stack", "unique");
  ExpectFault("stack { unique {} }", "spec.p.stack.unique",
              "pixel, fourier, laplacian");
  ExpectFault("cppn { depth: 33 }", "spec.p.cppn.depth", "1..32");
  ExpectFault("cppn { hidden_channels: 257 }", "spec.p.cppn.hidden_channels",
              "1..256");
  ExpectFault("phase { contrast: 0 }", "spec.p.phase.contrast", "above 0");
  ExpectFault("phase { measured {} }", "spec.p.phase.measured.images", "1..64");
  ExpectFault("phase { measured { images: \"x\" } }",
              "spec.p.phase.measured.images[0]", "\"x\"");
}

TEST(CheckParamTest, SharedTensorFaultsNameTheirIndex) {
  const std::string good = "shared { height: 2 width: 2 }";
  ExpectFault(
      "rows: 2 stack {" + good + "shared { rows: 3 height: 2 width: 2 } }",
      "spec.p.stack.shared[1].rows", "1..2");
  ExpectFault("width: 9 stack { shared { height: 2 width: 10 } }",
              "spec.p.stack.shared[0].width", "1..9");
  ExpectFault("stack { shared { width: 2 } }", "spec.p.stack.shared[0].height",
              "allowed: at least 1");
  ExpectFault("stack { shared { height: 2 width: 2 weight: inf } }",
              "spec.p.stack.shared[0].weight", "finite");
}

TEST(CheckParamTest, FaultsOfAnArmAreToldBesideThoseOfTheCanvas) {
  const absl::Status status = Check("texture { pixel {} } width: -1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FaultsOf(status).size(), 2);  // mesh, width
}

// What a canvas out of range leaves unknown is not held against others.
TEST(CheckParamTest, FieldsAreNotHeldToACanvasThatIsNotKnown) {
  EXPECT_EQ(FaultsOf(Check("rows: -1 width: -1 stack { columns: 3 shared { "
                           "rows: 6 columns: 3 height: 9999 width: 9999 } }"))
                .size(),
            2);
  EXPECT_EQ(FaultsOf(Check("channels: -1 pixel {} color { basis: YCBCR } init "
                           "{ constant { values: [.1, .2] } }"))
                .size(),
            1);
}

TEST(CheckParamTest, AllFaultsAreReportedAtOnce) {
  EXPECT_EQ(
      FaultsOf(Check("pixel { sd: -1 } width: -1 rows: -1 init {}")).size(), 4);
}

}  // namespace
}  // namespace phosphene
