#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// A JobStore whose calls fail when told, or do something first. `hook` is
// called with the name of each call before it; an error it returns is the
// call's answer. `after` is called when a call has been answered, before its
// caller hears of it. Set them while no call runs.
class FaultyJobStore : public JobStore {
 public:
  using Hook = std::function<absl::Status(const std::string& call)>;

  explicit FaultyJobStore(JobStore& base) : base_(base) {}
  Hook hook;
  std::function<void(const std::string& call)> after;

  void SetListener(Listener listener) override {
    base_.SetListener(std::move(listener));
  }
  absl::StatusOr<CreatedJob> Create(const NewJob& request) override {
    return Try("Create", [&] { return base_.Create(request); });
  }
  absl::StatusOr<StoredJob> Get(absl::string_view name) override {
    return Try("Get", [&] { return base_.Get(name); });
  }
  absl::StatusOr<JobPage> List(const JobQuery& query) override {
    return Try("List", [&] { return base_.List(query); });
  }
  absl::StatusOr<StoredJob> Update(absl::string_view name,
                                   const JobChanges& changes) override {
    return Try("Update", [&] { return base_.Update(name, changes); });
  }
  absl::StatusOr<StoredJob> Cancel(absl::string_view name) override {
    return Try("Cancel", [&] { return base_.Cancel(name); });
  }
  absl::StatusOr<StoredJob> Pause(absl::string_view name) override {
    return Try("Pause", [&] { return base_.Pause(name); });
  }
  absl::StatusOr<StoredJob> Resume(absl::string_view name) override {
    return Try("Resume", [&] { return base_.Resume(name); });
  }
  absl::Status Delete(absl::string_view name, absl::string_view etag,
                      bool force) override {
    return Try("Delete", [&] { return base_.Delete(name, etag, force); });
  }
  absl::StatusOr<FramePage> ListFrames(absl::string_view name, int page_size,
                                       absl::string_view page_token) override {
    return Try("ListFrames",
               [&] { return base_.ListFrames(name, page_size, page_token); });
  }
  absl::StatusOr<KeptFrame> GetFrame(absl::string_view name,
                                     int64_t step) override {
    return Try("GetFrame", [&] { return base_.GetFrame(name, step); });
  }
  absl::StatusOr<WatchStart> StartWatch(absl::string_view name,
                                        int64_t after_sequence) override {
    return Try("StartWatch",
               [&] { return base_.StartWatch(name, after_sequence); });
  }
  absl::StatusOr<JobCounts> Count() override {
    return Try("Count", [&] { return base_.Count(); });
  }
  absl::StatusOr<std::vector<QueuedJob>> ListQueued(int limit) override {
    return Try("ListQueued", [&] { return base_.ListQueued(limit); });
  }
  absl::StatusOr<StoredJob> Claim(absl::string_view name,
                                  absl::string_view device) override {
    return Try("Claim", [&] { return base_.Claim(name, device); });
  }
  absl::Status SaveCheckpoint(absl::string_view name, int attempt,
                              const CheckpointUpdate& checkpoint) override {
    return Try("SaveCheckpoint",
               [&] { return base_.SaveCheckpoint(name, attempt, checkpoint); });
  }
  absl::Status KeepFrame(absl::string_view name, int attempt,
                         const KeptFrame& frame) override {
    return Try("KeepFrame",
               [&] { return base_.KeepFrame(name, attempt, frame); });
  }
  absl::StatusOr<StoredJob> Finish(absl::string_view name, int attempt,
                                   v1::Job::State seen,
                                   const RunOutcome& outcome) override {
    return Try("Finish",
               [&] { return base_.Finish(name, attempt, seen, outcome); });
  }
  absl::StatusOr<std::vector<Orphan>> RecoverOrphans(int max_crashes) override {
    return Try("RecoverOrphans",
               [&] { return base_.RecoverOrphans(max_crashes); });
  }
  absl::StatusOr<std::vector<std::string>> ListGarbage(absl::Time before,
                                                       int limit) override {
    return Try("ListGarbage", [&] { return base_.ListGarbage(before, limit); });
  }
  absl::Status ForgetGarbage(const std::vector<std::string>& blobs) override {
    return Try("ForgetGarbage", [&] { return base_.ForgetGarbage(blobs); });
  }
  absl::StatusOr<std::vector<std::string>> UsedBlobs(
      const std::vector<std::string>& blobs) override {
    return Try("UsedBlobs", [&] { return base_.UsedBlobs(blobs); });
  }

 private:
  template <typename Call>
  auto Try(const char* name, const Call& call) -> decltype(call()) {
    if (hook) {
      const absl::Status status = hook(name);
      if (!status.ok()) return status;
    }
    auto answer = call();
    if (after) after(name);
    return answer;
  }

  JobStore& base_;
};

// A BlobStore whose Put answers `put_error` while that is an error.
class FaultyBlobStore : public BlobStore {
 public:
  explicit FaultyBlobStore(BlobStore& base) : base_(base) {}
  absl::Status put_error;
  int puts = 0;

  absl::StatusOr<BlobInfo> Put(absl::string_view bytes) override {
    ++puts;
    if (!put_error.ok()) return put_error;
    return base_.Put(bytes);
  }
  absl::StatusOr<std::string> Read(absl::string_view name, int64_t offset,
                                   int64_t limit) override {
    return base_.Read(name, offset, limit);
  }
  absl::StatusOr<BlobInfo> Stat(absl::string_view name) override {
    return base_.Stat(name);
  }
  absl::StatusOr<std::vector<std::string>> List(absl::string_view after,
                                                int limit) override {
    return base_.List(after, limit);
  }
  absl::Status Delete(absl::string_view name,
                      absl::Time untouched_since) override {
    return base_.Delete(name, untouched_since);
  }
  absl::StatusOr<std::string> LocalPath(absl::string_view name) override {
    return base_.LocalPath(name);
  }
  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(
      absl::string_view name, int64_t size_bytes, int64_t offset) override {
    return base_.BeginUpload(name, size_bytes, offset);
  }
  absl::StatusOr<UploadProgress> QueryUpload(absl::string_view name) override {
    return base_.QueryUpload(name);
  }
  absl::StatusOr<int> ExpireUploads() override { return base_.ExpireUploads(); }

 private:
  BlobStore& base_;
};

}  // namespace phosphene
