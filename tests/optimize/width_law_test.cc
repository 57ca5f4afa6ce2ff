// The law of width: whatever a job does, it makes the same bytes on one thread
// and on many, and when the number changes from step to step.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/support/cube_obj.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

const std::string& ImageBlob() {
  static const std::string name = "blobs/" + std::string(64, 'a');
  return name;
}
const std::string& MeshBlob() {
  static const std::string name = "blobs/" + std::string(64, 'b');
  return name;
}

Image8 Picture() {
  Image8 image;
  image.width = image.height = 180;
  image.channels = 3;
  image.pixels.resize(3 * 180 * 180);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>((i * i / 7 + i / 540) % 251);
  return image;
}

// `text` by what it is: two kinds may say the same.
struct Case {
  std::string kind, arm, text;
};

// An image large enough that every loop over pixels is worth several threads.
constexpr char kCanvas[] =
    "parameterization { width: 152 height: 136 rows: 1 } ";

void AddParams(std::vector<Case>* cases) {
  const std::string mesh =
      absl::StrCat("mesh: '", MeshBlob(), "' atlas_size: 256 ");
  const std::vector<std::pair<std::string, std::string>> params = {
      {"pixel", "pixel {}"},
      {"fourier", "fourier {}"},
      {"fourier", "fourier {} width: 131 height: 127"},
      {"fourier", "fourier {} color { squash: CLIP basis: YCBCR }"},
      {"laplacian", "laplacian {}"},
      {"stack",
       "stack { unique { fourier {} } shared { height: 5 width: 7 } }"},
      {"cppn", "cppn {}"},
      {"cppn", "cppn { periodic: true normalize: true depth: 3 }"},
      {"rgba", "rgba { fourier {} }"},
      {"phase", "phase {}"},
      {"texture", absl::StrCat("texture { ", mesh, "pixel {} }")},
      {"texture", absl::StrCat("texture { ", mesh, "fourier {} }")},
  };
  for (const auto& [arm, text] : params) {
    cases->push_back(
        {"parameterization", arm,
         absl::StrCat(
             "parameterization { ", text, " }",
             arm == "rgba" ? " transforms { random_background {} }" : "")});
  }
}

void AddTransforms(std::vector<Case>* cases) {
  const std::vector<std::pair<std::string, std::string>> transforms = {
      {"pad", "pad { pixels: 12 mode: REFLECT }"},
      {"jitter", "jitter { pixels: 5 }"},
      {"scale", "scale { factors: [0.8, 1.1] }"},
      {"rotate", "rotate { angles: [-30, 10, 25] sampling: BILINEAR }"},
      {"crop", "crop { height: 99 width: 120 }"},
      {"flip", "flip { horizontal: 0.5 vertical: 0.5 }"},
      {"blur", "blur { max_sigma: 2 }"},
      {"noise", "noise { sd: 0.1 }"},
      {"color_noise", "color_noise {}"},
      {"resize", "resize { height: 111 width: 123 }"},
      {"fit", "fit { multiple: 12 }"},
      {"roll", "roll {}"},
      {"preset", "preset { name: STANDARD }"},
  };
  for (const auto& [arm, text] : transforms)
    cases->push_back(
        {"transform", arm, absl::StrCat("transforms { ", text, " }")});
  for (const char* what :
       {"random_background {}", "preset { name: TRANSPARENT }"}) {
    cases->push_back(
        {"transform", "random_background",
         absl::StrCat("parameterization { channels: 4 } transforms { ", what,
                      " }")});
  }
}

void AddObjectives(std::vector<Case>* cases) {
  const std::string image = absl::StrCat("image: '", ImageBlob(), "' ");
  const std::string style =
      "layers { layer: 'relu1' } layers { layer: 'relu2' "
      "weight: 2 } styles { " +
      image + "}";
  const std::vector<std::pair<std::string, std::string>> objectives = {
      {"channel", "layer: 'relu2' channel: 2"},
      {"neuron", "layer: 'relu2' channel: 1"},
      {"direction", "layer: 'relu2' random_seed: 3"},
      {"spatial_direction",
       "layer: 'relu2' height: 1 width: 1 pattern: [1, 0, 2, -1, 1, 0, 0, 1, "
       "1, 2, 0, 1]"},
      {"deepdream", "layer: 'relu2'"},
      {"class_logit", "index: 3"},
      {"activation_match", "layer: 'relu2' " + image},
      {"caricature", "layer: 'relu2' " + image},
      {"channel_interpolate",
       "from_layer: 'relu1' from_channel: 0 to_layer: 'relu2' to_channel: 5"},
      {"alignment", "layer: 'relu1' decay_ratio: 5"},
      {"diversity", "layer: 'relu2'"},
      {"gram_style", style},
      {"gram_style", style + " distance: WASSERSTEIN2"},
      {"content", "layers { layer: 'relu2' } " + image},
      {"total_variation", ""},
      {"seam", ""},
      {"l1", "constant: 0.5"},
      {"l2", "layer: 'relu2' constant: 0.2"},
      {"blur", ""},
      {"boundary", "width: 4"},
      {"alpha", ""},
      {"pattern", "layer: 'relu2' " + image},
      {"sum", "terms { deepdream { layer: 'relu1' } weight: 0.5 }"},
      {"scale", "factor: -2.5 term { deepdream { layer: 'relu1' } }"},
      {"product", "factors { deepdream { layer: 'relu1' } } factors { l2 {} }"},
      {"power", "base { deepdream { layer: 'relu2' } } exponent: 0.5"},
      {"negate", "term { total_variation {} }"},
  };
  const std::map<std::string, std::string> needs = {
      {"alpha",
       "parameterization { channels: 4 } transforms { random_background {} }"},
      {"alignment", "parameterization { rows: 3 }"},
      {"channel_interpolate", "parameterization { rows: 2 }"},
      {"diversity", "parameterization { rows: 3 }"},
      {"seam", absl::StrCat("parameterization { texture { mesh: '", MeshBlob(),
                            "' atlas_size: 256 pixel {} } }")},
  };
  for (const auto& [arm, text] : objectives) {
    const auto more = needs.find(arm);
    cases->push_back({"objective", arm,
                      absl::StrCat("objectives { ", arm, " { ", text, " } } ",
                                   more == needs.end() ? "" : more->second)});
  }
}

void AddOptimizers(std::vector<Case>* cases) {
  for (const char* arm : {"adam", "adamw", "nadam", "sgd", "lbfgs"})
    cases->push_back(
        {"optimizer", arm, absl::StrCat("optimizer { ", arm, " {} }")});
  for (const char* how : {"MEAN_ABS", "UNIT_NORM", "LAPLACIAN"}) {
    cases->push_back({"optimizer", "",
                      absl::StrCat("optimizer { normalize_gradient: ", how,
                                   " } parameterization { pixel {} }")});
  }
}

void AddWholes(std::vector<Case>* cases) {
  for (const char* text :
       {"parameterization { rows: 5 }",
        "parameterization { rows: 4 } transforms { preset { name: STANDARD } }",
        "optimizer { octaves { count: 2 scale: 1.5 } }", "precision: BF16",
        "gradient_overrides { redirect_steps: 2 }",
        "gradient_overrides { max_pool: L2 linear_relu: true }"}) {
    cases->push_back({"whole", "", text});
  }
}

const std::vector<Case>& Cases() {
  static const std::vector<Case>* cases = [] {
    auto* all = new std::vector<Case>;
    AddParams(all);
    AddTransforms(all);
    AddObjectives(all);
    AddOptimizers(all);
    AddWholes(all);
    return all;
  }();
  return *cases;
}

v1::JobSpec SpecOf(const Case& test) {
  v1::JobSpec spec = TinySpec(kCanvas);
  spec.set_steps(3);
  const v1::JobSpec more = Spec(test.text);
  if (!more.objectives().empty()) spec.clear_objectives();
  spec.MergeFrom(more);
  spec.mutable_outputs()->Clear();
  spec.add_outputs()->mutable_png();
  spec.add_outputs()->mutable_checkpoint();
  return spec;
}

class Width : public testing::TestWithParam<size_t> {
 protected:
  Width() {
    tiny_.blobs[ImageBlob()] = *EncodePng(Picture());
    tiny_.blobs[MeshBlob()] = CubeObj();
  }
  absl::StatusOr<std::vector<std::string>> Bytes(
      const std::vector<int>& threads) {
    RecordingSink sink;
    sink.wants_frames = false;
    RunRequest request;
    request.spec = SpecOf(Cases()[GetParam()]);
    request.device = "cpu:0";
    request.threads = threads[0];
    auto session = tiny_.engine().Open(request, sink, sink.stop.get_token());
    if (!session.ok()) return session.status();
    size_t step = 0;
    while (true) {
      const auto more = (*session)->Step(threads[step++ % threads.size()]);
      if (!more.ok()) return more.status();
      if (!*more) break;
    }
    const auto result = (*session)->Finish(threads[step % threads.size()]);
    if (!result.ok()) return result.status();
    std::vector<std::string> bytes;
    for (const RunArtifact& artifact : result->artifacts)
      bytes.push_back(artifact.bytes);
    return bytes;
  }
  TinyEngine tiny_;
};

TEST_P(Width, MakesNoDifferenceToBytes) {
  const auto one = Bytes({1});
  ASSERT_OK(one.status()) << Cases()[GetParam()].text;
  ASSERT_GE(one->size(), 2u);
  for (const std::vector<int>& threads :
       std::vector<std::vector<int>>{{2}, {3, 1, 2}}) {
    const auto many = Bytes(threads);
    ASSERT_OK(many.status());
    EXPECT_EQ(*one == *many, true)
        << threads[0] << " threads: " << Cases()[GetParam()].text;
  }
}

INSTANTIATE_TEST_SUITE_P(Jobs, Width, testing::Range<size_t>(0, Cases().size()),
                         [](const auto& info) {
                           const Case& test = Cases()[info.param];
                           return absl::StrCat(test.kind,
                                               test.arm.empty() ? "" : "_",
                                               test.arm, "_", info.param);
                         });

TEST(WidthCases, EveryKindHasOne) {
  std::set<std::pair<std::string, std::string>> tried;
  for (const Case& test : Cases()) tried.insert({test.kind, test.arm});
  TinyEngine tiny;
  const v1::Capabilities all = tiny.engine().Capabilities();
  const auto expect = [&](const std::string& kind, const auto& arms) {
    for (const std::string& arm : arms)
      EXPECT_TRUE(tried.count({kind, arm}) > 0) << kind << " " << arm;
  };
  expect("parameterization", all.parameterizations());
  expect("transform", all.transforms());
  expect("objective", all.objectives());
  expect("optimizer", all.optimizers());
}

}  // namespace
}  // namespace phosphene
