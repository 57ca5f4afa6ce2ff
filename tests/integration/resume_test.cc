// A job that is paused, whose server ends and starts again, and that is
// resumed, makes the bytes of a run that nothing interrupted.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/resumed_jobs.h"

namespace phosphene {
namespace {

// A spec on the embedded network; `text` adds to it.
v1::JobSpec Spec(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec))
      << text;
  spec.set_model("phosphene-tiny");
  v1::Parameterization& param = *spec.mutable_parameterization();
  if (param.width() == 0) param.set_width(64);
  if (spec.objectives().empty()) {
    v1::ChannelObjective* channel = spec.add_objectives()->mutable_channel();
    channel->set_layer("mixed4a");
    channel->set_channel(5);
  }
  return spec;
}

class ResumeTest : public ResumedJobs {};

TEST_F(ResumeTest, ADreamInOctavesGoesOn) {
  ExpectSameBytes(Spec(R"(
    parameterization { pixel {} color { basis: RGB squash: CLIP } }
    transforms { roll {} }
    objectives { deepdream { layer: "mixed3b" } }
    optimizer { sgd {} learning_rate: 0.006 normalize_gradient: LAPLACIAN
                octaves { count: 3 scale: 1.4 } }
    steps: 80)"));
}

TEST_F(ResumeTest, ALaplacianPyramidGoesOn) {
  ExpectSameBytes(Spec(R"(parameterization { laplacian {} } steps: 160
                          transforms { preset { name: STANDARD } })"));
}

TEST_F(ResumeTest, LbfgsGoesOnWithItsHistory) {
  ExpectSameBytes(
      Spec("parameterization { fourier {} } optimizer { lbfgs {} } steps: 80"));
}

TEST_F(ResumeTest, PhasesGoOn) {
  ExpectSameBytes(Spec(R"(parameterization { phase { contrast: 0.8 } }
                          optimizer { nadam {} } steps: 160
                          transforms { noise {} } transforms { blur {} })"));
}

TEST_F(ResumeTest, ASheetGoesOnInEveryRow) {
  ExpectSameBytes(Spec(R"(
    parameterization { width: 48 rows: 3 fourier {} }
    transforms { preset { name: STANDARD } }
    objectives { row: 0 channel { layer: "mixed4a" channel: 1 } }
    objectives { row: 1 channel { layer: "mixed4a" channel: 2 } }
    objectives { row: 2 channel { layer: "mixed4a" channel: 3 } }
    outputs { contact_sheet { columns: 3 } } steps: 120)"));
}

}  // namespace
}  // namespace phosphene
