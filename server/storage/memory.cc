// Blobs in memory, for tests and for servers that may forget. It is also the
// example of docs/adding/storage.md: the shortest store that keeps the whole
// contract of blob_store.h.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/storage/blob_store.h"
#include "server/storage/checks.h"
#include "server/storage/registry.h"
#include "server/storage/upload_table.h"

namespace phosphene {
namespace {

class MemoryBlobStore;

class MemoryUpload : public BlobUpload {
 public:
  MemoryUpload(MemoryBlobStore* store, std::string name, int64_t size_bytes,
               UploadTable::Lease lease)
      : store_(store),
        name_(std::move(name)),
        size_bytes_(size_bytes),
        lease_(lease) {}
  ~MemoryUpload() override;

  int64_t committed_bytes() const override;
  absl::Status Append(absl::string_view bytes) override;
  absl::StatusOr<BlobInfo> Finish() override;

 private:
  MemoryBlobStore* const store_;
  const std::string name_;
  const int64_t size_bytes_;
  const UploadTable::Lease lease_;
  bool over_ = false;
};

class MemoryBlobStore : public BlobStore {
 public:
  explicit MemoryBlobStore(const BlobStoreOptions& options)
      : options_(options), uploads_(options) {}

  absl::StatusOr<BlobInfo> Put(absl::string_view bytes) override {
    RETURN_IF_ERROR(CheckBlobSize(bytes.size(), options_));
    const std::string name = BlobNameOf(bytes);
    MutexLock lock(&mu_);
    return StoreLocked(name, std::string(bytes));
  }

  absl::StatusOr<std::string> Read(absl::string_view name, int64_t offset,
                                   int64_t limit) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    MutexLock lock(&mu_);
    const auto it = blobs_.find(name);
    if (it == blobs_.end()) return MissingBlob(name);
    const std::string& content = it->second.content;
    ASSIGN_OR_RETURN(const int64_t count,
                     BytesInRange(name, offset, limit, content.size()));
    return content.substr(offset, count);
  }

  absl::StatusOr<BlobInfo> Stat(absl::string_view name) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    MutexLock lock(&mu_);
    const auto it = blobs_.find(name);
    if (it == blobs_.end()) return MissingBlob(name);
    it->second.touch_time = options_.clock->Now();
    return Info(*it);
  }

  absl::StatusOr<std::vector<std::string>> List(absl::string_view after,
                                                int limit) override {
    MutexLock lock(&mu_);
    std::vector<std::string> names;
    for (auto it = blobs_.upper_bound(after);
         it != blobs_.end() && static_cast<int>(names.size()) < limit; ++it) {
      names.push_back(it->first);
    }
    return names;
  }

  absl::Status Delete(absl::string_view name,
                      absl::Time untouched_since) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    MutexLock lock(&mu_);
    const auto it = blobs_.find(name);
    if (it == blobs_.end()) return absl::OkStatus();
    if (it->second.touch_time > untouched_since) return BlobTouched(name);
    blobs_.erase(it);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> LocalPath(absl::string_view) override {
    return absl::UnimplementedError("blobs in memory have no local path");
  }

  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(
      absl::string_view name, int64_t size_bytes, int64_t offset) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    RETURN_IF_ERROR(CheckBlobSize(size_bytes, options_));
    MutexLock lock(&mu_);
    RETURN_IF_ERROR(CheckUploadOffset(name, offset, CommittedLocked(name)));
    ASSIGN_OR_RETURN(const UploadTable::Lease lease, uploads_.Begin(name));
    ExpireLocked();
    std::string& partial = partials_[std::string(name)];
    if (offset == 0) partial.clear();
    uploads_.Wrote(name, lease, partial.size());
    return std::make_unique<MemoryUpload>(this, std::string(name), size_bytes,
                                          lease);
  }

  absl::StatusOr<UploadProgress> QueryUpload(absl::string_view name) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    MutexLock lock(&mu_);
    return UploadProgress{CommittedLocked(name), blobs_.count(name) > 0};
  }

  absl::StatusOr<int> ExpireUploads() override {
    MutexLock lock(&mu_);
    return ExpireLocked();
  }

 private:
  friend class MemoryUpload;
  struct Blob {
    std::string content;
    absl::Time touch_time;
  };
  using Blobs = std::map<std::string, Blob, std::less<>>;

  static BlobInfo Info(const Blobs::value_type& blob) {
    return {blob.first, static_cast<int64_t>(blob.second.content.size()),
            blob.second.touch_time};
  }

  BlobInfo StoreLocked(const std::string& name, std::string content)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto it = blobs_.try_emplace(name).first;
    it->second = {std::move(content), options_.clock->Now()};
    partials_.erase(name);
    return Info(*it);
  }

  int64_t CommittedLocked(absl::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (const auto it = blobs_.find(name); it != blobs_.end()) {
      return it->second.content.size();
    }
    const auto it = partials_.find(name);
    return it == partials_.end() ? 0 : it->second.size();
  }

  int ExpireLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const std::vector<std::string> expired = uploads_.TakeExpired();
    for (const std::string& name : expired) partials_.erase(name);
    return static_cast<int>(expired.size());
  }

  const BlobStoreOptions options_;
  Mutex mu_;
  Blobs blobs_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string, std::less<>> partials_
      ABSL_GUARDED_BY(mu_);
  UploadTable uploads_ ABSL_GUARDED_BY(mu_);
};

MemoryUpload::~MemoryUpload() {
  MutexLock lock(&store_->mu_);
  store_->uploads_.Release(name_, lease_);
  const auto it = store_->partials_.find(name_);
  if (it != store_->partials_.end() && it->second.empty()) {
    store_->partials_.erase(it);
  }
}

int64_t MemoryUpload::committed_bytes() const {
  MutexLock lock(&store_->mu_);
  return store_->CommittedLocked(name_);
}

absl::Status MemoryUpload::Append(absl::string_view bytes) {
  if (over_) return UploadOver(name_);
  MutexLock lock(&store_->mu_);
  if (store_->blobs_.count(name_)) return absl::OkStatus();
  const int64_t size = store_->CommittedLocked(name_) + bytes.size();
  absl::Status status =
      store_->uploads_.BeginWrite(name_, lease_, bytes.size());
  if (status.ok() && size > size_bytes_) {
    status = CheckUploadSize(name_, size_bytes_, size);
  }
  if (!status.ok()) {
    over_ = true;
    if (store_->uploads_.End(name_, lease_)) store_->partials_.erase(name_);
    return status;
  }
  store_->ExpireLocked();
  store_->partials_[name_].append(bytes.data(), bytes.size());
  store_->uploads_.Wrote(name_, lease_, size);
  return absl::OkStatus();
}

absl::StatusOr<BlobInfo> MemoryUpload::Finish() {
  if (over_) return UploadOver(name_);
  over_ = true;
  MutexLock lock(&store_->mu_);
  if (const auto it = store_->blobs_.find(name_); it != store_->blobs_.end()) {
    return MemoryBlobStore::Info(*it);
  }
  RETURN_IF_ERROR(store_->uploads_.BeginWrite(name_, lease_, 0));
  store_->uploads_.End(name_, lease_);
  std::string content = std::move(store_->partials_[name_]);
  store_->partials_.erase(name_);
  RETURN_IF_ERROR(CheckUploadSize(name_, size_bytes_, content.size()));
  RETURN_IF_ERROR(CheckUploadName(name_, BlobNameOf(content)));
  return store_->StoreLocked(name_, std::move(content));
}

}  // namespace

const BlobStoreKind& MemoryBlobStoreKind() {
  static constexpr BlobStoreKind kKind = {
      "memory",
      [](absl::string_view, const BlobStoreOptions& options)
          -> absl::StatusOr<std::unique_ptr<BlobStore>> {
        return std::make_unique<MemoryBlobStore>(options);
      }};
  return kKind;
}

}  // namespace phosphene
