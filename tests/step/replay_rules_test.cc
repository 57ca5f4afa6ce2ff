#include "server/engine/step/replay_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/step/stepped.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(WhyNotReplayed, HasNothingAgainstTheCommonJobs) {
  for (const char* more :
       {"", "transforms { preset { name: STANDARD } }",
        "transforms { noise {} } transforms { color_noise {} }",
        "transforms { blur {} } transforms { resize { height: 32 width: 32 } }",
        "optimizer { adamw {} schedule { cosine {} } octaves { count: 2 } }",
        "parameterization { pixel {} rows: 4 }",
        "parameterization { rgba { fourier {} } }",
        "objectives { negate { term { sum { terms { l2 {} } terms { deepdream "
        "{} } } } } }",
        "objectives { gram_style { layers { layer: 'relu1' } } }",
        "precision: BF16"}) {
    EXPECT_THAT(WhyNotReplayed(LongSpec(more)), IsEmpty()) << more;
  }
}

struct Case {
  const char* more;
  const char* names;
};

class Refusal : public ::testing::TestWithParam<Case> {};

TEST_P(Refusal, NamesTheField) {
  EXPECT_THAT(WhyNotReplayed(LongSpec(GetParam().more)),
              HasSubstr(GetParam().names));
}

INSTANTIATE_TEST_SUITE_P(
    Specs, Refusal,
    ::testing::Values(
        Case{"optimizer { lbfgs {} }", "optimizer.lbfgs: it searches"},
        Case{"gradient_overrides { redirect_steps: 59 }",
             "redirect_relu lasts to the end"},
        Case{"optimizer { sgd {} }", "optimizer.sgd: its learning rate"},
        Case{"optimizer { nadam {} }", "optimizer.nadam: its learning rate"},
        Case{"optimizer { correlate_gradient: true }",
             "optimizer.correlate_gradient"},
        Case{"optimizer { normalize_gradient: UNIT_NORM }",
             "optimizer.normalize_gradient"},
        Case{"parameterization { cppn {} }", "parameterization.cppn: it works"},
        Case{"parameterization { laplacian {} }",
             "parameterization.laplacian: it brings"},
        Case{"parameterization { rgba { laplacian {} } }",
             "parameterization.rgba: it brings"},
        Case{"parameterization { phase {} }",
             "parameterization.phase: it works"},
        Case{"objectives { gram_style { moving_average: 0.9 } }",
             "objectives[1].gram_style: moving_average"},
        Case{"objectives { gram_style { distance: WASSERSTEIN2 } }",
             "eigenvalues"},
        Case{"objectives { sum { terms { l2 {} } terms { gram_style { "
             "crop_each_step: true } } } }",
             "objectives[1].sum.terms[1].gram_style: crop_each_step"}));

}  // namespace
}  // namespace phosphene
