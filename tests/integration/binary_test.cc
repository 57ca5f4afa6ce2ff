// The real phosphened with the real engine and the embedded model.

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>

#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "phosphene/v1/model_service.grpc.pb.h"
#include "phosphene/v1/system_service.grpc.pb.h"
#include "server/storage/blob_store.h"
#include "tests/integration/subprocess.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(120));
  return context;
}

v1::JobSpec TinySpec(int steps) {
  v1::JobSpec spec;
  spec.set_model("phosphene-tiny");
  spec.mutable_parameterization()->set_width(64);
  spec.mutable_parameterization()->set_height(64);
  spec.mutable_parameterization()->mutable_pixel();
  v1::ChannelObjective* channel = spec.add_objectives()->mutable_channel();
  channel->set_layer("mixed4a");
  channel->set_channel(5);
  spec.set_steps(steps);
  return spec;
}

class BinaryTest : public testing::Test {
 protected:
  static std::vector<std::string> Words(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PHOSPHENED);
    return arguments;
  }
  std::string stderr_file() const { return dir_.path() + "/stderr"; }
  std::string socket() const { return "unix:" + dir_.path() + "/socket"; }

  // Starts the server and waits for the line that says it serves.
  void Start() {
    server_ = std::make_unique<Subprocess>(
        Words({"--listen", socket(), "--data", dir_.path() + "/data", "--http",
               "off", "--threads", "1"}),
        stderr_file());
    ASSERT_THAT(server_->ReadLine(),
                StartsWith("phosphened serving on " + socket() + " (data "))
        << server_->ReadStderr();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(
        socket(), grpc::InsecureChannelCredentials(), arguments);
    jobs_ = v1::JobService::NewStub(channel_);
    models_ = v1::ModelService::NewStub(channel_);
    blobs_ = v1::BlobService::NewStub(channel_);
  }
  grpc::Status Create(const v1::JobSpec& spec, v1::Job* job) {
    v1::CreateJobRequest request;
    *request.mutable_job()->mutable_spec() = spec;
    return jobs_->CreateJob(Context().get(), request, job);
  }
  v1::Job Submit(const v1::JobSpec& spec) {
    v1::Job job;
    const grpc::Status status = Create(spec, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job;
  }
  v1::Job AwaitEnd(const std::string& name) {
    v1::WatchJobRequest watch;
    watch.set_name(name);
    const auto context = Context();
    const auto reader = jobs_->WatchJob(context.get(), watch);
    v1::Job last;
    for (v1::JobEvent event; reader->Read(&event);) {
      if (event.has_job()) last = event.job();
    }
    return last;
  }
  // The stored bytes of a job's first artifact.
  std::string Result(const v1::Job& job) {
    v1::ReadBlobRequest read;
    if (job.artifacts().empty()) return "";
    read.set_name(job.artifacts(0).blob());
    const auto context = Context();
    const auto reader = blobs_->ReadBlob(context.get(), read);
    std::string bytes;
    for (v1::ReadBlobResponse piece; reader->Read(&piece);)
      bytes += piece.data();
    return bytes;
  }
  std::string Store(const std::string& bytes) {
    v1::UploadBlobResponse response;
    const auto context = Context();
    const auto writer = blobs_->UploadBlob(context.get(), &response);
    v1::UploadBlobRequest message;
    message.mutable_header()->set_name(BlobNameOf(bytes));
    message.mutable_header()->set_size_bytes(
        static_cast<int64_t>(bytes.size()));
    writer->Write(message);
    message.set_data(bytes);
    writer->Write(message);
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
    return response.blob().name();
  }
  grpc::Status AddModel(const std::string& bytes) {
    v1::CreateModelRequest request;
    request.set_model_id("net");
    request.set_blob(Store(bytes));
    v1::Model model;
    return models_->CreateModel(Context().get(), request, &model);
  }

  TempDir dir_;
  std::unique_ptr<Subprocess> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
};

TEST_F(BinaryTest, AJobBecomesAPicture) {
  Start();
  const v1::Job job = AwaitEnd(Submit(TinySpec(8)).name());
  ASSERT_EQ(job.state(), v1::Job::SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.step(), 8);
  EXPECT_THAT(Result(job), StartsWith("\x89PNG"));
  EXPECT_EQ(job.artifacts(0).width(), 64);
}

TEST_F(BinaryTest, TheSameSpecMakesTheSameBytesAndAnotherSeedOthers) {
  Start();
  v1::JobSpec spec = TinySpec(6);
  const std::string first = Result(AwaitEnd(Submit(spec).name()));
  EXPECT_EQ(Result(AwaitEnd(Submit(spec).name())), first);
  spec.set_seed(1);
  EXPECT_NE(Result(AwaitEnd(Submit(spec).name())), first);
}

TEST_F(BinaryTest, SigtermEndsItWellAndTheRunningJobGoesOnToTheSameBytes) {
  Start();
  const std::string whole = Result(AwaitEnd(Submit(TinySpec(60)).name()));
  const std::string name = Submit(TinySpec(60)).name();
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(), 0) << server_->ReadStderr();
  Start();
  EXPECT_EQ(Result(AwaitEnd(name)), whole);
}

TEST_F(BinaryTest, AnAcceptedJobSurvivesKillMinusNine) {
  Start();
  const std::string name = Submit(TinySpec(5)).name();
  server_->Signal(SIGKILL);
  EXPECT_EQ(server_->Wait(), 128 + SIGKILL);
  Start();
  EXPECT_EQ(AwaitEnd(name).state(), v1::Job::SUCCEEDED);
}

TEST_F(BinaryTest, WhatIsWrongWithASpecIsToldAndTheServerLives) {
  Start();
  v1::Job job;
  v1::JobSpec spec = TinySpec(5);
  spec.mutable_objectives(0)->mutable_channel()->set_layer("mixd4a");
  grpc::Status status = Create(spec, &job);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              HasSubstr("spec.objectives[0].channel.layer"));
  EXPECT_THAT(status.error_message(), HasSubstr("\"mixed4a\""));
  spec = TinySpec(5);
  spec.mutable_objectives(0)->mutable_channel()->set_channel(100'000);
  EXPECT_EQ(Create(spec, &job).error_code(), StatusCode::INVALID_ARGUMENT);
  spec = TinySpec(5);
  spec.set_model("phosphene-tinny");
  status = Create(spec, &job);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("\"phosphene-tiny\""));
  spec = TinySpec(5);
  spec.mutable_parameterization()->set_width(100'000);
  EXPECT_EQ(Create(spec, &job).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(AwaitEnd(Submit(TinySpec(1)).name()).state(), v1::Job::SUCCEEDED);
}

TEST_F(BinaryTest, FilesThatAreNoNetworkAreRefused) {
  Start();
  for (const std::string& bytes :
       {std::string(), std::string("\xff\xd8\xff\xe0 a JPEG"),
        std::string(5000, '\x0a'), std::string("\x08\x07\x12\x04xyz", 8)}) {
    const grpc::Status status = AddModel(bytes);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT)
        << status.error_message();
  }
  v1::ListModelsResponse models;
  ASSERT_TRUE(models_->ListModels(Context().get(), {}, &models).ok());
  EXPECT_EQ(models.models_size(), 1);
}

TEST_F(BinaryTest, TheLayersOfTheEmbeddedModelAreListed) {
  Start();
  v1::ListLayersRequest request;
  request.set_parent("models/phosphene-tiny");
  v1::ListLayersResponse layers;
  ASSERT_TRUE(models_->ListLayers(Context().get(), request, &layers).ok());
  bool found = false;
  for (const v1::Layer& layer : layers.layers())
    found |= layer.name() == "mixed4a" && layer.channels() == 208;
  EXPECT_TRUE(found);
}

TEST_F(BinaryTest, AFullDiskIsToldAndTheServerLives) {
  TinyDisk disk(4 << 20);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tiny disk";
  server_ = std::make_unique<Subprocess>(
      Words({"--listen", socket(), "--data", disk.path(), "--http", "off",
             "--threads", "1"}),
      stderr_file());
  ASSERT_THAT(server_->ReadLine(), StartsWith("phosphened serving on"))
      << server_->ReadStderr();
  channel_ = grpc::CreateChannel(socket(), grpc::InsecureChannelCredentials());
  blobs_ = v1::BlobService::NewStub(channel_);
  const auto context = Context();
  v1::UploadBlobResponse response;
  const auto writer = blobs_->UploadBlob(context.get(), &response);
  const std::string bytes(8 << 20, 'x');
  v1::UploadBlobRequest message;
  message.mutable_header()->set_name(BlobNameOf(bytes));
  message.mutable_header()->set_size_bytes(static_cast<int64_t>(bytes.size()));
  writer->Write(message);
  message.set_data(bytes.substr(0, 1 << 20));
  for (int i = 0; i < 8 && writer->Write(message); ++i) {
  }
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  v1::StatBlobsResponse none;
  EXPECT_TRUE(blobs_->StatBlobs(Context().get(), {}, &none).ok());
}

TEST_F(BinaryTest, TheSocketIsItsOwnersAlone) {
  Start();
  struct stat info {};
  ASSERT_EQ(::stat((dir_.path() + "/socket").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(BinaryTest, ItExplainsItselfAndRefusesWhatItDoesNotKnow) {
  Subprocess help(Words({"--help"}), stderr_file());
  EXPECT_THAT(help.ReadAll(), HasSubstr("--drain-seconds"));
  EXPECT_EQ(help.Wait(), 0);
  Subprocess wrong(Words({"--lissen", "x"}), stderr_file());
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_THAT(wrong.ReadStderr(), HasSubstr("\"--listen\""));
  Subprocess open(Words({"--listen", "0.0.0.0:0"}), stderr_file());
  EXPECT_EQ(open.Wait(), 2);
  EXPECT_THAT(open.ReadStderr(), HasSubstr("--insecure"));
}

TEST_F(BinaryTest, ASecondServerOnTheSameDataIsRefused) {
  Start();
  Subprocess second(Words({"--listen", "127.0.0.1:0", "--data",
                           dir_.path() + "/data", "--http", "off"}),
                    dir_.path() + "/stderr2");
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.ReadStderr(), HasSubstr(dir_.path() + "/data"));
}

}  // namespace
}  // namespace phosphene
