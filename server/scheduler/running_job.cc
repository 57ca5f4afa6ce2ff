// The life of a job on a device: open, step, end, commit.

#include "server/scheduler/running_job.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// The job belongs to somebody else, or is gone.
bool IsFenced(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsNotFound(status);
}

// Adds the time until its end.
class Stopwatch {
 public:
  Stopwatch(const Clock& clock, absl::Duration& sum)
      : clock_(clock), sum_(sum), start_(clock.Steady()) {}
  ~Stopwatch() { sum_ += clock_.Steady() - start_; }

 private:
  const Clock& clock_;
  absl::Duration& sum_;
  const absl::Duration start_;
};

}  // namespace

RunningJob::RunningJob(StoredJob job, std::stop_source stop, Options options)
    : job_(std::move(job)),
      stop_(std::move(stop)),
      options_(std::move(options)),
      sink_(job_,
            {.store = options_.store,
             .blobs = options_.blobs,
             .hub = options_.hub,
             .clock = options_.clock,
             .encoder = options_.encoder,
             .stop = [source = stop_]() mutable { source.request_stop(); }}) {
  ended_.name = job_.job.name();
  ended_.attempt = job_.job.attempt();
  ended_.put_offs = PutOffsOf(job_.job);
}

absl::Status RunningJob::FetchCheckpoint(RunRequest& request) {
  const v1::Job& job = job_.job;
  if (job.checkpoint().empty()) return absl::OkStatus();
  auto checkpoint = options_.blobs->Get(job.checkpoint());
  if (checkpoint.ok()) {
    request.checkpoint = *std::move(checkpoint);
  } else if (absl::IsUnavailable(checkpoint.status())) {
    return checkpoint.status();
  } else {
    // A run is a function of its spec: without the checkpoint it only takes
    // longer.
    ended_.warnings.push_back(absl::StrCat(
        "started anew, the checkpoint of step ", job.checkpoint_step(),
        " is lost: ", checkpoint.status().message()));
  }
  return absl::OkStatus();
}

bool RunningJob::Open(int threads) {
  const Stopwatch stopwatch(*options_.clock, ended_.duration);
  RunRequest request;
  request.spec = job_.job.spec();
  request.device = options_.device;
  request.threads = threads;
  absl::Status status = FetchCheckpoint(request);
  if (status.ok()) {
    auto session = options_.engine->Open(request, sink_, stop_.get_token());
    status = session.status();
    if (session.ok()) session_ = *std::move(session);
  }
  if (status.ok()) return true;
  ended_.result = status;
  failed_ = true;
  return false;
}

bool RunningJob::Step(int threads) {
  const Stopwatch stopwatch(*options_.clock, ended_.duration);
  const absl::StatusOr<bool> more = session_->Step(threads);
  if (more.ok()) return *more;
  ended_.result = more.status();
  failed_ = true;
  return false;
}

void RunningJob::End(int threads) {
  {
    const Stopwatch stopwatch(*options_.clock, ended_.duration);
    if (!failed_) ended_.result = session_->Finish(threads);
    ended_.stop_requested = stop_.stop_requested();
    session_.reset();
    sink_.Flush();
  }
  ended_.last_frame = sink_.last_frame();
  for (std::string& warning : sink_.warnings())
    ended_.warnings.push_back(std::move(warning));
}

JobMemory RunningJob::memory() const {
  return session_ != nullptr ? session_->memory() : JobMemory();
}

absl::StatusOr<RunOutcome> RunningJob::Decide(v1::Job::State* seen,
                                              bool hurry) {
  ASSIGN_OR_RETURN(const StoredJob stored, options_.store->Get(ended_.name));
  *seen = stored.job.state();
  // Finish would refuse it; but then its blobs would be stored already.
  if (stored.job.attempt() != ended_.attempt || !HasWorker(*seen)) {
    return absl::AbortedError(
        absl::StrCat("attempt ", ended_.attempt, " is over"));
  }
  return StoreOutcome(ended_, *seen, *options_.blobs, hurry);
}

RunningJob::Committed RunningJob::Commit(bool hurry) {
  // A job may be cancelled or paused between the look and the commit; then
  // the commit is refused and the outcome decided anew.
  constexpr int kMaxLooks = 10;
  absl::Status status = absl::FailedPreconditionError("");
  for (int i = 0; i < kMaxLooks && absl::IsFailedPrecondition(status); ++i) {
    v1::Job::State seen = v1::Job::RUNNING;
    const absl::StatusOr<RunOutcome> outcome = Decide(&seen, hurry);
    status = outcome.ok()
                 ? options_.store
                       ->Finish(ended_.name, ended_.attempt, seen, *outcome)
                       .status()
                 : outcome.status();
  }
  if (status.ok()) return IsPutOff() ? Committed::kPutOff : Committed::kDone;
  const bool fenced = IsFenced(status);
  LogWarn(fenced ? "a run was fenced" : "the end of a run waits for the store",
          {{"job", ended_.name},
           {"attempt", absl::StrCat(ended_.attempt)},
           {"error", std::string(status.message())}});
  return fenced ? Committed::kDone : Committed::kRetry;
}

}  // namespace phosphene
