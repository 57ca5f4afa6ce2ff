#pragma once

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/config.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "phosphene/v1/model_service.grpc.pb.h"
#include "phosphene/v1/system_service.grpc.pb.h"
#include "server/server.h"
#include "tests/support/fake_engine.h"
#include "tests/support/temp_dir.h"

namespace phosphene {

// The google.rpc.ErrorInfo and BadRequest of a failed call.
google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status);
google::rpc::BadRequest BadRequestOf(const grpc::Status& status);
bool HasRetryInfo(const grpc::Status& status);

// A failed call: code, part of the message, and the ErrorInfo every error
// carries.
MATCHER_P2(FailsWith, code, part, "fails with code and message") {
  *result_listener << "code " << arg.error_code() << ", \""
                   << arg.error_message() << "\"";
  return arg.error_code() == code &&
         arg.error_message().find(part) != std::string::npos &&
         ErrorInfoOf(arg).domain() == "phosphene" &&
         !ErrorInfoOf(arg).reason().empty();
}
MATCHER(Succeeds, "succeeds") {
  *result_listener << "code " << arg.error_code() << ", \""
                   << arg.error_message() << "\"";
  return arg.ok();
}

// Steps of a job that does not end by itself during a test.
inline constexpr int kLong = 1'000'000;

// FakeSpec on the embedded model, which every server has.
v1::JobSpec TinySpec(int steps);

// Holds a run between two steps until Open: a hook of FakeEngine waits in it.
// Must outlive that run, so the fixture keeps it (NewGate).
class Gate {
 public:
  // Returns once a run is in Wait.
  void AwaitArrival() { arrived_.get_future().wait(); }
  void Wait() {
    arrived_.set_value();
    open_.get_future().wait();
  }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> arrived_;
  std::promise<void> open_;
};

// A server on a Unix socket with a fake engine, and stubs that talk to it.
class ServiceFixture : public testing::Test {
 protected:
  // Its options; change them before Start.
  v1::ServerConfig config_;

  ServiceFixture();
  ~ServiceFixture() override;

  // Starts a server on the fixture's folder; again after Shut.
  void Start();
  void Shut() { server_.reset(); }

  // A context with a deadline that a sound test does not reach.
  static std::unique_ptr<grpc::ClientContext> Context();

  // Calls with such a context.
  grpc::Status Create(const v1::CreateJobRequest& request, v1::Job* job);
  // A job of `steps` steps that is expected to be accepted.
  v1::Job Submit(int steps, const std::string& id = "");
  grpc::Status Get(const std::string& name, v1::Job* job);
  v1::Job Get(const std::string& name);
  grpc::Status Cancel(const std::string& name, v1::Job* job);
  // All events of a watch from `after` to its end.
  std::vector<v1::JobEvent> Watch(const std::string& name, int64_t after = 0,
                                  grpc::Status* end = nullptr);
  // Waits for the end of a job, by a watch.
  v1::Job AwaitEnd(const std::string& name);
  // Stores bytes by the upload call.
  grpc::Status Upload(const v1::UploadBlobRequest::Header& header,
                      const std::vector<std::string>& pieces, v1::Blob* blob);
  std::string Store(const std::string& bytes);
  grpc::Status Read(const std::string& name, int64_t offset, int64_t limit,
                    std::string* bytes, int* messages = nullptr);

  Gate& NewGate() { return gates_.emplace_back(); }

  TempDir dir_;
  std::deque<Gate> gates_;
  FakeEngine* engine_ = nullptr;  // of the running server
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
  std::unique_ptr<v1::SystemService::Stub> system_;
};

}  // namespace phosphene
