// The life of one watch, whatever call carries it.
#include "server/rpc/watch_session.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/rpc/peer.h"
#include "server/stream/watch.h"

namespace phosphene {
namespace {

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

// The same faults, of fields of `field`.
absl::Status InField(absl::string_view field, const absl::Status& status) {
  Faults faults;
  for (const Fault& fault : FaultsOf(status))
    faults.Add(absl::StrCat(field, ".", fault.field), fault.message);
  return faults.empty() ? status : faults.ToStatus();
}

}  // namespace

WatchSession::WatchSession(const WatchParts& parts, const RpcMethod& method)
    : parts_(parts), method_(method), record_(*parts.env, method) {}

bool WatchSession::Begin(grpc::CallbackServerContext* context) {
  self_ = shared_from_this();
  context_ = context;
  const absl::StatusOr<Caller> caller = record_.Admit(*context);
  if (!caller.ok()) {
    End(caller.status());
    return false;
  }
  peer_ = PeerOf(context->peer(), caller->tenant);
  return true;
}

void WatchSession::Open(const v1::WatchJobRequest& request, bool acknowledges) {
  env().quick->Execute([self = shared_from_this(), request, acknowledges] {
    self->Attach(request, acknowledges);
  });
}

void WatchSession::Attach(const v1::WatchJobRequest& request,
                          bool acknowledges) {
  auto opened =
      OpenWatch(*parts_.store, *parts_.blobs, *parts_.hub, request,
                {.acknowledges = acknowledges,
                 .peer = peer_,
                 .cut = [weak = weak_from_this(),
                         quick = env().quick](const absl::Status& status) {
                   if (auto self = weak.lock())
                     quick->Execute([self, status] { self->CutOff(status); });
                 }});
  if (!opened.ok()) {
    End(acknowledges ? InField("watch", opened.status()) : opened.status());
    return;
  }
  {
    MutexLock lock(&mu_);
    if (ended_) return;
    subscription_ = *std::move(opened);
    if (half_closed_) subscription_->StopAcknowledging();
    last_write_ = env().clock->Steady();
    sequence_ = request.after_sequence();
  }
  ArmHeartbeat(parts_.heartbeat);
  Pump();
}

void WatchSession::WriteDone(bool ok) {
  {
    MutexLock lock(&mu_);
    writing_ = false;
    last_write_ = env().clock->Steady();
  }
  if (ok) {
    PumpLater();
  } else {
    GiveUp();
  }
}

void WatchSession::GiveUp() { Fail(CallCancelled()); }

void WatchSession::Fail(const absl::Status& status) {
  {
    MutexLock lock(&mu_);
    if (failure_.ok()) failure_ = status;
  }
  PumpLater();
}

absl::Status WatchSession::Acknowledge(int64_t sequence) {
  std::shared_ptr<Subscription> subscription;
  {
    MutexLock lock(&mu_);
    subscription = subscription_;
  }
  return subscription == nullptr ? absl::OkStatus()
                                 : subscription->Acknowledge(sequence);
}

void WatchSession::StopAcknowledging() {
  std::shared_ptr<Subscription> subscription;
  {
    MutexLock lock(&mu_);
    half_closed_ = true;
    subscription = subscription_;
  }
  if (subscription != nullptr) subscription->StopAcknowledging();
}

void WatchSession::PumpLater() {
  env().quick->Execute([self = shared_from_this()] { self->Pump(); });
}

void WatchSession::Pump() {
  Subscription::Taken taken;
  {
    MutexLock lock(&mu_);
    if (ended_ || writing_ || cutting_ || subscription_ == nullptr) return;
    // What the hub ends a watch with is told before what that led to.
    taken = subscription_->Next([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->PumpLater();
    });
    if (!failure_.ok() && taken.kind != Subscription::Taken::Kind::kEnded) {
      taken.kind = Subscription::Taken::Kind::kEnded;
      taken.status = failure_;
    }
    if (taken.kind == Subscription::Taken::Kind::kPending) return;
    if (taken.kind == Subscription::Taken::Kind::kEvent) {
      writing_ = true;
      sequence_ = taken.delivery.event->sequence;
    }
  }
  if (taken.kind == Subscription::Taken::Kind::kEvent) {
    if (taken.delivery.event->kind == HubEvent::Kind::kFrame)
      env().metrics->FrameSent();
    Write(ToBytes(taken.delivery));
  } else {
    End(taken.status);
  }
}

void WatchSession::Write(grpc::ByteBuffer bytes) {
  message_ = std::move(bytes);  // must live until OnWriteDone
  env().metrics->MessageSent(method_);
  StartSending(&message_);
}

void WatchSession::End(const absl::Status& status) {
  std::shared_ptr<Subscription> over;
  {
    MutexLock lock(&mu_);
    if (ended_) return;
    ended_ = true;
    over = std::move(subscription_);
  }
  if (over != nullptr) over->Close();
  FinishCall(record_.End(status));
}

void WatchSession::CutOff(const absl::Status& status) {
  bool writing = false;
  {
    MutexLock lock(&mu_);
    if (ended_ || cutting_) return;
    writing = writing_;
    cutting_ = writing_;
  }
  // A status alone would wait behind the bytes that nobody reads.
  if (writing) {
    grpc_call_cancel_with_status(
        context_->c_call(), static_cast<grpc_status_code>(status.code()),
        std::string(status.message()).c_str(), nullptr);
    MutexLock lock(&mu_);
    cutting_ = false;
  }
  Pump();
}

void WatchSession::ArmHeartbeat(absl::Duration delay) {
  env().quick->ExecuteAfter(delay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Beat();
  });
}

// Says that nothing happened, when nothing was said for a while.
void WatchSession::Beat() {
  absl::Duration again = parts_.heartbeat;
  std::string bytes;
  {
    MutexLock lock(&mu_);
    if (ended_) return;
    const absl::Duration silence = env().clock->Steady() - last_write_;
    if (!writing_ && !cutting_ && silence >= parts_.heartbeat) {
      writing_ = true;
      v1::JobEvent event = NewEvent(sequence_, env().clock->Now());
      event.mutable_heartbeat();
      bytes = event.SerializeAsString();
    } else if (!writing_) {
      again -= std::min(silence, again);
    }
  }
  ArmHeartbeat(again);
  if (bytes.empty()) return;
  const grpc::Slice slice(bytes);
  Write(grpc::ByteBuffer(&slice, 1));
}

}  // namespace phosphene
