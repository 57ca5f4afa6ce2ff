// Uploads into the file store: a partial file each, moved when it is whole.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "server/base/status_macros.h"
#include "server/storage/checks.h"
#include "server/storage/file_store.h"

namespace phosphene {

absl::StatusOr<UploadProgress> FileBlobStore::QueryUpload(
    absl::string_view name) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  const absl::StatusOr<FileDescriptor> whole = OpenBlob(name);
  struct stat found;
  if (whole.ok()) {
    if (::fstat(whole->get(), &found) != 0) {
      return ErrnoStatus(errno, "stat", PathOf(name));
    }
    const absl::Status right = Verify(*whole, found, name);
    if (right.ok()) return UploadProgress{found.st_size, true};
    if (!absl::IsDataLoss(right)) return right;
  } else if (!absl::IsNotFound(whole.status())) {
    return whole.status();
  }
  if (::stat(PartialPathOf(name).c_str(), &found) == 0) {
    return UploadProgress{found.st_size, false};
  }
  return UploadProgress{};
}

absl::StatusOr<std::unique_ptr<BlobUpload>> FileBlobStore::BeginUpload(
    absl::string_view name, int64_t size_bytes, int64_t offset) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  RETURN_IF_ERROR(CheckBlobSize(size_bytes, options_));
  UploadTable::Lease lease;
  {
    MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(lease, uploads_.Begin(name));
    ExpireLocked();
  }
  auto upload =
      std::make_unique<FileUpload>(this, std::string(name), size_bytes, lease);
  RETURN_IF_ERROR(upload->Open(offset));
  return upload;
}

FileUpload::~FileUpload() {
  MutexLock lock(&store_->mu_);
  if (committed_ == 0 && !path_.empty()) {  // nothing arrived: nothing stays
    if (store_->uploads_.End(name_, lease_)) ::unlink(path_.c_str());
  } else {
    store_->uploads_.Release(name_, lease_);
  }
}

absl::Status FileUpload::Open(int64_t offset) {
  ASSIGN_OR_RETURN(const UploadProgress there, store_->QueryUpload(name_));
  RETURN_IF_ERROR(CheckUploadOffset(name_, offset, there.committed_bytes));
  whole_ = there.complete;
  committed_ = whole_ ? there.committed_bytes : offset;
  if (whole_) return absl::OkStatus();
  path_ = store_->PartialPathOf(name_);
  ASSIGN_OR_RETURN(file_, OpenFile(path_, O_RDWR | O_CREAT | O_APPEND |
                                              (offset == 0 ? O_TRUNC : 0)));
  ASSIGN_OR_RETURN(hash_, HashFile(file_, offset, path_));
  Wrote();
  return SetTouchTime(file_, store_->options_.clock->Now(), path_);
}

absl::Status FileUpload::BeginWrite(int64_t bytes) {
  MutexLock lock(&store_->mu_);
  const absl::Status status = store_->uploads_.BeginWrite(name_, lease_, bytes);
  if (status.ok()) store_->ExpireLocked();
  return status;
}

void FileUpload::Wrote() {
  MutexLock lock(&store_->mu_);
  store_->uploads_.Wrote(name_, lease_, committed_);
}

absl::Status FileUpload::Append(absl::string_view bytes) {
  if (over_) return UploadOver(name_);
  if (whole_) return absl::OkStatus();
  const int64_t size = committed_ + bytes.size();
  if (size > size_bytes_) {
    return Fail(CheckUploadSize(name_, size_bytes_, size));
  }
  absl::Status status = BeginWrite(bytes.size());
  if (!status.ok()) return Fail(status);
  status = WriteAll(file_, bytes, path_);
  if (status.ok()) {
    status = SetTouchTime(file_, store_->options_.clock->Now(), path_);
  }
  if (!status.ok()) return Fail(status);
  hash_.Update(bytes);
  committed_ = size;
  Wrote();
  return absl::OkStatus();
}

absl::StatusOr<BlobInfo> FileUpload::Finish() {
  if (over_) return UploadOver(name_);
  if (whole_) {
    over_ = true;
    return store_->Stat(name_);
  }
  const absl::Status status = BeginWrite(0);
  if (!status.ok()) return Fail(status);
  absl::StatusOr<BlobInfo> info = Store();
  if (!info.ok()) return Fail(info.status());
  over_ = true;
  MutexLock lock(&store_->mu_);
  store_->uploads_.End(name_, lease_);
  return info;
}

absl::StatusOr<BlobInfo> FileUpload::Store() {
  RETURN_IF_ERROR(CheckUploadSize(name_, size_bytes_, committed_));
  RETURN_IF_ERROR(
      CheckUploadName(name_, absl::StrCat("blobs/", hash_.HexDigest())));
  RETURN_IF_ERROR(SyncFile(file_, path_));
  return store_->Adopt(file_, path_, name_);
}

absl::Status FileUpload::Fail(absl::Status status) {
  over_ = true;
  committed_ = 0;
  MutexLock lock(&store_->mu_);
  if (store_->uploads_.End(name_, lease_)) ::unlink(path_.c_str());
  return status;
}

}  // namespace phosphene
