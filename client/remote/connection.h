#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/base/failure.h"
#include "client/remote/access.h"
#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "phosphene/v1/model_service.grpc.pb.h"
#include "phosphene/v1/system_service.grpc.pb.h"

namespace phosphene::client {

// Unary calls end after this unless they say otherwise. A busy machine takes
// its time to look into a network of gigabytes; who is impatient interrupts.
constexpr absl::Duration kCallTimeout = absl::Minutes(1);
// CreateModel reads a whole network and runs it once.
constexpr absl::Duration kModelTimeout = absl::Minutes(5);

// A server and the stubs of its services. Idempotent calls are tried again on
// UNAVAILABLE (4 times, 0.1 s to 1 s apart); streams are not, their users go
// on where they were. Thread-safe.
class Connection {
 public:
  // Connects when first used. INVALID_ARGUMENT names the setting whose file
  // cannot be had.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(Access access);
  // In plaintext and without a token. `address` is HOST:PORT or unix:PATH.
  explicit Connection(std::string address);

  const std::string& address() const { return access_.server; }
  v1::JobService::Stub& jobs() { return *jobs_; }
  v1::ModelService::Stub& models() { return *models_; }
  v1::BlobService::Stub& blobs() { return *blobs_; }
  v1::SystemService::Stub& system() { return *system_; }
  // On a channel of its own with a small receive window: a watcher that
  // falls behind should find the newest frame, not a queue of old ones.
  v1::JobService::Stub& watch() { return *watch_; }
  // For services beside those of phosphene.v1.
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }

  // One unary call: status with details, as Failure.
  // Example: Call(c.jobs(), &v1::JobService::Stub::GetJob, request)
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request, absl::Duration timeout = kCallTimeout) {
    grpc::ClientContext context;
    Prepare(context, timeout);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return Failure(status);
    return response;
  }

  // The status of a call with what to do about it: no server there, one that
  // speaks TLS or wants a certificate (it knocks at the door itself to tell
  // these apart, which takes seconds at worst), a token missing or refused.
  absl::Status Failure(const grpc::Status& status) const;

  // Whether no call will ever get through as things are: one side speaks TLS
  // and the other does not, or a certificate is not taken. Knocks, as Failure.
  bool IsShutOut() const;

  // Sets the deadline (none when infinite), shows the token, and passes
  // TRACEPARENT of the environment on, so that a job belongs to its caller's
  // trace.
  void Prepare(grpc::ClientContext& context, absl::Duration timeout) const;

 private:
  Connection(Access access,
             const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  const Access access_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
  std::unique_ptr<v1::SystemService::Stub> system_;
  std::unique_ptr<v1::JobService::Stub> watch_;
};

// Waits that double from 0.1 s to 5 s. Thread-compatible.
class Backoff {
 public:
  absl::Duration Next();
  void Reset() { next_ = absl::Milliseconds(100); }

 private:
  absl::Duration next_ = absl::Milliseconds(100);
};

// A random UUID (version 4), for CreateJobRequest.request_id.
std::string NewUuid();

}  // namespace phosphene::client
