#include "tests/rpc/hub_fixture.h"

#include <grpcpp/create_channel.h>

#include "server/jobs/sqlite_job_store.h"
#include "server/rpc/listen.h"

namespace phosphene {

HubFixture::HubFixture() {
  store_ = OpenSqliteJobStore({.directory = dir_.path()}).value();
  blobs_ = OpenBlobStore("memory", {}).value();
  service_ = std::make_unique<JobServiceImpl>(
      RpcEnvironment{.authorizer = &authorizer_,
                     .metrics = &metrics_,
                     .clock = &clock_,
                     .refusing = &refusing_,
                     .quick = &executor_,
                     .checks = &executor_,
                     .transfers = &executor_},
      JobServiceImpl::Options{
          .store = store_.get(), .blobs = blobs_.get(), .hub = &hub_});
  server_ =
      GrpcServer::Start(
          {.address =
               BindAddress(ParseListenAddress("127.0.0.1:0", "listen").value(),
                           "listen")
                   .value(),
           .credentials = grpc::InsecureServerCredentials(),
           .services = {service_.get()}})
          .value();
  stub_ = NewStub();
  NewJob job;
  job.job.set_name("jobs/still");
  *job.job.mutable_spec() = FakeSpec(1);
  EXPECT_TRUE(store_->Create(job).ok());
  request_.set_name("jobs/still");
  context_.set_deadline(std::chrono::system_clock::now() +
                        std::chrono::minutes(2));
}

HubFixture::~HubFixture() {
  context_.TryCancel();
  server_->Shutdown(absl::ZeroDuration());
}

std::unique_ptr<v1::JobService::Stub> HubFixture::NewStub() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65536);
  return v1::JobService::NewStub(grpc::CreateCustomChannel(
      server_->address(), grpc::InsecureChannelCredentials(), arguments));
}

void HubFixture::Running() {
  const v1::JobEvent event =
      StateEvent(store_->Claim("jobs/still", "devices/cpu-0").value());
  last_sequence_ = event.sequence();
  hub_.PublishState(event);
}

void HubFixture::Ends() {
  v1::JobEvent event;
  last_sequence_ += 1'000'000;
  event.set_sequence(last_sequence_);
  *event.mutable_job() = store_->Get("jobs/still").value().job;
  event.mutable_job()->set_state(v1::Job::SUCCEEDED);
  hub_.PublishState(event);
}

void HubFixture::Frame(int64_t step, size_t bytes) {
  v1::Frame frame;
  frame.set_step(step);
  frame.set_image(std::string(bytes, 'j'));
  hub_.PublishFrame("jobs/still", frame);
}

void HubFixture::Progress(int64_t step) {
  v1::Progress progress;
  progress.set_step(step);
  hub_.PublishProgress("jobs/still", progress);
}

int HubFixture::Received(const std::string& method) {
  double count = 0;
  for (const auto& family : registry_.Collect()) {
    if (family.name != "grpc_server_msg_received_total") continue;
    for (const auto& metric : family.metric) {
      for (const auto& label : metric.label) {
        if (label.name == "grpc_method" && label.value == method)
          count += metric.counter.value;
      }
    }
  }
  return static_cast<int>(count);
}

}  // namespace phosphene
