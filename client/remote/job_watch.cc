#include "client/remote/job_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"

namespace phosphene::client {
namespace {

// What a broken connection looks like, besides UNAVAILABLE: streams cut by a
// proxy or a dying server end in these. An answer with details is none.
bool IsBroken(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return true;
  const bool cut = status.error_code() == grpc::StatusCode::INTERNAL ||
                   status.error_code() == grpc::StatusCode::UNKNOWN ||
                   status.error_code() == grpc::StatusCode::CANCELLED;
  return cut && status.error_details().empty();
}

}  // namespace

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
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

JobWatch::Got JobWatch::Next(absl::Duration timeout, v1::JobEvent* event) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [&] {
    return !events_.empty() || ended_ || (lost_ && !lost_told_);
  };
  if (!changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout), ready))
    return Got::kNothing;
  if (!events_.empty()) {
    *event = std::move(events_.front());
    events_.pop_front();
    return Got::kEvent;
  }
  if (ended_) return Got::kEnd;
  lost_told_ = true;
  return Got::kLost;
}

absl::Status JobWatch::status() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

void JobWatch::Run() {
  Backoff backoff;
  absl::Time last_answer = absl::Now();
  absl::Status status;
  while (true) {
    status = Attach();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_ || final_seen_ || !absl::IsUnavailable(status)) break;
      if (received_) {
        backoff.Reset();
        last_answer = absl::Now();
      }
      lost_ = true;
    }
    changed_.notify_all();
    if (absl::Now() - last_answer > options_.give_up || !Sleep(backoff.Next()))
      break;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  status_ = final_seen_ ? absl::OkStatus() : status;
  ended_ = true;
  changed_.notify_all();
}

absl::Status JobWatch::Attach() {
  v1::WatchJobRequest request;
  request.set_name(options_.name);
  request.set_omit_frames(options_.omit_frames);
  grpc::ClientContext* context = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::CancelledError("stopped");
    context_ = std::make_unique<grpc::ClientContext>();
    Connection::Prepare(*context_, absl::InfiniteDuration());
    context = context_.get();
    request.set_after_sequence(last_sequence_);
    received_ = false;
  }
  const auto reader = connection_->watch().WatchJob(context, request);
  v1::JobEvent event;
  while (reader->Read(&event)) Push(std::move(event));
  const grpc::Status status = reader->Finish();
  const std::lock_guard<std::mutex> lock(mutex_);
  context_.reset();
  if (status.ok() || IsBroken(status)) {
    // An end without the final state is a server that went away, too.
    const std::string why =
        status.ok() ? "the stream ended early" : status.error_message();
    return FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, why),
                    connection_->address());
  }
  return FromGrpc(status, connection_->address());
}

void JobWatch::Push(v1::JobEvent event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  received_ = true;
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
  changed_.notify_all();
}

bool JobWatch::Sleep(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, absl::ToChronoMilliseconds(duration),
                            [&] { return stopped_; });
}

}  // namespace phosphene::client
