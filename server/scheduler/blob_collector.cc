// Garbage collection of blobs, round by round, a batch at a time.

#include "server/scheduler/blob_collector.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// Blobs of one batch: some milliseconds of the store's time.
constexpr int kBatch = 200;

}  // namespace

BlobCollector::BlobCollector(Options options) : options_(std::move(options)) {}

BlobCollector::~BlobCollector() { stopping_ = true; }

void BlobCollector::Start() {
  options_.executor->Execute([this] { BeginRound(); });
}

void BlobCollector::BeginRound() {
  if (stopping_) return;
  deleted_before_ = deleted_;
  const absl::StatusOr<int> expired = options_.blobs->ExpireUploads();
  if (!expired.ok()) {
    LogWarn("cannot expire uploads",
            {{"error", std::string(expired.status().message())}});
  } else if (*expired > 0) {
    LogInfo("broken-off uploads removed",
            {{"uploads", absl::StrCat(*expired)}});
  }
  options_.executor->Execute([this] { DropGarbage(); });
}

void BlobCollector::DropGarbage() {
  if (stopping_) return;
  const auto garbage =
      options_.store->ListGarbage(options_.clock->Now() - options_.age, kBatch);
  if (!garbage.ok()) return EndRound(garbage.status());
  const auto settled = DeleteUnowned(*garbage);
  if (!settled.ok()) return EndRound(settled.status());
  if (!settled->empty()) {
    const absl::Status forgotten = options_.store->ForgetGarbage(*settled);
    if (!forgotten.ok()) return EndRound(forgotten);
  }
  // Those in the way (young ones) stay listed; the sweep comes by them too.
  const bool more = static_cast<int>(garbage->size()) == kBatch &&
                    settled->size() == garbage->size();
  options_.executor->Execute(
      [this, more] { more ? DropGarbage() : Sweep(""); });
}

void BlobCollector::Sweep(std::string after) {
  if (stopping_) return;
  const auto blobs = options_.blobs->List(after, kBatch);
  if (!blobs.ok()) return EndRound(blobs.status());
  if (blobs->empty()) return EndRound(absl::OkStatus());
  const absl::Status status = DeleteUnowned(*blobs).status();
  if (!status.ok()) return EndRound(status);
  options_.executor->Execute(
      [this, last = blobs->back()] { Sweep(std::move(last)); });
}

void BlobCollector::EndRound(const absl::Status& status) {
  if (!status.ok()) {
    LogWarn("garbage was not collected, it is tried again",
            {{"error", std::string(status.message())}});
  }
  if (deleted_ > deleted_before_) {
    LogInfo("blobs without an owner deleted",
            {{"blobs", absl::StrCat(deleted_ - deleted_before_)}});
  }
  options_.executor->ExecuteAfter(options_.every, [this] { BeginRound(); });
}

absl::StatusOr<std::set<std::string>> BlobCollector::Owned(
    const std::vector<std::string>& blobs) {
  ASSIGN_OR_RETURN(const std::vector<std::string> used,
                   options_.store->UsedBlobs(blobs));
  std::set<std::string> owned(used.begin(), used.end());
  for (BlobOwner* const owner : options_.owners) {
    ASSIGN_OR_RETURN(const std::set<std::string> more, owner->Owned(blobs));
    owned.insert(more.begin(), more.end());
  }
  return owned;
}

absl::StatusOr<std::vector<std::string>> BlobCollector::DeleteUnowned(
    const std::vector<std::string>& blobs) {
  if (blobs.empty()) return std::vector<std::string>();
  // Before the look at the owners: who refers to a blob after that look has
  // touched it after this instant.
  const absl::Time untouched_since = options_.clock->Now() - options_.age;
  ASSIGN_OR_RETURN(const std::set<std::string> owned, Owned(blobs));
  std::vector<std::string> settled;
  for (const std::string& blob : blobs) {
    if (owned.count(blob) > 0) {
      settled.push_back(blob);
      continue;
    }
    const absl::Status status = options_.blobs->Delete(blob, untouched_since);
    if (status.ok()) {
      settled.push_back(blob);
      ++deleted_;
    } else if (!absl::IsAborted(status)) {
      LogWarn("cannot collect a blob",
              {{"blob", blob}, {"error", std::string(status.message())}});
    }
  }
  return settled;
}

}  // namespace phosphene
