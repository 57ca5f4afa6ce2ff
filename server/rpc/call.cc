// What all calls have in common: admission, account, and the way to a thread.
#include "server/rpc/call.h"

#include <utility>

#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/rpc/status_to_grpc.h"

namespace phosphene {
namespace {

// Deletes itself when gRPC is done with it, which is after Finish; a task the
// executor took always runs and always finishes, so OnCancel has nothing to do.
class UnaryReactor : public grpc::ServerUnaryReactor {
 public:
  UnaryReactor(const RpcEnvironment& env, const RpcMethod& method)
      : record_(env, method), budget_(env.budget) {}
  ~UnaryReactor() override {
    if (budget_ != nullptr) budget_->Give(taken_);
  }

  void Run(grpc::CallbackServerContext* context,
           const google::protobuf::Message& request, Executor& executor,
           std::function<absl::Status(const Caller&)> work) {
    absl::StatusOr<Caller> caller = record_.Admit(*context);
    if (caller.ok()) {
      const absl::Status room = TakeRoom(request);
      if (!room.ok()) caller = room;
    }
    if (!caller.ok()) {
      Finish(record_.End(caller.status()));
      return;
    }
    const bool taken = executor.TryExecute(
        [this, context, caller = *std::move(caller), work = std::move(work)] {
          Finish(record_.End(context->IsCancelled() ? CallCancelled()
                                                    : work(caller)));
        });
    if (!taken) Finish(record_.End(Overloaded()));
  }
  void OnDone() override { delete this; }

 private:
  absl::Status TakeRoom(const google::protobuf::Message& request) {
    if (budget_ == nullptr) return absl::OkStatus();
    const auto bytes = static_cast<int64_t>(request.SpaceUsedLong());
    if (budget_->Take(bytes)) {
      taken_ = bytes;
      return absl::OkStatus();
    }
    return WithReason(absl::UnavailableError(
                          "the server works on as many large requests as it "
                          "has memory for; call again"),
                      "OVERLOADED");
  }

  CallRecord record_;
  RequestBudget* const budget_;
  int64_t taken_ = 0;
};

}  // namespace

CallRecord::CallRecord(const RpcEnvironment& env, const RpcMethod& method)
    : env_(env), method_(method), start_(env.clock->Steady()) {
  env_.metrics->Started(method_);
}

absl::StatusOr<Caller> CallRecord::Admit(
    const grpc::CallbackServerContext& context) const {
  if (env_.refusing->load(std::memory_order_relaxed)) {
    return WithReason(absl::UnavailableError(
                          "the server is starting or going away; call again"),
                      "NOT_SERVING");
  }
  return env_.authorizer->Authorize(context);
}

grpc::Status CallRecord::End(const absl::Status& status) {
  env_.metrics->Handled(method_, static_cast<grpc::StatusCode>(status.code()),
                        env_.clock->Steady() - start_);
  if (absl::IsInternal(status) || absl::IsDataLoss(status)) {
    LogError("call failed", {{"method", method_.name},
                             {"error", std::string(status.message())}});
  }
  return ToGrpcStatus(status);
}

grpc::ServerUnaryReactor* RunUnary(
    const RpcEnvironment& env, const RpcMethod& method,
    grpc::CallbackServerContext* context,
    const google::protobuf::Message& request, Executor& executor,
    std::function<absl::Status(const Caller&)> work) {
  auto* reactor = new UnaryReactor(env, method);
  reactor->Run(context, request, executor, std::move(work));
  return reactor;
}

absl::Status Overloaded() {
  return WithReason(
      absl::UnavailableError("more calls wait than can be answered soon; call "
                             "again in a second"),
      "OVERLOADED");
}

absl::Status CallCancelled() {
  return WithReason(absl::CancelledError("the client gave the call up"),
                    "CALL_CANCELLED");
}

}  // namespace phosphene
