// A FollowJob call by gRPC's callback API: reading and acknowledging at once.

#include "client/remote/follow_stream.h"

#include <utility>

namespace phosphene::client {

FollowStream::FollowStream(v1::JobService::Stub& stub,
                           grpc::ClientContext* context,
                           const v1::WatchJobRequest& request,
                           std::function<void(v1::JobEvent)> on_event)
    : on_event_(std::move(on_event)) {
  *message_.mutable_watch() = request;
  stub.async()->FollowJob(context, this);
  // Held until reading has ended, so that others may write until then.
  AddHold();
  StartWrite(&message_);
  StartRead(&event_);
  StartCall();
}

bool FollowStream::TakeWriteLocked() {
  if (!open_ || writing_ || acknowledged_ <= sent_) return false;
  writing_ = true;
  sent_ = acknowledged_;
  message_.set_acknowledged_sequence(sent_);
  AddHold();
  return true;
}

void FollowStream::Acknowledge(int64_t sequence) {
  {
    const MutexLock lock(&mutex_);
    if (sequence > acknowledged_) acknowledged_ = sequence;
    if (!TakeWriteLocked()) return;
  }
  StartWrite(&message_);
  RemoveHold();
}

void FollowStream::OnWriteDone(bool ok) {
  {
    const MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok || !TakeWriteLocked()) return;
  }
  StartWrite(&message_);
  RemoveHold();
}

void FollowStream::OnReadDone(bool ok) {
  if (ok) {
    on_event_(std::exchange(event_, {}));
    StartRead(&event_);
    return;
  }
  {
    const MutexLock lock(&mutex_);
    open_ = false;
  }
  RemoveHold();
}

void FollowStream::OnDone(const grpc::Status& status) {
  const MutexLock lock(&mutex_);
  status_ = status;
  done_ = true;
  changed_.SignalAll();
}

grpc::Status FollowStream::Wait() {
  const MutexLock lock(&mutex_);
  while (!done_) changed_.Wait(&mutex_);
  return status_;
}

}  // namespace phosphene::client
