// The store of blobs in a folder; file_upload.cc has its uploads.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "server/base/ids.h"
#include "server/base/status_macros.h"
#include "server/storage/checks.h"
#include "server/storage/file_store.h"
#include "server/storage/registry.h"

namespace phosphene {
namespace {

constexpr size_t kShaStart = 6;  // of "blobs/SHA"
constexpr int64_t kHashPiece = 1 << 20;

absl::StatusOr<struct stat> StatFile(const FileDescriptor& file,
                                     const std::string& path) {
  struct stat found;
  if (::fstat(file.get(), &found) != 0) return ErrnoStatus(errno, "stat", path);
  return found;
}

absl::Time TouchTime(const struct stat& found) {
  return absl::TimeFromTimespec(found.st_mtim);
}

}  // namespace

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

absl::Status SetTouchTime(const FileDescriptor& file, absl::Time time,
                          const std::string& path) {
  const timespec times[2] = {absl::ToTimespec(time), absl::ToTimespec(time)};
  if (::futimens(file.get(), times) != 0) {
    return ErrnoStatus(errno, "touch", path);
  }
  return absl::OkStatus();
}

FileBlobStore::Seen FileBlobStore::SeenOf(const struct stat& found) {
  return {found.st_size, TouchTime(found), found.st_ino};
}

std::string FileBlobStore::FolderOf(absl::string_view name) const {
  return Folder(name.substr(kShaStart, 2));
}

std::string FileBlobStore::PathOf(absl::string_view name) const {
  return absl::StrCat(FolderOf(name), "/", name.substr(kShaStart));
}

std::string FileBlobStore::PartialPathOf(absl::string_view name) const {
  return absl::StrCat(Folder("partial"), "/", name.substr(kShaStart));
}

absl::Status FileBlobStore::Open() {
  RETURN_IF_ERROR(MakeDirectories(Folder("partial")));
  RETURN_IF_ERROR(MakeDirectories(Folder("temp")));
  DropOld(Folder("temp"));
  ASSIGN_OR_RETURN(const std::vector<std::string> partials,
                   ListDirectory(Folder("partial")));
  MutexLock lock(&mu_);
  for (const std::string& sha : partials) {
    const std::string name = absl::StrCat("blobs/", sha);
    struct stat found;
    if (IsBlobName(name) && ::stat(PartialPathOf(name).c_str(), &found) == 0) {
      uploads_.Found(name, found.st_size, TouchTime(found));
    }
  }
  ExpireLocked();
  return absl::OkStatus();
}

absl::StatusOr<FileDescriptor> FileBlobStore::OpenBlob(
    absl::string_view name) const {
  absl::StatusOr<FileDescriptor> file = OpenFile(PathOf(name), O_RDONLY);
  if (absl::IsNotFound(file.status())) return MissingBlob(name);
  return file;
}

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
  Remember(name, {SeenOf(found), true});
  return BlobInfo{std::string(name), found.st_size, TouchTime(found)};
}

absl::Status FileBlobStore::Verify(const FileDescriptor& file,
                                   const struct stat& found,
                                   absl::string_view name) {
  const Seen seen = SeenOf(found);
  {
    MutexLock lock(&mu_);
    if (const Verdict* const known = FindVerdict(name, seen)) {
      return known->right ? absl::OkStatus() : DamagedBlob(name);
    }
  }
  ASSIGN_OR_RETURN(Sha256 hash, HashFile(file, found.st_size, PathOf(name)));
  const bool right = hash.HexDigest() == name.substr(kShaStart);
  MutexLock lock(&mu_);
  Remember(name, {seen, right});
  return right ? absl::OkStatus() : DamagedBlob(name);
}

const FileBlobStore::Verdict* FileBlobStore::FindVerdict(
    absl::string_view name, const Seen& seen) const {
  const auto it = verdicts_.find(name);
  return it != verdicts_.end() && it->second.seen == seen ? &it->second
                                                          : nullptr;
}

void FileBlobStore::Remember(absl::string_view name, const Verdict& verdict) {
  // A forgotten entry only costs a hash.
  constexpr size_t kMaxRemembered = 100'000;
  if (verdicts_.size() >= kMaxRemembered) verdicts_.clear();
  verdicts_[std::string(name)] = verdict;
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
  const Verdict* const known = FindVerdict(name, SeenOf(before));
  if (known != nullptr && !known->right) return DamagedBlob(name);
  // A store on a read-only disk can still be read.
  const absl::Status touched = SetTouchTime(file, options_.clock->Now(), path);
  if (!touched.ok() && !absl::IsUnavailable(touched)) return touched;
  ASSIGN_OR_RETURN(const struct stat found, StatFile(file, path));
  if (known != nullptr) Remember(name, {SeenOf(found), true});
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
  if (const auto it = verdicts_.find(name); it != verdicts_.end()) {
    verdicts_.erase(it);
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

void FileBlobStore::DropOld(const std::string& folder) {
  const absl::Time oldest = options_.clock->Now() - options_.keep_partial;
  const absl::StatusOr<std::vector<std::string>> files = ListDirectory(folder);
  if (!files.ok()) return;
  for (const std::string& file : *files) {
    const std::string path = absl::StrCat(folder, "/", file);
    struct stat found;
    if (::stat(path.c_str(), &found) == 0 && TouchTime(found) < oldest) {
      ::unlink(path.c_str());
    }
  }
}

int FileBlobStore::ExpireLocked() {
  const std::vector<std::string> expired = uploads_.TakeExpired();
  for (const std::string& name : expired) {
    ::unlink(PartialPathOf(name).c_str());
  }
  return static_cast<int>(expired.size());
}

absl::StatusOr<int> FileBlobStore::ExpireUploads() {
  DropOld(Folder("temp"));
  MutexLock lock(&mu_);
  return ExpireLocked();
}

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
