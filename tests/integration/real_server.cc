#include "tests/integration/real_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "server/storage/blob_store.h"

namespace phosphene {
namespace {

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(300));
  return context;
}

void ExpectOk(const grpc::Status& status) {
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace

void RealServer::Start() {
  const std::string socket = address();
  server_ = std::make_unique<Subprocess>(
      std::vector<std::string>{PHOSPHENED, "--listen", socket, "--data",
                               dir_.path() + "/data", "--http", "off",
                               "--threads", "1"},
      dir_.path() + "/stderr");
  ASSERT_THAT(server_->ReadLine(), testing::StartsWith("phosphened serving"))
      << server_->ReadStderr();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(
      socket, grpc::InsecureChannelCredentials(), arguments);
  jobs_ = v1::JobService::NewStub(channel);
  blobs_ = v1::BlobService::NewStub(channel);
}

void RealServer::Stop() {
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(), 0) << server_->ReadStderr();
}

v1::Job RealServer::Submit(const v1::JobSpec& spec) {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = spec;
  v1::Job job;
  ExpectOk(jobs_->CreateJob(Context().get(), request, &job));
  return job;
}

grpc::Status RealServer::Create(const v1::CreateJobRequest& request,
                                v1::Job* job) {
  return jobs_->CreateJob(Context().get(), request, job);
}

void RealServer::Watch(const std::string& name,
                       const std::function<bool(const v1::JobEvent&)>& until) {
  v1::WatchJobRequest watch;
  watch.set_name(name);
  const auto context = Context();
  const auto reader = jobs_->WatchJob(context.get(), watch);
  for (v1::JobEvent event; reader->Read(&event);) {
    if (!until(event)) continue;
    context->TryCancel();
    return;
  }
}

v1::Job RealServer::Await(const std::string& name, bool paused) {
  v1::Job last;
  Watch(name, [&](const v1::JobEvent& event) {
    if (event.has_job()) last = event.job();
    return paused && last.state() == v1::Job::PAUSED;
  });
  return last;
}

void RealServer::Pause(const std::string& name) {
  v1::PauseJobRequest request;
  request.set_name(name);
  v1::Job job;
  ExpectOk(jobs_->PauseJob(Context().get(), request, &job));
}

void RealServer::Resume(const std::string& name) {
  v1::ResumeJobRequest request;
  request.set_name(name);
  v1::Job job;
  ExpectOk(jobs_->ResumeJob(Context().get(), request, &job));
}

std::string RealServer::Result(const v1::Job& job) {
  EXPECT_EQ(job.state(), v1::Job::SUCCEEDED) << job.error().message();
  if (job.artifacts().empty()) return "";
  v1::ReadBlobRequest read;
  read.set_name(job.artifacts(0).blob());
  const auto context = Context();
  const auto reader = blobs_->ReadBlob(context.get(), read);
  std::string bytes;
  for (v1::ReadBlobResponse piece; reader->Read(&piece);) bytes += piece.data();
  return bytes;
}

std::string RealServer::Store(const std::string& bytes) {
  v1::UploadBlobResponse response;
  const auto context = Context();
  const auto writer = blobs_->UploadBlob(context.get(), &response);
  v1::UploadBlobRequest message;
  message.mutable_header()->set_name(BlobNameOf(bytes));
  message.mutable_header()->set_size_bytes(static_cast<int64_t>(bytes.size()));
  writer->Write(message);
  message.set_data(bytes);
  writer->Write(message);
  writer->WritesDone();
  ExpectOk(writer->Finish());
  return response.blob().name();
}

std::string RealServer::Uninterrupted(const v1::JobSpec& spec) {
  return Result(Await(Submit(spec).name()));
}

std::string RealServer::PausedAndResumed(const v1::JobSpec& spec) {
  const std::string name = Submit(spec).name();
  Watch(name, [](const v1::JobEvent& event) {
    return event.has_progress() && event.progress().step() > 0;
  });
  Pause(name);
  const v1::Job paused = Await(name, /*paused=*/true);
  EXPECT_EQ(paused.state(), v1::Job::PAUSED);
  EXPECT_GT(paused.step(), 0);
  EXPECT_LT(paused.step(), paused.total_steps());
  Stop();
  Start();
  Resume(name);
  return Result(Await(name));
}

}  // namespace phosphene
