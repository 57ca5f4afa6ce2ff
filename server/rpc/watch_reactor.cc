// The calls that carry a watch: WatchJob, and FollowJob with acknowledgements.
#include "server/rpc/watch_reactor.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

constexpr RpcMethod kWatchJob = {"phosphene.v1.JobService", "WatchJob",
                                 "server_stream"};
constexpr RpcMethod kFollowJob = {"phosphene.v1.JobService", "FollowJob",
                                  "bidi_stream"};

// What both calls share: a gRPC reactor that writes is a watch session.
template <typename Reactor>
class WatchCarrier : public Reactor, public WatchSession {
 public:
  using WatchSession::WatchSession;

  void OnWriteDone(bool ok) override { WriteDone(ok); }
  void OnCancel() override { GiveUp(); }
  void OnDone() override { Release(); }

 protected:
  void StartSending(const grpc::ByteBuffer* message) override {
    this->StartWrite(message);
  }
  void FinishCall(const grpc::Status& status) override { this->Finish(status); }
};

class WatchReactor final
    : public WatchCarrier<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  explicit WatchReactor(const WatchParts& parts)
      : WatchCarrier(parts, kWatchJob) {}

  void Start(grpc::CallbackServerContext* context,
             const v1::WatchJobRequest& request) {
    if (Begin(context)) Open(request, /*acknowledges=*/false);
  }
};

class FollowReactor final
    : public WatchCarrier<
          grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  explicit FollowReactor(const WatchParts& parts)
      : WatchCarrier(parts, kFollowJob) {}

  void Start(grpc::CallbackServerContext* context) {
    if (!Begin(context)) return;
    env().quick->ExecuteAfter(kFirstMessage, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self != nullptr) static_cast<FollowReactor&>(*self).ExpectOpened();
    });
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {  // half-closed, or the call is over
      if (opened_) {
        StopAcknowledging();
      } else {
        End(FieldError("watch",
                       "the call was closed without a message; the "
                       "first one says what to watch"));
      }
      return;
    }
    const absl::Status status = Receive();
    env().metrics->MessageReceived(method());
    if (status.ok()) {
      StartRead(&request_);
    } else if (opened_) {
      Fail(status);
    } else {
      End(status);
    }
  }

 private:
  // Does what the message says.
  absl::Status Receive() {
    v1::FollowJobRequest message;
    const grpc::Status parsed =
        grpc::SerializationTraits<v1::FollowJobRequest>::Deserialize(&request_,
                                                                     &message);
    if (!parsed.ok())
      return absl::InvalidArgumentError("the message cannot be parsed");
    if (opened_) {
      if (!message.has_acknowledged_sequence()) {
        return FieldError("part",
                          "a message after the first one has "
                          "acknowledged_sequence set, nothing else");
      }
      return Acknowledge(message.acknowledged_sequence());
    }
    if (!message.has_watch()) {
      return FieldError("watch",
                        "is not set; the first message says what to "
                        "watch");
    }
    opened_ = true;
    Open(message.watch(), /*acknowledges=*/true);
    return absl::OkStatus();
  }

  void ExpectOpened() {
    if (opened_) return;
    End(FieldError("watch", absl::StrCat("no first message came within ",
                                         absl::FormatDuration(kFirstMessage))));
  }

  grpc::ByteBuffer request_;  // of the read in progress
  std::atomic<bool> opened_ = false;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    const WatchParts& parts, grpc::CallbackServerContext* context,
    const v1::WatchJobRequest& request) {
  const auto watch = std::make_shared<WatchReactor>(parts);
  watch->Start(context, request);
  return watch.get();
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartFollow(
    const WatchParts& parts, grpc::CallbackServerContext* context) {
  const auto follow = std::make_shared<FollowReactor>(parts);
  follow->Start(context);
  return follow.get();
}

}  // namespace phosphene
