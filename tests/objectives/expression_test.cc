#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/objectives/shared/terms.h"
#include "tests/objectives/lab.h"

namespace phosphene {
namespace {

const char kA[] = "channel { layer: 'a' channel: 1 }";
const char kB[] = "deepdream { layer: 'b' }";

class ExpressionTest : public testing::Test {
 protected:
  at::Tensor Value(const std::string& text) { return lab_.Value(text); }
  Lab lab_;
};

TEST_F(ExpressionTest, SumAddsWeightedTermsOfTheirRows) {
  const at::Tensor value = Value(absl::StrCat(
      "sum { terms { weight: -2 ", kA, " } terms { row: 1 ", kB, " } }"));
  at::Tensor expected = Value(kA) * -2;
  expected = expected + Value(kB) * at::tensor({0.f, 1.f, 0.f});
  EXPECT_TRUE(at::allclose(value, expected));
}

TEST_F(ExpressionTest, ScaleProductPowerNegate) {
  EXPECT_TRUE(
      at::allclose(Value(absl::StrCat("scale { factor: 3 term { ", kA, " } }")),
                   Value(kA) * 3));
  EXPECT_TRUE(at::allclose(Value(absl::StrCat("product { factors { ", kA,
                                              " } factors { ", kB, " } }")),
                           Value(kA) * Value(kB)));
  EXPECT_TRUE(at::allclose(Value(absl::StrCat("negate { term { ", kB, " } }")),
                           -Value(kB)));
  const at::Tensor base = Value(kA);
  EXPECT_TRUE(at::allclose(
      Value(absl::StrCat("power { exponent: 3 base { ", kA, " } }")),
      base.sign() * base.abs().pow(3), 1e-4));
}

TEST_F(ExpressionTest, TheTransparencyLossIsAProduct) {
  Lab rgba(2, 4);
  const at::Tensor value = rgba.Value(
      absl::StrCat("product { factors { ", kB,
                   " } factors { alpha { statistic: TRANSPARENCY } } }"));
  EXPECT_TRUE(at::allclose(
      value, rgba.Value(kB) *
                 (1 - rgba.image.detach().narrow(1, 3, 1).mean({1, 2, 3}))));
}

TEST_F(ExpressionTest, TermsKnowTheirPaths) {
  const v1::Objective spec = ParseObjective(
      absl::StrCat("sum { terms { ", kA, " } terms { ", kB, " } }"));
  const auto terms = TermsOf(spec, "spec.objectives[2]");
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[1].path, "spec.objectives[2].sum.terms[1]");
  EXPECT_TRUE(TermsOf(ParseObjective(kA), "x").empty());
}

TEST_F(ExpressionTest, NestedStateKeepsApart) {
  const std::string style =
      "gram_style { layers { layer: 'a' } styles { image: '" + BlobNamed('1') +
      "' } moving_average: 0.9 }";
  const std::string spec =
      absl::StrCat("sum { terms { ", style, " } terms { negate { term { ",
                   style, " } } } }");
  const auto objective = lab_.Make(spec);
  lab_.Value(*objective, 0);
  std::map<std::string, at::Tensor> state;
  objective->Save(&state);
  EXPECT_EQ(state.size(), 2u);
  EXPECT_TRUE(state.count("0/0/gram"));
  EXPECT_TRUE(state.count("1/0/0/gram"));
}

}  // namespace
}  // namespace phosphene
