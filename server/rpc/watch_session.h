#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/base/mutex.h"
#include "server/jobs/job_store.h"
#include "server/rpc/call.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// What a watch needs; all borrowed until the gRPC server is shut down.
struct WatchParts {
  const RpcEnvironment* env = nullptr;
  JobStore* store = nullptr;
  BlobStore* blobs = nullptr;
  FrameHub* hub = nullptr;
  absl::Duration heartbeat;
};

// The life of one watch, whatever call carries it: opened, pumped event by
// event, kept alive by heartbeats, ended once. One write is outstanding at a
// time; while a slow reader's does not end, the subscription keeps only the
// latest frame, so it costs a bounded amount. Publishers never run gRPC code:
// what wakes a watch is passed on to `env->quick`. Ends with the final state,
// by the client's cancel, by the hub's CloseAll, or by the hub when nobody
// reads it: then the write is broken off.
//
// A carrier makes its gRPC reactor one, calls Begin, Open, WriteDone and GiveUp
// from its reactions, and Release in OnDone. Thread-safe.
class WatchSession : public std::enable_shared_from_this<WatchSession> {
 public:
  WatchSession(const WatchParts& parts, const RpcMethod& method);
  virtual ~WatchSession() = default;

 protected:
  // The carrier's StartWrite and Finish.
  virtual void StartSending(const grpc::ByteBuffer* message) = 0;
  virtual void FinishCall(const grpc::Status& status) = 0;

  // First of all: gRPC holds a raw pointer from now until OnDone, and this its
  // share. Returns whether the call is admitted; else it is ended.
  bool Begin(grpc::CallbackServerContext* context);
  // Attaches to the job, on env->quick. Once.
  void Open(const v1::WatchJobRequest& request, bool acknowledges);
  void WriteDone(bool ok);
  // The client went away.
  void GiveUp();
  // Ends the call with this as soon as the write in progress is through.
  void Fail(const absl::Status& status);
  // Ends the call at once. REQUIRES: Open was not called, or no write is in
  // progress.
  void End(const absl::Status& status);
  // As Subscription says; without effect before the watch is attached.
  absl::Status Acknowledge(int64_t sequence);
  void StopAcknowledging();
  void Release() {
    const std::shared_ptr<WatchSession> last = std::move(self_);
  }

  const RpcEnvironment& env() const { return *parts_.env; }
  const RpcMethod& method() const { return method_; }

 private:
  void Attach(const v1::WatchJobRequest& request, bool acknowledges);
  // Does the next thing there is to do, if it can be done now.
  void Pump();
  void PumpLater();
  // REQUIRES: writing_ was set by the caller.
  void Write(grpc::ByteBuffer bytes);
  // Breaks off a write that nobody reads.
  void CutOff(const absl::Status& status);
  void ArmHeartbeat(absl::Duration delay);
  void Beat();

  const WatchParts parts_;
  const RpcMethod method_;
  CallRecord record_;
  grpc::CallbackServerContext* context_ = nullptr;  // until OnDone
  std::string peer_;
  std::shared_ptr<WatchSession> self_;
  // Of the write in progress; touched by whoever set writing_.
  grpc::ByteBuffer message_;

  // gRPC is called after the lock is released: writing_, cutting_ and ended_
  // keep others out.
  Mutex mu_;
  std::shared_ptr<Subscription> subscription_
      ABSL_GUARDED_BY(mu_);  // null until attached, and when ended
  // StartWrite without its OnWriteDone.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool cutting_ ABSL_GUARDED_BY(mu_) = false;  // inside CutOff
  bool ended_ ABSL_GUARDED_BY(mu_) = false;    // Finish was or will be called
  // Nothing is acknowledged any more.
  bool half_closed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);  // what to end with
  absl::Duration last_write_ ABSL_GUARDED_BY(mu_);
  int64_t sequence_ ABSL_GUARDED_BY(mu_) = 0;  // of the last event sent
};

}  // namespace phosphene
