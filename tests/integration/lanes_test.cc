// Jobs side by side on the real server make what each makes alone.

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/real_server.h"

namespace phosphene {
namespace {

v1::JobSpec Spec(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec))
      << text;
  spec.set_model("phosphene-tiny");
  if (spec.parameterization().width() == 0)
    spec.mutable_parameterization()->set_width(64);
  if (spec.steps() == 0) spec.set_steps(24);
  spec.add_outputs()->mutable_png()->set_metadata(false);
  return spec;
}

// Of several layers, sizes, parameterizations and optimizers, several rows and
// octaves: no two alike.
std::vector<v1::JobSpec> Mixed() {
  const std::string layer = "objectives { channel { layer: ";
  return {
      Spec(layer + R"("mixed4a" channel: 5 } }
           parameterization { fourier {} }
           transforms { preset { name: STANDARD } })"),
      Spec(layer + R"("mixed4b" channel: 7 } }
           parameterization { width: 96 pixel {} }
           transforms { jitter { pixels: 4 } })"),
      Spec(layer + R"("mixed3b" channel: 1 } } steps: 60
           parameterization { width: 48 rows: 3 fourier {} }
           transforms { preset { name: STANDARD } })"),
      Spec(layer + R"("mixed4c" channel: 2 } }
           parameterization { cppn { hidden_channels: 8 depth: 3 } })"),
      Spec(layer + R"("mixed4a" channel: 9 } }
           parameterization { laplacian {} }
           optimizer { octaves { count: 2 scale: 1.4 } } steps: 10)"),
      Spec(layer + R"("mixed5a" channel: 3 } }
           parameterization { fourier {} } optimizer { lbfgs {} } steps: 8)"),
  };
}

TEST(LanesTest, MixedJobsAtOnceMakeTheBytesOfEachAlone) {
  RealServer server;
  server.Start();
  std::vector<v1::Job> jobs;
  for (const v1::JobSpec& spec : Mixed()) jobs.push_back(server.Submit(spec));
  std::vector<std::string> together;
  for (const v1::Job& job : jobs) {
    const v1::Job ended = server.Await(job.name());
    EXPECT_EQ(ended.state(), v1::Job::SUCCEEDED) << ended.error().message();
    together.push_back(server.Result(ended));
  }
  const std::vector<v1::JobSpec> specs = Mixed();
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_TRUE(server.Uninterrupted(specs[i]) == together[i])
        << specs[i].ShortDebugString();
  }
}

TEST(LanesTest, AJobThatIsPausedAmongOthersGoesOnToTheSameBytes) {
  RealServer server;
  server.Start();
  v1::JobSpec spec = Mixed()[0];
  spec.set_steps(80);
  v1::JobSpec other = Mixed()[1];
  other.set_steps(4000);
  const v1::Job beside = server.Submit(other);
  const std::string interrupted = server.PausedAndResumed(spec);
  server.Pause(beside.name());
  server.Await(beside.name(), /*paused=*/true);
  EXPECT_TRUE(interrupted == server.Uninterrupted(spec));
}

}  // namespace
}  // namespace phosphene
