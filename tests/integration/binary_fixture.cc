#include "tests/integration/binary_fixture.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"

namespace phosphene {

void BinaryFixture::Start(const std::vector<std::string>& before) {
  std::vector<std::string> words = before;
  for (const std::string& word :
       {std::string(PHOSPHENED), std::string("--listen"),
        "unix:" + socket_path(), std::string("--data"), dir_.path() + "/data",
        std::string("--http"), std::string("127.0.0.1:0"),
        std::string("--threads"), std::string("1")}) {
    words.push_back(word);
  }
  server_ = std::make_unique<Subprocess>(words, dir_.path() + "/stderr");
  const std::string line = server_->ReadLine();
  ASSERT_THAT(line, testing::StartsWith("phosphened serving on "))
      << server_->ReadStderr();
  const size_t http = line.find(", http ") + 7;
  http_ = line.substr(http, line.find_first_of(",)", http) - http);
  jobs_ = NewClient();
}

std::unique_ptr<grpc::ClientContext> BinaryFixture::Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(120));
  return context;
}

v1::JobSpec BinaryFixture::TinySpec(int steps) {
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

std::unique_ptr<v1::JobService::Stub> BinaryFixture::NewClient() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::JobService::NewStub(grpc::CreateCustomChannel(
      "unix:" + socket_path(), grpc::InsecureChannelCredentials(), arguments));
}

v1::Job BinaryFixture::Submit(const v1::JobSpec& spec) {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = spec;
  v1::Job job;
  const grpc::Status status = jobs_->CreateJob(Context().get(), request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

v1::Job BinaryFixture::Get(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  v1::Job job;
  const grpc::Status status = jobs_->GetJob(Context().get(), request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

void BinaryFixture::AwaitStep(const std::string& name, int64_t step) {
  v1::WatchJobRequest watch;
  watch.set_name(name);
  const auto context = Context();
  const auto reader = jobs_->WatchJob(context.get(), watch);
  for (v1::JobEvent event; reader->Read(&event);) {
    if (!event.has_progress() || event.progress().step() < step) continue;
    context->TryCancel();
    return;
  }
}

v1::Job BinaryFixture::AwaitEnd(const std::string& name) {
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

std::string BinaryFixture::Proc(const std::string& rest) const {
  return absl::StrCat("/proc/", server_->pid(), rest);
}

}  // namespace phosphene
