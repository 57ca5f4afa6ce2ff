// What is wrong with a spec is said with its path, the value and what is
// allowed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/objectives/lab.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

struct Fault {
  const char* spec;
  const char* says;
};

class FaultySpecs : public testing::TestWithParam<Fault> {};

TEST_P(FaultySpecs, AreAnsweredByName) {
  EXPECT_THAT(Lab().Check(GetParam().spec),
              StatusIs(kInvalid, GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultySpecs,
    testing::Values(
        Fault{"", "spec.objectives[0]: has no kind; allowed: channel, neuron"},
        Fault{"channel { layer: 'logit' }",
              "spec.objectives[0].channel.layer: no layer \"logit\"; nearest "
              "\"logits\""},
        Fault{"channel {}", "spec.objectives[0].channel.layer: is required"},
        Fault{"channel { layer: 'a' channel: 4 }",
              "spec.objectives[0].channel.channel: 4 is out of range; "
              "allowed: 0..3, the channels of a"},
        Fault{"channel { layer: 'a' channel: -1 }",
              "-1 is out of range; allowed: at least 0"},
        Fault{"channel { layer: 'input' channel: 3 }",
              "3 is out of range; allowed: 0..2, the channels of input"},
        Fault{"channel { layer: 'a' } weight: inf",
              "spec.objectives[0].weight: inf is not finite"},
        Fault{
            "channel { layer: 'a' } row: -1",
            "spec.objectives[0].row: -1 is out of range; allowed: at least 0"},
        Fault{"neuron { layer: 'a' x: -2 }",
              "neuron.x: -2 is out of range; allowed: at least 0"},
        Fault{"direction { layer: 'a' vector: [1, 2] }",
              "has 2 entries; allowed: 4"},
        Fault{"direction { layer: 'a' vector: [1, 2, nan, 1] }",
              "direction.vector[2]"},
        Fault{"direction { layer: 'a' }", "direction.vector: is required"},
        Fault{"direction { layer: 'a' random_seed: 1 vector: [1, 2, 3, 4] }",
              "not both"},
        Fault{"direction { layer: 'a' random_seed: 1 cossim_power: 9 }",
              "out of range; allowed: 0..8"},
        Fault{"spatial_direction { layer: 'a' height: 2 width: 1 pattern: [1, "
              "2, 3] }",
              "spatial_direction.pattern: has 3 entries; allowed: 8"},
        Fault{"spatial_direction { layer: 'a' height: 0 width: 1 }",
              "height: 0 is out of range"},
        Fault{"class_logit {}", "has no target; allowed: index, class_label"},
        Fault{"class_logit { index: 5 }",
              "class_logit.index: 5 is out of range"},
        Fault{"class_logit { class_label: 'goldfsh' }", "nearest \"goldfish\""},
        Fault{"activation_match { layer: 'a' }",
              "has no target; allowed: image, vector"},
        Fault{"activation_match { layer: 'a' image: 'photo.jpg' }",
              "\"photo.jpg\" is not allowed; allowed: blobs/"},
        Fault{"caricature { layer: 'a' }", "caricature.image: is required"},
        Fault{"gram_style {}",
              "gram_style.layers: is required; allowed: 1..64 entries"},
        Fault{"gram_style { layers { layer: 'z' } }",
              "gram_style.layers[0].layer: no layer"},
        Fault{"gram_style { layers { layer: 'a' } }",
              "gram_style.styles: is required; allowed: 1..16 entries"},
        Fault{"gram_style { layers { layer: 'a' } moving_average: 1 }",
              "out of range; allowed: 0..0.999"},
        Fault{"content { layers { layer: 'a' weight: nan } }",
              "content.layers[0].weight"},
        Fault{"l2 { epsilon: 0 }",
              "l2.epsilon: 0 is out of range; allowed: above 0"},
        Fault{"blur { target: ALPHA }", "needs an image with alpha"},
        Fault{"alpha {}", "needs an image with alpha"},
        Fault{"boundary { width: 11 }",
              "boundary.width: 11 is out of range; allowed: 1..10"},
        Fault{"sum {}", "sum.terms: is required; allowed: 1..64 entries"},
        Fault{"product {}",
              "product.factors: is required; allowed: 1..16 entries"},
        Fault{"scale { factor: nan }", "scale.factor"},
        Fault{"scale { factor: 1 }", "scale.term: is required"},
        Fault{"negate {}", "negate.term: is required"},
        Fault{"power { exponent: 9 base { deepdream { layer: 'a' } } }",
              "power.exponent: 9"},
        Fault{"sum { terms { deepdream { layer: 'a' } } terms { channel { "
              "layer: 'x' } } }",
              "spec.objectives[0].sum.terms[1].channel.layer"},
        Fault{"product { factors { negate { term { channel { layer: 'a' "
              "channel: 9 } } } } }",
              "spec.objectives[0].product.factors[0].negate.term.channel."
              "channel"}));

TEST(CheckObjectiveTest, TellsAllFaultsAtOnce) {
  const absl::Status status = Lab().Check(
      "sum { terms { channel { layer: 'q' } } terms { alpha {} } }");
  EXPECT_EQ(FaultsOf(status).size(), 2u);
}

TEST(CheckObjectiveTest, RowsMustBeThereToInterpolate) {
  Lab lab(1);
  EXPECT_THAT(lab.Check("alignment { layer: 'a' }"),
              StatusIs(kInvalid, "at least 2 rows"));
  EXPECT_THAT(lab.Check("diversity { layer: 'a' }"),
              StatusIs(kInvalid, "at least 2 rows"));
}

TEST(CheckObjectiveTest, WhatIsNotKnownOfTheCanvasIsPassedOver) {
  Lab lab;
  const Canvas unknown = {.rows = 0, .channels = 0, .height = 0, .width = 0};
  for (const char* text :
       {"alignment { layer: 'a' columns: 7 }", "diversity { layer: 'a' }",
        "alpha {}", "blur { target: ALPHA }", "boundary { width: 9999 }",
        "channel_interpolate { from_layer: 'a' to_layer: 'a' }"}) {
    EXPECT_OK(CheckObjective(ParseObjective(text), &lab.info, unknown, "spec"))
        << text;
  }
}

// A kind's check may meet anything: it neither throws nor divides by zero.
TEST(CheckObjectiveTest, OtherFaultsAreSurvivedAndToldOnce) {
  const absl::Status status = Lab().Check(
      "spatial_direction { layer: 'a' height: 0 width: -1 pattern: [1, 2] }");
  std::vector<std::string> fields;
  for (const auto& fault : FaultsOf(status)) fields.push_back(fault.field);
  EXPECT_THAT(fields, testing::ElementsAre(
                          "spec.objectives[0].spatial_direction.height",
                          "spec.objectives[0].spatial_direction.width"));
}

TEST(CheckObjectiveTest, DepthIsBounded) {
  v1::Objective spec = ParseObjective("deepdream { layer: 'a' }");
  for (int depth = 1; depth < 16; ++depth) {
    v1::Objective outer;
    *outer.mutable_negate()->mutable_term() = spec;
    spec = outer;
  }
  Lab lab;
  EXPECT_OK(CheckObjective(spec, &lab.info, lab.context.canvas, "spec"));
  v1::Objective deeper;
  *deeper.mutable_negate()->mutable_term() = spec;
  EXPECT_THAT(CheckObjective(deeper, &lab.info, lab.context.canvas, "spec"),
              StatusIs(kInvalid, "is nested too deep; allowed: 16 levels"));
}

TEST(CheckObjectiveTest, TheNumberOfObjectivesIsBounded) {
  v1::Objective sum;
  for (int i = 0; i < 64; ++i) {
    sum.mutable_sum()->add_terms()->mutable_deepdream()->set_layer("a");
  }
  v1::Objective tree;
  for (int i = 0; i < 4; ++i) *tree.mutable_sum()->add_terms() = sum;
  Lab lab;
  EXPECT_THAT(CheckObjective(tree, &lab.info, lab.context.canvas, "spec"),
              StatusIs(kInvalid, "too many; allowed: 256 in all"));
}

TEST(CheckObjectiveTest, AModelWithoutLogitsNeedsALayer) {
  Lab lab;
  lab.info.logits = false;
  EXPECT_THAT(lab.Check("class_logit { index: 1 }"),
              StatusIs(kInvalid, "name a layer"));
  EXPECT_OK(lab.Check("class_logit { index: 1 layer: 'b' }"));
}

TEST(ObjectiveContextTest, WantsEachLayerOnceByItsResolvedName) {
  Lab lab;
  lab.Make(
      "sum { terms { channel { layer: 'first' } } terms { channel { layer: 'a' "
      "} } "
      "terms { total_variation {} } }");
  EXPECT_THAT(lab.context.layers, testing::ElementsAre("a"));
}

TEST(ObjectiveContextTest, ALayerWithoutAModelIsRefused) {
  Lab lab;
  lab.context.network = nullptr;
  EXPECT_THAT(
      MakeObjective(ParseObjective("channel { layer: 'a' }"), lab.context)
          .status(),
      StatusIs(kInvalid, "names no model"));
}

TEST(ObjectiveLabelTest, NamesTheTarget) {
  const auto label = [](const char* text) {
    return ObjectiveLabel(ParseObjective(text));
  };
  EXPECT_EQ(label("channel { layer: 'inception_4c/output' channel: 10 }"),
            "channel inception_4c/output:10");
  EXPECT_EQ(label("label: 'eyes' channel { layer: 'x' }"), "eyes");
  EXPECT_EQ(label("class_logit { class_label: 'hen' }"), "class_logit hen");
  EXPECT_EQ(label("content { layers { layer: 'a' } layers { layer: 'b' } }"),
            "content a+b");
  EXPECT_EQ(label("negate { term { deepdream { layer: 'a' } } }"),
            "negate(deepdream a)");
}

}  // namespace
}  // namespace phosphene
