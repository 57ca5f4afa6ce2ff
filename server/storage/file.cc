// Blobs as files:
//   DIR/ab/abcdef...   a blob; the file is named by its sha256
//   DIR/partial/SHA    an upload that has not finished
//   DIR/temp/ID        a blob being written
// A blob appears by rename, after its bytes are on the disk, so a file in ab/
// is whole. Its modification time is the blob's touch_time.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/ids.h"
#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/base/posix_file.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/storage/blob_store.h"
#include "server/storage/checks.h"
#include "server/storage/registry.h"

namespace phosphene {
namespace {

constexpr size_t kShaStart = 6;  // of "blobs/SHA"
constexpr int64_t kHashPiece = 1 << 20;

// Hashes the first `size` bytes of a file.
absl::StatusOr<Sha256> HashFile(const FileDescriptor& file, int64_t size,
                                const std::string& path) {
  Sha256 hash;
  for (int64_t done = 0; done < size;) {
    const int64_t piece = std::min(kHashPiece, size - done);
    ASSIGN_OR_RETURN(const std::string bytes, ReadAt(file, done, piece, path));
    if (bytes.empty()) break;
    hash.Update(bytes);
    done += bytes.size();
  }
  return hash;
}

absl::StatusOr<struct stat> StatFile(const FileDescriptor& file,
                                     const std::string& path) {
  struct stat found;
  if (::fstat(file.get(), &found) != 0) return ErrnoStatus(errno, "stat", path);
  return found;
}

absl::Time TouchTime(const struct stat& found) {
  return absl::TimeFromTimespec(found.st_mtim);
}

absl::Status SetTouchTime(const FileDescriptor& file, absl::Time time,
                          const std::string& path) {
  const timespec times[2] = {absl::ToTimespec(time), absl::ToTimespec(time)};
  if (::futimens(file.get(), times) != 0) {
    return ErrnoStatus(errno, "touch", path);
  }
  return absl::OkStatus();
}

class FileBlobStore;

class FileUpload : public BlobUpload {
 public:
  FileUpload(FileBlobStore* store, std::string name, int64_t size_bytes)
      : store_(store), name_(std::move(name)), size_bytes_(size_bytes) {}
  ~FileUpload() override;

  // Opens the partial file and goes on behind its first `offset` bytes.
  absl::Status Open(int64_t offset);

  int64_t committed_bytes() const override { return committed_; }
  absl::Status Append(absl::string_view bytes) override;
  absl::StatusOr<BlobInfo> Finish() override;

 private:
  absl::Status Fail(absl::Status status);

  FileBlobStore* const store_;
  const std::string name_;
  const int64_t size_bytes_;
  std::string path_;
  FileDescriptor file_;
  Sha256 hash_;
  int64_t committed_ = 0;
  bool whole_ = false;  // the blob was there already
  bool over_ = false;
};

class FileBlobStore : public BlobStore {
 public:
  explicit FileBlobStore(const BlobStoreOptions& options) : options_(options) {}

  absl::Status Open() {
    RETURN_IF_ERROR(MakeDirectories(Folder("partial")));
    RETURN_IF_ERROR(MakeDirectories(Folder("temp")));
    DropOld(Folder("temp"));
    DropOld(Folder("partial"));
    return absl::OkStatus();
  }

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

 private:
  friend class FileUpload;
  // What a file looked like when its content was last known to be right.
  struct Seen {
    int64_t size = 0;
    absl::Time time;
    ino_t inode = 0;
    bool operator==(const Seen&) const = default;
  };
  static Seen SeenOf(const struct stat& found) {
    return {found.st_size, TouchTime(found), found.st_ino};
  }

  std::string Folder(absl::string_view name) const {
    return absl::StrCat(options_.directory, "/", name);
  }
  std::string FolderOf(absl::string_view name) const {
    return Folder(name.substr(kShaStart, 2));
  }
  std::string PathOf(absl::string_view name) const {
    return absl::StrCat(FolderOf(name), "/", name.substr(kShaStart));
  }
  std::string PartialPathOf(absl::string_view name) const {
    return absl::StrCat(Folder("partial"), "/", name.substr(kShaStart));
  }

  // Opens a blob; NOT_FOUND names it.
  absl::StatusOr<FileDescriptor> OpenBlob(absl::string_view name) const {
    absl::StatusOr<FileDescriptor> file = OpenFile(PathOf(name), O_RDONLY);
    if (absl::IsNotFound(file.status())) return MissingBlob(name);
    return file;
  }
  // Hashes the file unless it looks as it did when that was last done.
  absl::Status Verify(const FileDescriptor& file, const struct stat& found,
                      absl::string_view name);
  // Sets a blob's touch time to now, and remembers that it was right if it
  // was. Under mu_, so that Delete sees it or comes before it.
  absl::StatusOr<BlobInfo> Touch(const FileDescriptor& file,
                                 absl::string_view name);
  // Moves a synced file to its blob's place.
  absl::StatusOr<BlobInfo> Adopt(const FileDescriptor& file,
                                 const std::string& path,
                                 absl::string_view name);
  // Removes files that nobody has written to for keep_partial.
  void DropOld(const std::string& folder);
  void Remember(absl::string_view name, const Seen& seen)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const BlobStoreOptions options_;
  Mutex mu_;
  std::map<std::string, Seen, std::less<>> verified_ ABSL_GUARDED_BY(mu_);
  std::set<std::string, std::less<>> uploading_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<BlobInfo> FileBlobStore::Put(absl::string_view bytes) {
  RETURN_IF_ERROR(CheckBlobSize(bytes.size(), options_));
  const std::string name = BlobNameOf(bytes);
  if (absl::StatusOr<FileDescriptor> there = OpenBlob(name); there.ok()) {
    ASSIGN_OR_RETURN(const struct stat found, StatFile(*there, PathOf(name)));
    // A damaged file is written anew below.
    if (Verify(*there, found, name).ok()) {
      absl::StatusOr<BlobInfo> info = Touch(*there, name);
      if (!absl::IsNotFound(info.status())) return info;
    }
  }
  const std::string path = absl::StrCat(Folder("temp"), "/", RandomId(20));
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(path, O_RDWR | O_CREAT | O_EXCL));
  const auto write = [&]() -> absl::StatusOr<BlobInfo> {
    RETURN_IF_ERROR(WriteAll(file, bytes, path));
    RETURN_IF_ERROR(SyncFile(file, path));
    return Adopt(file, path, name);
  };
  absl::StatusOr<BlobInfo> info = write();
  if (!info.ok()) ::unlink(path.c_str());
  return info;
}

absl::StatusOr<BlobInfo> FileBlobStore::Adopt(const FileDescriptor& file,
                                              const std::string& path,
                                              absl::string_view name) {
  const std::string folder = FolderOf(name);
  struct stat made;
  if (::stat(folder.c_str(), &made) != 0) {
    RETURN_IF_ERROR(MakeDirectories(folder));
    RETURN_IF_ERROR(SyncDirectory(options_.directory));
  }
  RETURN_IF_ERROR(SetTouchTime(file, options_.clock->Now(), path));
  const std::string target = PathOf(name);
  {
    MutexLock lock(&mu_);
    if (::rename(path.c_str(), target.c_str()) != 0) {
      return ErrnoStatus(errno, "rename to", target);
    }
  }
  RETURN_IF_ERROR(SyncDirectory(folder));
  ASSIGN_OR_RETURN(const struct stat found, StatFile(file, target));
  MutexLock lock(&mu_);
  Remember(name, SeenOf(found));
  return BlobInfo{std::string(name), found.st_size, TouchTime(found)};
}

absl::Status FileBlobStore::Verify(const FileDescriptor& file,
                                   const struct stat& found,
                                   absl::string_view name) {
  const Seen seen = SeenOf(found);
  {
    MutexLock lock(&mu_);
    const auto it = verified_.find(name);
    if (it != verified_.end() && it->second == seen) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(Sha256 hash, HashFile(file, found.st_size, PathOf(name)));
  if (hash.HexDigest() != name.substr(kShaStart)) {
    return absl::DataLossError(
        absl::StrCat("the stored bytes of ", name, " are damaged"));
  }
  MutexLock lock(&mu_);
  Remember(name, seen);
  return absl::OkStatus();
}

void FileBlobStore::Remember(absl::string_view name, const Seen& seen) {
  // A forgotten entry only costs a hash.
  constexpr size_t kMaxRemembered = 100'000;
  if (verified_.size() >= kMaxRemembered) verified_.clear();
  verified_[std::string(name)] = seen;
}

absl::StatusOr<std::string> FileBlobStore::Read(absl::string_view name,
                                                int64_t offset, int64_t limit) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  ASSIGN_OR_RETURN(const FileDescriptor file, OpenBlob(name));
  const std::string path = PathOf(name);
  ASSIGN_OR_RETURN(const struct stat found, StatFile(file, path));
  RETURN_IF_ERROR(Verify(file, found, name));
  ASSIGN_OR_RETURN(const int64_t count,
                   BytesInRange(name, offset, limit, found.st_size));
  ASSIGN_OR_RETURN(std::string bytes, ReadAt(file, offset, count, path));
  if (static_cast<int64_t>(bytes.size()) != count) {
    return absl::DataLossError(absl::StrCat(name, " shrank while it was read"));
  }
  return bytes;
}

absl::StatusOr<BlobInfo> FileBlobStore::Touch(const FileDescriptor& file,
                                              absl::string_view name) {
  const std::string path = PathOf(name);
  MutexLock lock(&mu_);
  struct stat before;
  // Deleted since it was opened?
  if (::stat(path.c_str(), &before) != 0) return MissingBlob(name);
  const auto it = verified_.find(name);
  const bool right = it != verified_.end() && it->second == SeenOf(before);
  // A store on a read-only disk can still be read.
  const absl::Status touched = SetTouchTime(file, options_.clock->Now(), path);
  if (!touched.ok() && !absl::IsUnavailable(touched)) return touched;
  ASSIGN_OR_RETURN(const struct stat found, StatFile(file, path));
  if (right) Remember(name, SeenOf(found));
  return BlobInfo{std::string(name), found.st_size, TouchTime(found)};
}

absl::StatusOr<BlobInfo> FileBlobStore::Stat(absl::string_view name) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  ASSIGN_OR_RETURN(const FileDescriptor file, OpenBlob(name));
  return Touch(file, name);
}

absl::StatusOr<std::vector<std::string>> FileBlobStore::List(
    absl::string_view after, int limit) {
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(const std::vector<std::string> folders,
                   ListDirectory(options_.directory));
  for (const std::string& folder : folders) {
    if (folder.size() != 2) continue;
    // No name in it is greater than `after`.
    if (absl::StrCat("blobs/", folder, "g") < after) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> files,
                     ListDirectory(Folder(folder)));
    for (const std::string& file : files) {
      const std::string name = absl::StrCat("blobs/", file);
      if (static_cast<int>(names.size()) >= limit) return names;
      if (IsBlobName(name) && name > after) names.push_back(name);
    }
  }
  return names;
}

absl::Status FileBlobStore::Delete(absl::string_view name,
                                   absl::Time untouched_since) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  const std::string path = PathOf(name);
  MutexLock lock(&mu_);
  struct stat found;
  if (::stat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? absl::OkStatus()
                           : ErrnoStatus(errno, "stat", path);
  }
  if (TouchTime(found) > untouched_since) return BlobTouched(name);
  if (const auto it = verified_.find(name); it != verified_.end()) {
    verified_.erase(it);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "delete", path);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FileBlobStore::LocalPath(absl::string_view name) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  RETURN_IF_ERROR(OpenBlob(name).status());
  return PathOf(name);
}

absl::StatusOr<UploadProgress> FileBlobStore::QueryUpload(
    absl::string_view name) {
  RETURN_IF_ERROR(CheckBlobName(name, "name"));
  struct stat found;
  if (::stat(PathOf(name).c_str(), &found) == 0) {
    return UploadProgress{found.st_size, true};
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
  DropOld(Folder("partial"));
  {
    MutexLock lock(&mu_);
    if (!uploading_.emplace(name).second) return UploadBusy(name);
  }
  auto upload =
      std::make_unique<FileUpload>(this, std::string(name), size_bytes);
  RETURN_IF_ERROR(upload->Open(offset));
  return upload;
}

void FileBlobStore::DropOld(const std::string& folder) {
  const absl::Time oldest = options_.clock->Now() - options_.keep_partial;
  const absl::StatusOr<std::vector<std::string>> files = ListDirectory(folder);
  if (!files.ok()) return;
  for (const std::string& file : *files) {
    const std::string path = absl::StrCat(folder, "/", file);
    MutexLock lock(&mu_);
    struct stat found;
    if (uploading_.count(absl::StrCat("blobs/", file)) == 0 &&
        ::stat(path.c_str(), &found) == 0 && TouchTime(found) < oldest) {
      ::unlink(path.c_str());
    }
  }
}

FileUpload::~FileUpload() {
  MutexLock lock(&store_->mu_);
  store_->uploading_.erase(name_);
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
  return SetTouchTime(file_, store_->options_.clock->Now(), path_);
}

absl::Status FileUpload::Append(absl::string_view bytes) {
  if (over_) return UploadOver(name_);
  if (whole_) return absl::OkStatus();
  const int64_t size = committed_ + bytes.size();
  if (size > size_bytes_) {
    return Fail(CheckUploadSize(name_, size_bytes_, size));
  }
  absl::Status status = WriteAll(file_, bytes, path_);
  if (status.ok()) {
    status = SetTouchTime(file_, store_->options_.clock->Now(), path_);
  }
  if (!status.ok()) return Fail(status);
  hash_.Update(bytes);
  committed_ = size;
  return absl::OkStatus();
}

absl::StatusOr<BlobInfo> FileUpload::Finish() {
  if (over_) return UploadOver(name_);
  if (whole_) {
    over_ = true;
    return store_->Stat(name_);
  }
  absl::Status status = CheckUploadSize(name_, size_bytes_, committed_);
  if (status.ok()) {
    status = CheckUploadName(name_, absl::StrCat("blobs/", hash_.HexDigest()));
  }
  if (status.ok()) status = SyncFile(file_, path_);
  if (!status.ok()) return Fail(status);
  absl::StatusOr<BlobInfo> info = store_->Adopt(file_, path_, name_);
  if (!info.ok()) return Fail(info.status());
  over_ = true;
  return info;
}

absl::Status FileUpload::Fail(absl::Status status) {
  over_ = true;
  committed_ = 0;
  ::unlink(path_.c_str());
  return status;
}

}  // namespace

const BlobStoreKind& FileBlobStoreKind() {
  static constexpr BlobStoreKind kKind = {
      "file",
      [](absl::string_view, const BlobStoreOptions& options)
          -> absl::StatusOr<std::unique_ptr<BlobStore>> {
        auto store = std::make_unique<FileBlobStore>(options);
        RETURN_IF_ERROR(store->Open());
        return store;
      }};
  return kKind;
}

}  // namespace phosphene
