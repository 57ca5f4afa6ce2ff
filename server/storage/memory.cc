// Blobs in memory, for tests and for servers that may forget. It is also the
// example of docs/adding/storage.md: the shortest store that keeps the whole
// contract of blob_store.h.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/storage/blob_store.h"
#include "server/storage/checks.h"
#include "server/storage/registry.h"

namespace phosphene {
namespace {

class MemoryBlobStore;

class MemoryUpload : public BlobUpload {
 public:
  MemoryUpload(MemoryBlobStore* store, std::string name, int64_t size_bytes)
      : store_(store), name_(std::move(name)), size_bytes_(size_bytes) {}
  ~MemoryUpload() override;

  int64_t committed_bytes() const override;
  absl::Status Append(absl::string_view bytes) override;
  absl::StatusOr<BlobInfo> Finish() override;

 private:
  MemoryBlobStore* const store_;
  const std::string name_;
  const int64_t size_bytes_;
  bool over_ = false;
};

class MemoryBlobStore : public BlobStore {
 public:
  explicit MemoryBlobStore(const BlobStoreOptions& options)
      : options_(options) {}

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
    DropOldPartialsLocked();
    RETURN_IF_ERROR(CheckUploadOffset(name, offset, CommittedLocked(name)));
    if (!uploading_.insert(std::string(name)).second) return UploadBusy(name);
    Blob& partial = partials_[std::string(name)];
    if (offset == 0) partial.content.clear();
    partial.touch_time = options_.clock->Now();
    return std::make_unique<MemoryUpload>(this, std::string(name), size_bytes);
  }

  absl::StatusOr<UploadProgress> QueryUpload(absl::string_view name) override {
    RETURN_IF_ERROR(CheckBlobName(name, "name"));
    MutexLock lock(&mu_);
    return UploadProgress{CommittedLocked(name), blobs_.count(name) > 0};
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
    for (const Blobs* blobs : {&blobs_, &partials_}) {
      if (const auto it = blobs->find(name); it != blobs->end()) {
        return it->second.content.size();
      }
    }
    return 0;
  }

  void DropOldPartialsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const absl::Time oldest = options_.clock->Now() - options_.keep_partial;
    for (auto it = partials_.begin(); it != partials_.end();) {
      const bool drop =
          it->second.touch_time < oldest && uploading_.count(it->first) == 0;
      it = drop ? partials_.erase(it) : std::next(it);
    }
  }

  const BlobStoreOptions options_;
  Mutex mu_;
  Blobs blobs_ ABSL_GUARDED_BY(mu_);
  Blobs partials_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> uploading_ ABSL_GUARDED_BY(mu_);
};

MemoryUpload::~MemoryUpload() {
  MutexLock lock(&store_->mu_);
  store_->uploading_.erase(name_);
}

int64_t MemoryUpload::committed_bytes() const {
  MutexLock lock(&store_->mu_);
  return store_->CommittedLocked(name_);
}

absl::Status MemoryUpload::Append(absl::string_view bytes) {
  if (over_) return UploadOver(name_);
  MutexLock lock(&store_->mu_);
  if (store_->blobs_.count(name_)) return absl::OkStatus();
  MemoryBlobStore::Blob& partial = store_->partials_[name_];
  const int64_t size = partial.content.size() + bytes.size();
  if (size > size_bytes_) {
    over_ = true;
    store_->partials_.erase(name_);
    return CheckUploadSize(name_, size_bytes_, size);
  }
  partial.content.append(bytes.data(), bytes.size());
  partial.touch_time = store_->options_.clock->Now();
  return absl::OkStatus();
}

absl::StatusOr<BlobInfo> MemoryUpload::Finish() {
  if (over_) return UploadOver(name_);
  over_ = true;
  MutexLock lock(&store_->mu_);
  if (const auto it = store_->blobs_.find(name_); it != store_->blobs_.end()) {
    return MemoryBlobStore::Info(*it);
  }
  std::string content = std::move(store_->partials_[name_].content);
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
