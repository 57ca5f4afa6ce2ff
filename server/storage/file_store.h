#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/mutex.h"
#include "server/base/posix_file.h"
#include "server/base/sha256.h"
#include "server/storage/blob_store.h"
#include "server/storage/upload_table.h"

namespace phosphene {

// Blobs as files:
//   DIR/ab/abcdef...   a blob; the file is named by its sha256
//   DIR/partial/SHA    an upload that has not finished
//   DIR/temp/ID        a blob being written
// A blob appears by rename, after its bytes are on the disk, so a file in ab/
// is whole, and never written to again: it may be mapped. A damaged one is
// replaced by another file, so what maps it keeps what it has. The modification
// time of a file is the blob's touch_time. Thread-safe.
class FileBlobStore : public BlobStore {
 public:
  explicit FileBlobStore(const BlobStoreOptions& options)
      : options_(options), uploads_(options) {}

  // Makes the folders, and takes stock of what an earlier process left.
  absl::Status Open();

  absl::StatusOr<BlobInfo> Put(absl::string_view bytes) override;
  absl::StatusOr<std::string> Read(absl::string_view name, int64_t offset,
                                   int64_t limit) override;
  absl::StatusOr<BlobInfo> Stat(absl::string_view name) override;
  absl::StatusOr<std::vector<std::string>> List(absl::string_view after,
                                                int limit) override;
  absl::Status Delete(absl::string_view name,
                      absl::Time untouched_since) override;
  absl::StatusOr<std::string> LocalPath(absl::string_view name) override;
  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(
      absl::string_view name, int64_t size_bytes, int64_t offset) override;
  absl::StatusOr<UploadProgress> QueryUpload(absl::string_view name) override;
  absl::StatusOr<int> ExpireUploads() override;

 private:
  friend class FileUpload;
  // What a file looked like when it was last hashed.
  struct Seen {
    int64_t size = 0;
    absl::Time time;
    ino_t inode = 0;
    bool operator==(const Seen&) const = default;
  };
  struct Verdict {
    Seen seen;
    bool right = false;  // the hash was the name's
  };
  static Seen SeenOf(const struct stat& found);

  std::string Folder(absl::string_view name) const {
    return absl::StrCat(options_.directory, "/", name);
  }
  std::string FolderOf(absl::string_view name) const;
  std::string PathOf(absl::string_view name) const;
  std::string PartialPathOf(absl::string_view name) const;

  // Opens a blob; NOT_FOUND names it.
  absl::StatusOr<FileDescriptor> OpenBlob(absl::string_view name) const;
  // DATA_LOSS unless the file's hash is its name. Hashes it, unless it looks as
  // it did when that was last done.
  absl::Status Verify(const FileDescriptor& file, const struct stat& found,
                      absl::string_view name);
  // The verdict on a file that looks like this; null when there is none.
  const Verdict* FindVerdict(absl::string_view name, const Seen& seen) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Sets a blob's touch time to now; the verdict on it stays. Under mu_, so
  // that Delete sees it or comes before it.
  absl::StatusOr<BlobInfo> Touch(const FileDescriptor& file,
                                 absl::string_view name);
  // Moves a synced file to its blob's place.
  absl::StatusOr<BlobInfo> Adopt(const FileDescriptor& file,
                                 const std::string& path,
                                 absl::string_view name);
  void Remember(absl::string_view name, const Verdict& verdict)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Removes files of `folder` nobody has written to for keep_partial.
  void DropOld(const std::string& folder);
  // Removes the uploads that UploadTable gives up. Returns how many.
  int ExpireLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const BlobStoreOptions options_;
  Mutex mu_;
  std::map<std::string, Verdict, std::less<>> verdicts_ ABSL_GUARDED_BY(mu_);
  UploadTable uploads_ ABSL_GUARDED_BY(mu_);
};

// An upload to DIR/partial/SHA, under a lease of the store's table.
class FileUpload : public BlobUpload {
 public:
  FileUpload(FileBlobStore* store, std::string name, int64_t size_bytes,
             UploadTable::Lease lease)
      : store_(store),
        name_(std::move(name)),
        size_bytes_(size_bytes),
        lease_(lease) {}
  ~FileUpload() override;

  // Opens the partial file and goes on behind its first `offset` bytes.
  absl::Status Open(int64_t offset);

  int64_t committed_bytes() const override { return committed_; }
  absl::Status Append(absl::string_view bytes) override;
  absl::StatusOr<BlobInfo> Finish() override;

 private:
  // Tells the table that a write of `bytes` begins.
  absl::Status BeginWrite(int64_t bytes);
  void Wrote();
  // Ends the upload, and removes the file unless it is another's by now.
  absl::Status Fail(absl::Status status);
  absl::StatusOr<BlobInfo> Store();

  FileBlobStore* const store_;
  const std::string name_;
  const int64_t size_bytes_;
  const UploadTable::Lease lease_;
  std::string path_;
  FileDescriptor file_;
  Sha256 hash_;
  int64_t committed_ = 0;
  bool whole_ = false;  // the blob was there already
  bool over_ = false;
};

// Hashes the first `size` bytes of a file.
absl::StatusOr<Sha256> HashFile(const FileDescriptor& file, int64_t size,
                                const std::string& path);
absl::Status SetTouchTime(const FileDescriptor& file, absl::Time time,
                          const std::string& path);

}  // namespace phosphene
