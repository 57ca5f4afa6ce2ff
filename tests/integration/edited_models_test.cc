// The real binary, while somebody edits the folder of its models by hand.

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "server/embedded/embedded_model.h"
#include "tests/integration/real_server.h"

namespace phosphene {
namespace {

// The embedded network with a long description: large enough to be mapped.
std::string LargeNetwork() {
  const std::string text(2 << 20, '.');
  std::string bytes(EmbeddedModelOnnx());
  bytes.push_back(6 << 3 | 2);  // ModelProto.doc_string
  for (size_t size = text.size(); size > 0; size >>= 7)
    bytes.push_back(static_cast<char>((size & 127) | (size > 127 ? 128 : 0)));
  return bytes + text;
}

class EditedModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.Start();
    WriteNetwork(LargeNetwork());
    std::string config;
    google::protobuf::TextFormat::PrintToString(EmbeddedModelConfig(), &config);
    WriteSidecar(config);
  }
  std::string Path(const std::string& file) const {
    return server_.data() + "/models/" + file;
  }
  // In place, as `cp` does.
  void WriteNetwork(const std::string& bytes) {
    std::ofstream(Path("mine.onnx"), std::ios::binary) << bytes;
  }
  void WriteSidecar(const std::string& text) {
    std::ofstream(Path("mine.model.textproto")) << text;
  }
  static v1::JobSpec Spec(const std::string& model, int steps, int channel) {
    v1::JobSpec spec;
    spec.set_model(model);
    spec.mutable_parameterization()->set_width(64);
    spec.mutable_parameterization()->mutable_pixel();
    v1::ChannelObjective* objective = spec.add_objectives()->mutable_channel();
    objective->set_layer("mixed4a");
    objective->set_channel(channel);
    spec.set_steps(steps);
    return spec;
  }
  void AwaitStep(const std::string& name) {
    server_.Watch(name, [](const v1::JobEvent& event) {
      return event.has_progress() && event.progress().step() > 0;
    });
  }

  RealServer server_;
};

TEST_F(EditedModelsTest, AJobGoesOnWhateverHappensToItsNetworksFile) {
  const std::string undisturbed = server_.Uninterrupted(Spec("mine", 60, 5));
  const std::string name = server_.Submit(Spec("mine", 60, 5)).name();
  AwaitStep(name);
  ASSERT_EQ(::truncate(Path("mine.onnx").c_str(), 4096), 0);
  WriteNetwork("no network at all");
  WriteSidecar("garbage {{{");
  std::filesystem::remove(Path("mine.onnx"));
  const v1::Job job = server_.Await(name);
  EXPECT_TRUE(server_.Result(job) == undisturbed);
}

TEST_F(EditedModelsTest, TheServerLivesWhileANetworkIsOverwrittenAndOpened) {
  std::atomic<bool> done = false;
  std::thread editor([&] {
    const std::string whole = LargeNetwork();
    while (!done) {
      WriteNetwork(whole.substr(0, whole.size() / 2));
      WriteNetwork(whole);
    }
  });
  int refused = 0, ran = 0;
  for (int i = 0; i < 12; ++i) {
    v1::Job job;
    v1::CreateJobRequest request;
    *request.mutable_job()->mutable_spec() = Spec("mine", 1, i);
    if (!server_.Create(request, &job).ok()) {
      ++refused;
    } else if (server_.Await(job.name()).state() == v1::Job::SUCCEEDED) {
      ++ran;
    }
  }
  done = true;
  editor.join();
  RecordProperty("refused", refused);
  RecordProperty("ran", ran);
  EXPECT_EQ(server_.Await(server_.Submit(Spec("mine", 1, 0)).name()).state(),
            v1::Job::SUCCEEDED);
}

TEST_F(EditedModelsTest, APausedJobIsNotFinishedOnAnotherNetwork) {
  const std::string name = server_.Submit(Spec("mine", 2000, 5)).name();
  AwaitStep(name);
  server_.Pause(name);
  ASSERT_EQ(server_.Await(name, /*paused=*/true).state(), v1::Job::PAUSED);
  WriteNetwork(std::string(EmbeddedModelOnnx()));
  server_.Resume(name);
  const v1::Job job = server_.Await(name);
  EXPECT_EQ(job.state(), v1::Job::FAILED);
  EXPECT_THAT(job.error().message(),
              testing::HasSubstr("is not what it was when this job stood"));
}

}  // namespace
}  // namespace phosphene
