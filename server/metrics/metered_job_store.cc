#include "server/metrics/metered_job_store.h"

#include <type_traits>
#include <utility>

#include "server/base/faults.h"

namespace phosphene {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

MeteredJobStore::MeteredJobStore(std::unique_ptr<JobStore> base,
                                 JobMetrics& metrics, const Clock& clock)
    : base_(std::move(base)), metrics_(metrics), clock_(clock) {}

template <typename Call>
auto MeteredJobStore::Timed(const char* op, Call call) {
  const absl::Time start = clock_.Now();
  auto result = call();
  metrics_.Transaction(op, clock_.Now() - start);
  return result;
}

template <typename Result>
Result MeteredJobStore::Fenced(Result result) {
  if (absl::IsAborted(StatusOf(result))) metrics_.LeaseLost();
  return result;
}

void MeteredJobStore::SetListener(Listener listener) {
  if (listener == nullptr) {
    base_->SetListener(nullptr);
    return;
  }
  base_->SetListener(
      [this, listener = std::move(listener)](const StoredJob& stored) {
        if (HasEnded(stored.job.state())) metrics_.Ended(stored.job);
        listener(stored);
      });
}

absl::StatusOr<CreatedJob> MeteredJobStore::Create(const NewJob& request) {
  auto created = Timed("create", [&] { return base_->Create(request); });
  if (created.ok() && !created->existed)
    metrics_.Submitted(request.job.priority());
  if (absl::IsResourceExhausted(created.status())) {
    const std::string reason = ReasonOf(created.status());
    metrics_.Rejected(reason.empty() ? "RESOURCE_EXHAUSTED" : reason);
  }
  return created;
}

absl::StatusOr<StoredJob> MeteredJobStore::Get(absl::string_view name) {
  return Timed("get", [&] { return base_->Get(name); });
}

absl::StatusOr<JobPage> MeteredJobStore::List(const JobQuery& query) {
  return Timed("list", [&] { return base_->List(query); });
}

absl::StatusOr<StoredJob> MeteredJobStore::Update(absl::string_view name,
                                                  const JobChanges& changes) {
  return Timed("update", [&] { return base_->Update(name, changes); });
}

absl::StatusOr<StoredJob> MeteredJobStore::Cancel(absl::string_view name) {
  return Timed("cancel", [&] { return base_->Cancel(name); });
}

absl::StatusOr<StoredJob> MeteredJobStore::Pause(absl::string_view name) {
  return Timed("pause", [&] { return base_->Pause(name); });
}

absl::StatusOr<StoredJob> MeteredJobStore::Resume(absl::string_view name) {
  return Timed("resume", [&] { return base_->Resume(name); });
}

absl::Status MeteredJobStore::Delete(absl::string_view name,
                                     absl::string_view etag, bool force) {
  return Timed("delete", [&] { return base_->Delete(name, etag, force); });
}

absl::StatusOr<FramePage> MeteredJobStore::ListFrames(
    absl::string_view name, int page_size, absl::string_view page_token) {
  return Timed("list_frames",
               [&] { return base_->ListFrames(name, page_size, page_token); });
}

absl::StatusOr<KeptFrame> MeteredJobStore::GetFrame(absl::string_view name,
                                                    int64_t step) {
  return Timed("get_frame", [&] { return base_->GetFrame(name, step); });
}

absl::StatusOr<WatchStart> MeteredJobStore::StartWatch(absl::string_view name,
                                                       int64_t after_sequence) {
  return Timed("start_watch",
               [&] { return base_->StartWatch(name, after_sequence); });
}

absl::StatusOr<JobCounts> MeteredJobStore::Count() {
  return Timed("count", [&] { return base_->Count(); });
}

absl::StatusOr<std::vector<QueuedJob>> MeteredJobStore::ListQueued(int limit) {
  return Timed("list_queued", [&] { return base_->ListQueued(limit); });
}

absl::StatusOr<StoredJob> MeteredJobStore::Claim(absl::string_view name,
                                                 absl::string_view device) {
  auto claimed = Timed("claim", [&] { return base_->Claim(name, device); });
  if (claimed.ok()) metrics_.Started(claimed->job);
  return claimed;
}

absl::Status MeteredJobStore::SaveCheckpoint(
    absl::string_view name, int attempt, const CheckpointUpdate& checkpoint) {
  return Fenced(Timed("checkpoint", [&] {
    return base_->SaveCheckpoint(name, attempt, checkpoint);
  }));
}

absl::Status MeteredJobStore::KeepFrame(absl::string_view name, int attempt,
                                        const KeptFrame& frame) {
  return Fenced(Timed("keep_frame",
                      [&] { return base_->KeepFrame(name, attempt, frame); }));
}

absl::StatusOr<StoredJob> MeteredJobStore::Finish(absl::string_view name,
                                                  int attempt,
                                                  v1::Job::State seen,
                                                  const RunOutcome& outcome) {
  return Fenced(Timed(
      "finish", [&] { return base_->Finish(name, attempt, seen, outcome); }));
}

absl::StatusOr<int> MeteredJobStore::RecoverOrphans(int max_crashes) {
  return Timed("recover", [&] { return base_->RecoverOrphans(max_crashes); });
}

absl::StatusOr<std::vector<std::string>> MeteredJobStore::ListGarbage(
    absl::Time before, int limit) {
  return Timed("list_garbage",
               [&] { return base_->ListGarbage(before, limit); });
}

absl::Status MeteredJobStore::ForgetGarbage(
    const std::vector<std::string>& blobs) {
  return Timed("forget_garbage", [&] { return base_->ForgetGarbage(blobs); });
}

absl::StatusOr<std::vector<std::string>> MeteredJobStore::UsedBlobs(
    const std::vector<std::string>& blobs) {
  return Timed("used_blobs", [&] { return base_->UsedBlobs(blobs); });
}

}  // namespace phosphene
