#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "server/base/mutex.h"

namespace phosphene::client {

// One FollowJob call: events come in, what was dealt with is acknowledged.
// Thread-safe.
class FollowStream final
    : private grpc::ClientBidiReactor<v1::FollowJobRequest, v1::JobEvent> {
 public:
  // Starts the call. `on_event` is called by gRPC's threads, one event after
  // another, and must not block. `stub` and `context` must outlive this; end
  // it early by `context->TryCancel()`.
  FollowStream(v1::JobService::Stub& stub, grpc::ClientContext* context,
               const v1::WatchJobRequest& request,
               std::function<void(v1::JobEvent)> on_event);
  // REQUIRES: Wait has returned.
  ~FollowStream() override = default;

  // Tells the server that frames up to this sequence have been dealt with.
  // Never blocks; nothing happens when the call has ended.
  void Acknowledge(int64_t sequence);

  // Returns when the call has ended, with its status.
  grpc::Status Wait();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // Takes the next message to be written; false: none is due, or one is being
  // written already. A write must follow, then RemoveHold.
  bool TakeWriteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(v1::JobEvent)> on_event_;
  v1::JobEvent event_;            // being read
  v1::FollowJobRequest message_;  // being written
  Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;  // more can be read
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t acknowledged_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace phosphene::client
