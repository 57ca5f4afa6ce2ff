#include "server/rpc/watch_reactor.h"

#include <memory>
#include <string>
#include <utility>

#include "server/base/mutex.h"
#include "server/rpc/status_to_grpc.h"
#include "server/stream/watch.h"

namespace phosphene {
namespace {

constexpr RpcMethod kWatchJob = {"phosphene.v1.JobService", "WatchJob",
                                 "server_stream"};

// The bytes of an event, not copied: the slice keeps it alive.
grpc::Slice SliceOf(const std::shared_ptr<const HubEvent>& event) {
  auto* keep = new std::shared_ptr<const HubEvent>(event);
  return grpc::Slice(
      const_cast<char*>(event->wire.data()), event->wire.size(),
      [](void* kept) {
        delete static_cast<std::shared_ptr<const HubEvent>*>(kept);
      },
      keep);
}

grpc::ByteBuffer ToBytes(const Delivery& delivery) {
  const std::string tail = delivery.Tail();
  const grpc::Slice slices[] = {SliceOf(delivery.event), grpc::Slice(tail)};
  return grpc::ByteBuffer(slices, tail.empty() ? 1 : 2);
}

// gRPC holds a raw pointer until OnDone, tasks hold shared ones: `self_` is
// gRPC's share.
class Watch : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
              public std::enable_shared_from_this<Watch> {
 public:
  explicit Watch(const WatchParts& parts)
      : parts_(parts), record_(*parts.env, kWatchJob) {}

  void Start(grpc::CallbackServerContext* context,
             const v1::WatchJobRequest& request) {
    self_ = shared_from_this();
    const absl::StatusOr<Caller> caller = record_.Admit(*context);
    if (!caller.ok()) {
      End(caller.status());
      return;
    }
    parts_.env->quick->Execute(
        [self = self_, request] { self->Open(request); });
  }

  void OnCancel() override { GiveUp(); }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(&mu_);
      writing_ = false;
      last_write_ = parts_.env->clock->Steady();
      if (!ok) cancelled_ = true;
    }
    parts_.env->quick->Execute([self = shared_from_this()] { self->Pump(); });
  }

  void OnDone() override {
    const std::shared_ptr<Watch> last = std::move(self_);
  }

 private:
  void Open(const v1::WatchJobRequest& request) {
    auto opened = OpenWatch(*parts_.store, *parts_.blobs, *parts_.hub, request);
    if (!opened.ok()) {
      End(opened.status());
      return;
    }
    {
      MutexLock lock(&mu_);
      subscription_ = *std::move(opened);
      last_write_ = parts_.env->clock->Steady();
      sequence_ = request.after_sequence();
    }
    ArmHeartbeat(parts_.heartbeat);
    Pump();
  }

  void GiveUp() {
    {
      MutexLock lock(&mu_);
      cancelled_ = true;
    }
    parts_.env->quick->Execute([self = shared_from_this()] { self->Pump(); });
  }

  // Does the next thing there is to do, if it can be done now. gRPC is called
  // after the lock is released: `writing_` and `ended_` keep others out.
  void Pump() {
    Subscription::Taken taken;
    {
      MutexLock lock(&mu_);
      if (ended_ || writing_ || subscription_ == nullptr) return;
      if (cancelled_) {
        taken.kind = Subscription::Taken::Kind::kEnded;
        taken.status = CallCancelled();
      } else {
        taken = subscription_->Next(
            [weak = weak_from_this(), quick = parts_.env->quick] {
              if (auto self = weak.lock())
                quick->Execute([self] { self->Pump(); });
            });
      }
      if (taken.kind == Subscription::Taken::Kind::kPending) return;
      if (taken.kind == Subscription::Taken::Kind::kEvent) {
        writing_ = true;
        sequence_ = taken.delivery.event->sequence;
      }
    }
    if (taken.kind == Subscription::Taken::Kind::kEvent) {
      if (taken.delivery.event->kind == HubEvent::Kind::kFrame)
        parts_.env->metrics->FrameSent();
      Write(ToBytes(taken.delivery));
    } else {
      End(taken.status);
    }
  }

  // REQUIRES: writing_ was set by the caller.
  void Write(grpc::ByteBuffer bytes) {
    message_ = std::move(bytes);  // must live until OnWriteDone
    parts_.env->metrics->MessageSent(kWatchJob);
    StartWrite(&message_);
  }

  void End(const absl::Status& status) {
    std::unique_ptr<Subscription> over;
    {
      MutexLock lock(&mu_);
      if (ended_) return;
      ended_ = true;
      over = std::move(subscription_);
    }
    if (over != nullptr) over->Close();
    Finish(record_.End(status));
  }

  void ArmHeartbeat(absl::Duration delay) {
    parts_.env->quick->ExecuteAfter(delay, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->Beat();
    });
  }

  // Says that nothing happened, when nothing was said for a while.
  void Beat() {
    absl::Duration again = parts_.heartbeat;
    std::string bytes;
    {
      MutexLock lock(&mu_);
      if (ended_) return;
      const absl::Duration silence = parts_.env->clock->Steady() - last_write_;
      if (!writing_ && silence >= parts_.heartbeat) {
        writing_ = true;
        v1::JobEvent event;
        event.set_sequence(sequence_);
        event.mutable_time()->set_seconds(
            absl::ToUnixSeconds(parts_.env->clock->Now()));
        event.mutable_heartbeat();
        bytes = event.SerializeAsString();
      } else if (!writing_) {
        again -= silence;
      }
    }
    ArmHeartbeat(again);
    if (bytes.empty()) return;
    const grpc::Slice slice(bytes);
    Write(grpc::ByteBuffer(&slice, 1));
  }

  const WatchParts parts_;
  CallRecord record_;
  std::shared_ptr<Watch> self_;
  // Of the write in progress; touched by whoever set writing_.
  grpc::ByteBuffer message_;

  Mutex mu_;
  std::unique_ptr<Subscription> subscription_
      ABSL_GUARDED_BY(mu_);  // null until opened
  bool writing_ ABSL_GUARDED_BY(mu_) =
      false;  // StartWrite without its OnWriteDone
  bool cancelled_ ABSL_GUARDED_BY(mu_) =
      false;  // by the client, or the transport broke
  bool ended_ ABSL_GUARDED_BY(mu_) =
      false;  // Finish was or is about to be called
  absl::Duration last_write_ ABSL_GUARDED_BY(mu_);
  int64_t sequence_ ABSL_GUARDED_BY(mu_) = 0;  // of the last event sent
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    const WatchParts& parts, grpc::CallbackServerContext* context,
    const v1::WatchJobRequest& request) {
  auto watch = std::make_shared<Watch>(parts);
  Watch* const raw = watch.get();
  watch->Start(context, request);
  return raw;
}

}  // namespace phosphene
