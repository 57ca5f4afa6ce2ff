// Follows a job over broken connections, at the pace of who looks.

#include "client/remote/job_watch.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace phosphene::client {

bool IsFinal(v1::Job::State state) {
  return state == v1::Job::SUCCEEDED || state == v1::Job::FAILED ||
         state == v1::Job::CANCELLED;
}

JobWatch::JobWatch(Connection* connection, Options options)
    : connection_(connection),
      options_(std::move(options)),
      last_sequence_(options_.after_sequence),
      thread_([this] { Run(); }) {}

JobWatch::~JobWatch() {
  {
    const MutexLock lock(&mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  changed_.SignalAll();
  thread_.join();
}

void JobWatch::AcknowledgeLast() {
  std::shared_ptr<FollowStream> stream;
  int64_t sequence = 0;
  {
    const MutexLock lock(&mutex_);
    std::swap(sequence, shown_frame_);
    stream = stream_;
  }
  if (sequence > 0 && stream != nullptr) stream->Acknowledge(sequence);
}

JobWatch::Got JobWatch::Next(absl::Duration timeout, v1::JobEvent* event) {
  AcknowledgeLast();
  const absl::Time deadline = absl::Now() + timeout;
  const MutexLock lock(&mutex_);
  while (events_.empty() && !ended_ && !(lost_ && !lost_told_)) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return Got::kNothing;
    changed_.WaitFor(&mutex_, left);
  }
  if (!events_.empty()) {
    *event = std::move(events_.front());
    events_.pop_front();
    if (event->has_frame()) shown_frame_ = event->sequence();
    return Got::kEvent;
  }
  if (ended_) return Got::kEnd;
  lost_told_ = true;
  return Got::kLost;
}

absl::Status JobWatch::status() {
  const MutexLock lock(&mutex_);
  return status_;
}

// What a broken connection looks like, besides UNAVAILABLE: streams cut by a
// proxy or a dying server end in these. An answer with details is none. A
// stream that ended well without the final state is a server that went away,
// and one that nobody read for a while (the terminal stood still) is closed as
// RESOURCE_EXHAUSTED.
bool JobWatch::IsBrokenLocked(const grpc::Status& status) const {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNAVAILABLE:
      return true;
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::CANCELLED:
      return status.error_details().empty();
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return received_;
    default:
      return false;
  }
}

void JobWatch::Run() {
  Backoff backoff;
  absl::Time last_answer = absl::Now();
  grpc::Status status;
  while (true) {
    status = Attach();
    bool ever_received = false;
    {
      const MutexLock lock(&mutex_);
      if (stopped_ || final_seen_ || !IsBrokenLocked(status)) break;
      if (received_) {
        backoff.Reset();
        last_answer = absl::Now();
      }
      ever_received = ever_received_;
      lost_ = true;
    }
    // What time does not mend is told at once.
    if (!ever_received && connection_->IsShutOut()) break;
    changed_.SignalAll();
    if (absl::Now() - last_answer > options_.give_up || !Sleep(backoff.Next()))
      break;
  }
  if (status.ok()) {
    status =
        grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended early");
  }
  bool final_seen = false, stopped = false;
  {
    const MutexLock lock(&mutex_);
    final_seen = final_seen_;
    stopped = stopped_;
  }
  absl::Status told;
  if (!final_seen && !stopped) told = connection_->Failure(status);
  const MutexLock lock(&mutex_);
  status_ = told;
  lost_ = false;
  ended_ = true;
  changed_.SignalAll();
}

grpc::Status JobWatch::Attach() {
  v1::WatchJobRequest request;
  request.set_name(options_.name);
  request.set_omit_frames(options_.omit_frames);
  grpc::ClientContext* context = nullptr;
  {
    const MutexLock lock(&mutex_);
    if (stopped_) return grpc::Status::CANCELLED;
    context_ = std::make_unique<grpc::ClientContext>();
    context = context_.get();
    request.set_after_sequence(last_sequence_);
    received_ = false;
  }
  connection_->Prepare(*context, absl::InfiniteDuration());
  const grpc::Status status =
      watch_only_ ? Watch(context, request) : Follow(context, request);
  bool received = false;
  {
    const MutexLock lock(&mutex_);
    context_.reset();
    received = received_;
  }
  if (status.error_code() != grpc::StatusCode::UNIMPLEMENTED || watch_only_ ||
      received) {
    return status;
  }
  watch_only_ = true;
  return Attach();
}

grpc::Status JobWatch::Follow(grpc::ClientContext* context,
                              const v1::WatchJobRequest& request) {
  const auto stream = std::make_shared<FollowStream>(
      connection_->watch(), context, request,
      [this](v1::JobEvent event) { Push(std::move(event)); });
  {
    const MutexLock lock(&mutex_);
    stream_ = stream;
  }
  grpc::Status status = stream->Wait();
  const MutexLock lock(&mutex_);
  stream_.reset();
  return status;
}

grpc::Status JobWatch::Watch(grpc::ClientContext* context,
                             const v1::WatchJobRequest& request) {
  const auto reader = connection_->watch().WatchJob(context, request);
  v1::JobEvent event;
  while (reader->Read(&event)) Push(std::move(event));
  return reader->Finish();
}

void JobWatch::Push(v1::JobEvent event) {
  const MutexLock lock(&mutex_);
  received_ = true;
  ever_received_ = true;
  lost_ = false;
  lost_told_ = false;
  last_sequence_ = std::max(last_sequence_, event.sequence());
  if (event.kind_case() == v1::JobEvent::kHeartbeat) return;
  if (event.has_job()) {
    if (IsFinal(event.job().state())) {
      // Exactly once, whatever is replayed.
      if (final_seen_) return;
      final_seen_ = true;
    }
  } else {
    const auto same = [&](const v1::JobEvent& old) {
      return old.kind_case() == event.kind_case();
    };
    events_.erase(std::remove_if(events_.begin(), events_.end(), same),
                  events_.end());
  }
  events_.push_back(std::move(event));
  changed_.SignalAll();
}

bool JobWatch::Sleep(absl::Duration duration) {
  const absl::Time deadline = absl::Now() + duration;
  const MutexLock lock(&mutex_);
  while (!stopped_) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return true;
    changed_.WaitFor(&mutex_, left);
  }
  return false;
}

}  // namespace phosphene::client
