#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/executor.h"
#include "server/metrics/call_metrics.h"
#include "server/rpc/authorize.h"
#include "server/rpc/request_budget.h"

namespace phosphene {

// What every call needs. Reactions run on gRPC's event threads and never
// block: store, disk and engine are touched on these executors, apart from
// each other so that a slow one holds up its kind alone. Each takes as many
// calls as it can answer soon; more are told that the server is overloaded.
// All must outlive the gRPC server.
struct RpcEnvironment {
  const Authorizer* authorizer = nullptr;
  CallMetrics* metrics = nullptr;
  const Clock* clock = &Clock::Real();
  // The server is starting or going away: new calls get UNAVAILABLE.
  const std::atomic<bool>* refusing = nullptr;
  Executor* quick = nullptr;      // one job is read; watches: a millisecond
  Executor* writes = nullptr;     // a job is changed: a commit
  Executor* lists = nullptr;      // pages of jobs: up to a second
  Executor* checks = nullptr;     // the engine looks at a spec
  Executor* models = nullptr;     // the engine looks at a network: seconds
  Executor* transfers = nullptr;  // blobs
  // What requests may take; null: anything.
  RequestBudget* budget = nullptr;
};

// Account of one call: admits it, and counts its start and its end.
// Thread-compatible.
class CallRecord {
 public:
  CallRecord(const RpcEnvironment& env, const RpcMethod& method);

  // UNAVAILABLE while refusing, UNAUTHENTICATED, or who calls. The first line
  // of every call.
  absl::StatusOr<Caller> Admit(
      const grpc::CallbackServerContext& context) const;

  // What the call ends with, counted. Call it once, with Finish.
  grpc::Status End(const absl::Status& status);

 private:
  const RpcEnvironment& env_;
  const RpcMethod method_;
  const absl::Duration start_;
};

// Answers a unary call by running `work` on `executor`; what it returns is the
// call's status. Request and response stay valid until then. A call the client
// gave up before its turn is not worked on; one too many, or one for whose
// request there is no memory left, is UNAVAILABLE, OVERLOADED at once, with the
// advice to try again in a second.
// Example:
//   return RunUnary(env_, kGetJob, context, *request, *env_.quick,
//                   [=](const Caller&) {
//     ASSIGN_OR_RETURN(*response, store_.Get(request->name()));
//     return absl::OkStatus();
//   });
grpc::ServerUnaryReactor* RunUnary(
    const RpcEnvironment& env, const RpcMethod& method,
    grpc::CallbackServerContext* context,
    const google::protobuf::Message& request, Executor& executor,
    std::function<absl::Status(const Caller&)> work);

// The status of a call for which there is no room.
absl::Status Overloaded();

// The status of a call whose client went away.
absl::Status CallCancelled();

}  // namespace phosphene
