#pragma once

#include <grpcpp/support/status.h>

#include <memory>

#include "absl/time/time.h"

namespace prometheus {
class Registry;
}

namespace phosphene {

// An rpc, as metrics name it; all three are string literals.
struct RpcMethod {
  const char* service;  // "phosphene.v1.JobService"
  const char* name;     // "CreateJob"
  const char* type;     // "unary", "{server,client,bidi}_stream"
};

// Counts calls under the names of go-grpc-prometheus, which dashboards know:
// grpc_server_started_total, grpc_server_handled_total{grpc_code},
// grpc_server_handling_seconds, grpc_server_msg_received_total and
// grpc_server_msg_sent_total; and phosphene_frames_sent_total. Thread-safe.
class CallMetrics {
 public:
  // `registry` must outlive this.
  explicit CallMetrics(prometheus::Registry& registry);
  ~CallMetrics();

  void Started(const RpcMethod& method);
  void Handled(const RpcMethod& method, grpc::StatusCode code,
               absl::Duration took);
  void MessageReceived(const RpcMethod& method);
  void MessageSent(const RpcMethod& method);
  // A frame went to a watcher.
  void FrameSent();

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace phosphene
