#include "tests/client/scripted_server.h"

#include <grpcpp/health_check_service_interface.h>

#include <chrono>

#include "google/rpc/status.pb.h"

namespace phosphene::client {

grpc::Status RichError(grpc::StatusCode code, const std::string& message,
                       const std::string& field,
                       const std::string& description) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason("TEST_REASON");
  info.set_domain("phosphene");
  details.add_details()->PackFrom(info);
  if (!field.empty()) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(description);
    details.add_details()->PackFrom(bad);
  }
  return grpc::Status(code, message, details.SerializeAsString());
}

class ScriptedServer::Jobs : public v1::JobService::Service {
 public:
  explicit Jobs(ScriptedServer& server) : server_(server) {}

  grpc::Status CreateJob(grpc::ServerContext*,
                         const v1::CreateJobRequest* request,
                         v1::Job* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    server_.created.push_back(*request);
    if (server_.create_unavailable > 0) {
      --server_.create_unavailable;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
    }
    if (!server_.create_error.ok()) return server_.create_error;
    *response = request->job();
    response->set_name("jobs/made");
    response->set_state(v1::Job::QUEUED);
    return grpc::Status::OK;
  }

  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                      v1::Job* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    if (request->name() != server_.job.name()) {
      return RichError(grpc::StatusCode::NOT_FOUND,
                       "no job \"" + request->name() + "\"", "", "");
    }
    *response = server_.job;
    return grpc::Status::OK;
  }

  grpc::Status ListJobs(grpc::ServerContext*,
                        const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    server_.listed.push_back(*request);
    for (const v1::Job& job : server_.jobs) *response->add_jobs() = job;
    response->set_total_size(static_cast<int64_t>(server_.jobs.size()));
    return grpc::Status::OK;
  }

  grpc::Status WatchJob(grpc::ServerContext*,
                        const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::JobEvent>* writer) override {
    const Watch watch = NextWatch(*request);
    for (const v1::JobEvent& event : watch.events) writer->Write(event);
    return watch.end;
  }

  grpc::Status FollowJob(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::JobEvent, v1::FollowJobRequest>* stream)
      override {
    {
      const std::lock_guard<std::mutex> lock(server_.mutex);
      ++server_.follow_calls;
      if (!server_.has_follow)
        return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "");
    }
    v1::FollowJobRequest request;
    stream->Read(&request);
    const Watch watch = NextWatch(request.watch());
    std::deque<int64_t> on_the_way;
    for (const v1::JobEvent& event : watch.events) {
      while (event.has_frame() && on_the_way.size() >= 2) {
        if (!stream->Read(&request)) return grpc::Status::CANCELLED;
        const int64_t done = request.acknowledged_sequence();
        while (!on_the_way.empty() && on_the_way.front() <= done)
          on_the_way.pop_front();
        const std::lock_guard<std::mutex> lock(server_.mutex);
        server_.acknowledged.push_back(done);
      }
      if (event.has_frame()) on_the_way.push_back(event.sequence());
      stream->Write(event);
    }
    return watch.end;
  }

 private:
  Watch NextWatch(const v1::WatchJobRequest& request) {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    server_.watched_after.push_back(request.after_sequence());
    if (server_.watches.empty())
      return {{}, grpc::Status(grpc::StatusCode::UNAVAILABLE, "none left")};
    Watch watch = server_.watches.front();
    if (server_.watches.size() > 1) server_.watches.pop_front();
    return watch;
  }

  ScriptedServer& server_;
};

class ScriptedServer::Blobs : public v1::BlobService::Service {
 public:
  explicit Blobs(ScriptedServer& server) : server_(server) {}

  grpc::Status StatBlobs(grpc::ServerContext*,
                         const v1::StatBlobsRequest* request,
                         v1::StatBlobsResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    for (const std::string& name : request->names()) {
      if (server_.blobs.count(name) == 0) {
        response->add_missing(name);
      } else {
        response->add_blobs()->set_name(name);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status QueryUpload(grpc::ServerContext*,
                           const v1::QueryUploadRequest* request,
                           v1::QueryUploadResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    response->set_committed_bytes(static_cast<int64_t>(server_.partial.size()));
    response->set_complete(server_.blobs.count(request->name()) > 0);
    return grpc::Status::OK;
  }

  grpc::Status UploadBlob(grpc::ServerContext*,
                          grpc::ServerReader<v1::UploadBlobRequest>* reader,
                          v1::UploadBlobResponse* response) override {
    v1::UploadBlobRequest message;
    reader->Read(&message);
    const v1::UploadBlobRequest::Header header = message.header();
    {
      const std::lock_guard<std::mutex> lock(server_.mutex);
      server_.upload_offsets.push_back(header.offset());
    }
    while (reader->Read(&message)) {
      const std::lock_guard<std::mutex> lock(server_.mutex);
      server_.partial += message.data();
      if (server_.break_upload_at >= 0 &&
          static_cast<int64_t>(server_.partial.size()) >=
              server_.break_upload_at) {
        server_.partial.resize(static_cast<size_t>(server_.break_upload_at));
        server_.break_upload_at = -1;
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
      }
    }
    const std::lock_guard<std::mutex> lock(server_.mutex);
    if (static_cast<int64_t>(server_.partial.size()) != header.size_bytes()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "size differs");
    }
    server_.blobs[header.name()] = server_.partial;
    server_.partial.clear();
    response->mutable_blob()->set_name(header.name());
    return grpc::Status::OK;
  }

  grpc::Status ReadBlob(
      grpc::ServerContext*, const v1::ReadBlobRequest* request,
      grpc::ServerWriter<v1::ReadBlobResponse>* writer) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    server_.read_offsets.push_back(request->offset());
    const auto found = server_.blobs.find(request->name());
    if (found == server_.blobs.end()) {
      return RichError(grpc::StatusCode::NOT_FOUND, "no blob", "", "");
    }
    std::string rest =
        found->second.substr(static_cast<size_t>(request->offset()));
    const bool cut = server_.break_read_at >= 0;
    if (cut)
      rest.resize(
          static_cast<size_t>(std::exchange(server_.break_read_at, -1)));
    for (size_t at = 0; at < rest.size(); at += 1000) {
      v1::ReadBlobResponse response;
      response.set_data(rest.substr(at, 1000));
      writer->Write(response);
    }
    return cut ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut")
               : grpc::Status::OK;
  }

 private:
  ScriptedServer& server_;
};

class ScriptedServer::Models : public v1::ModelService::Service {
 public:
  explicit Models(ScriptedServer& server) : server_(server) {}

  grpc::Status ListLayers(grpc::ServerContext*, const v1::ListLayersRequest*,
                          v1::ListLayersResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    for (const v1::Layer& layer : server_.layers)
      *response->add_layers() = layer;
    return grpc::Status::OK;
  }

  grpc::Status CreateModel(grpc::ServerContext*,
                           const v1::CreateModelRequest* request,
                           v1::Model* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    server_.models_created.push_back(*request);
    *response = request->model();
    response->set_name("models/" + request->model_id());
    response->add_notes("range inferred from the file's name");
    return grpc::Status::OK;
  }

 private:
  ScriptedServer& server_;
};

class ScriptedServer::System : public v1::SystemService::Service {
 public:
  explicit System(ScriptedServer& server) : server_(server) {}

  grpc::Status GetCapabilities(grpc::ServerContext*,
                               const v1::GetCapabilitiesRequest*,
                               v1::Capabilities* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    *response = server_.capabilities;
    return grpc::Status::OK;
  }

  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest*,
                           v1::ListDevicesResponse* response) override {
    const std::lock_guard<std::mutex> lock(server_.mutex);
    *response = server_.devices;
    return grpc::Status::OK;
  }

 private:
  ScriptedServer& server_;
};

ScriptedServer::ScriptedServer()
    : jobs_(std::make_unique<Jobs>(*this)),
      blobs_(std::make_unique<Blobs>(*this)),
      models_(std::make_unique<Models>(*this)),
      system_(std::make_unique<System>(*this)) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(jobs_.get());
  builder.RegisterService(blobs_.get());
  builder.RegisterService(models_.get());
  builder.RegisterService(system_.get());
  server_ = builder.BuildAndStart();
}

ScriptedServer::~ScriptedServer() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

void ScriptedServer::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

std::string ScriptedServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

}  // namespace phosphene::client
