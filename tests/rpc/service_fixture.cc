#include "tests/rpc/service_fixture.h"

#include <grpcpp/create_channel.h>

#include <chrono>
#include <utility>

#include "google/rpc/status.pb.h"
#include "server/config.h"
#include "server/storage/blob_store.h"

namespace phosphene {
namespace {

template <typename Detail>
bool FindDetail(const grpc::Status& status, Detail* detail) {
  google::rpc::Status full;
  if (!full.ParseFromString(status.error_details())) return false;
  for (const google::protobuf::Any& any : full.details()) {
    if (any.UnpackTo(detail)) return true;
  }
  return false;
}

}  // namespace

google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  FindDetail(status, &info);
  return info;
}

google::rpc::BadRequest BadRequestOf(const grpc::Status& status) {
  google::rpc::BadRequest bad;
  FindDetail(status, &bad);
  return bad;
}

v1::JobSpec TinySpec(int steps) {
  v1::JobSpec spec = FakeSpec(steps);
  spec.set_model("phosphene-tiny");
  return spec;
}

bool HasRetryInfo(const grpc::Status& status) {
  google::rpc::RetryInfo retry;
  return FindDetail(status, &retry);
}

ServiceFixture::ServiceFixture() {
  config_.set_listen("unix:" + dir_.path() + "/socket");
  config_.set_data(dir_.path() + "/data");
  config_.set_http("off");
  config_.set_log_level("error");
  FillDefaults(config_);
}

ServiceFixture::~ServiceFixture() = default;

void ServiceFixture::Start() {
  auto server = Server::Create(
      config_,
      [this](EngineInputs, int) -> absl::StatusOr<std::unique_ptr<Engine>> {
        auto engine = std::make_unique<FakeEngine>();
        engine_ = engine.get();
        return engine;
      });
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  // Channels of one process share connections; a restart needs a new one.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(
      server_->address(), grpc::InsecureChannelCredentials(), arguments);
  jobs_ = v1::JobService::NewStub(channel_);
  models_ = v1::ModelService::NewStub(channel_);
  blobs_ = v1::BlobService::NewStub(channel_);
  system_ = v1::SystemService::NewStub(channel_);
}

std::unique_ptr<grpc::ClientContext> ServiceFixture::Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(30));
  context->set_wait_for_ready(true);
  return context;
}

grpc::Status ServiceFixture::Create(const v1::CreateJobRequest& request,
                                    v1::Job* job) {
  return jobs_->CreateJob(Context().get(), request, job);
}

v1::Job ServiceFixture::Submit(int steps, const std::string& id) {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = TinySpec(steps);
  request.set_job_id(id);
  v1::Job job;
  const grpc::Status status = Create(request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

grpc::Status ServiceFixture::Get(const std::string& name, v1::Job* job) {
  v1::GetJobRequest request;
  request.set_name(name);
  return jobs_->GetJob(Context().get(), request, job);
}

v1::Job ServiceFixture::Get(const std::string& name) {
  v1::Job job;
  const grpc::Status status = Get(name, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

grpc::Status ServiceFixture::Cancel(const std::string& name, v1::Job* job) {
  v1::CancelJobRequest request;
  request.set_name(name);
  return jobs_->CancelJob(Context().get(), request, job);
}

std::vector<v1::JobEvent> ServiceFixture::Watch(const std::string& name,
                                                int64_t after,
                                                grpc::Status* end) {
  v1::WatchJobRequest request;
  request.set_name(name);
  request.set_after_sequence(after);
  const auto context = Context();
  const auto reader = jobs_->WatchJob(context.get(), request);
  std::vector<v1::JobEvent> events;
  for (v1::JobEvent event; reader->Read(&event);) events.push_back(event);
  const grpc::Status status = reader->Finish();
  if (end != nullptr) *end = status;
  return events;
}

v1::Job ServiceFixture::AwaitEnd(const std::string& name) {
  Watch(name);
  return Get(name);
}

grpc::Status ServiceFixture::Upload(const v1::UploadBlobRequest::Header& header,
                                    const std::vector<std::string>& pieces,
                                    v1::Blob* blob) {
  const auto context = Context();
  v1::UploadBlobResponse response;
  const auto writer = blobs_->UploadBlob(context.get(), &response);
  v1::UploadBlobRequest message;
  *message.mutable_header() = header;
  bool open = writer->Write(message);
  for (const std::string& piece : pieces) {
    message.set_data(piece);
    open = open && writer->Write(message);
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  *blob = response.blob();
  return status;
}

std::string ServiceFixture::Store(const std::string& bytes) {
  v1::UploadBlobRequest::Header header;
  header.set_name(BlobNameOf(bytes));
  header.set_size_bytes(static_cast<int64_t>(bytes.size()));
  v1::Blob blob;
  const grpc::Status status = Upload(header, {bytes}, &blob);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return blob.name();
}

grpc::Status ServiceFixture::Read(const std::string& name, int64_t offset,
                                  int64_t limit, std::string* bytes,
                                  int* messages) {
  v1::ReadBlobRequest request;
  request.set_name(name);
  request.set_offset(offset);
  request.set_limit(limit);
  const auto context = Context();
  const auto reader = blobs_->ReadBlob(context.get(), request);
  bytes->clear();
  int count = 0;
  for (v1::ReadBlobResponse piece; reader->Read(&piece); ++count)
    bytes->append(piece.data());
  if (messages != nullptr) *messages = count;
  return reader->Finish();
}

}  // namespace phosphene
